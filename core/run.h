/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h: runners, which take a posted request through its engines, one chunk at a time.
 *
 * A runner claims the next bytes of its request, takes an arena, gathers the inputs, hands them to
 * the engine, scatters the output, gives the arena back, and queues up again behind whoever waits.
 * An engine that moves bytes itself gets the vectors instead, and no arena.  A runner is no thread: while an
 * engine has its chunk it waits nowhere, and a worker goes on with it when the chunk is back.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/stage.h"

/*
 * Starts the first runner of the entry on its lane ent_lanes[WHICH]; while there are bytes left it
 * starts the others, up to ent_nwant[WHICH].  The last one of the entry that ends calls
 * dmover_stage_entry_end().  ent_lock is not held; nothing of the entry may be touched afterwards,
 * unless the caller counts as a runner in ent_nruns.
 */
void dmover_run_first(struct dmover_stage *stage, struct dmover_entry *entry, unsigned which);

/* A runner less in ent_nruns. */
void dmover_run_leave(struct dmover_stage *stage, struct dmover_entry *entry);

/* All of the entry in the calling thread, on ent_lanes[0], in ARENA.  -ENOMEM. */
int dmover_run_here(
    struct dmover_stage *stage, struct stage_arena *arena, struct dmover_entry *entry);

#endif /* CORE_RUN_H */
