/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group.h: small posted requests that lie side by side in a batch, executed together on a worker.
 *
 * A request of a few KiB costs more to reach than to move.  So they are gathered by one vectored
 * access and scattered by another, as in a held batch; a group is small enough to be one turn.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "core/stage.h"

/*
 * Takes as many of the batch's entries from FROM on as make a group, and submits it.  Returns where
 * it stopped: FROM when the entry there is none for a group, or there is no memory.
 */
unsigned dmover_group_post(struct dmover_stage *stage, struct dmover_batch *batch, unsigned from);

#endif /* CORE_GROUP_H */
