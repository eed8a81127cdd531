/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h: runners, which take a posted request through its engines, one chunk at a time.
 *
 * A runner claims the next bytes of its request, takes an arena, gathers the inputs, hands them to
 * the engine, scatters the output, gives the arena back, and queues up again behind whoever waits.
 * An engine that moves bytes itself gets the vectors instead.  A runner is no thread: while an
 * engine has its chunk it waits nowhere, and a worker goes on with it when the chunk is back.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/stage.h"

/*
 * Starts N runners of the entry on its lane ent_lanes[WHICH], or fewer; returns how many.  The last
 * one of the entry that ends calls dmover_stage_entry_end().  ent_lock is not held; nothing of the
 * entry may be touched afterwards, unless the caller counts as a runner in ent_nruns.
 */
unsigned dmover_runs_start(
    struct dmover_stage *stage, struct dmover_entry *entry, unsigned which, unsigned n);

/* A runner less in ent_nruns. */
void dmover_run_leave(struct dmover_stage *stage, struct dmover_entry *entry);

/* All of the entry in the calling thread, on ent_lanes[0], in ARENA.  -ENOMEM. */
int dmover_run_here(
    struct dmover_stage *stage, struct stage_arena *arena, struct dmover_entry *entry);

#endif /* CORE_RUN_H */
