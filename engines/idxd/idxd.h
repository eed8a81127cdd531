/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd.h: the engine for work queues of Intel DSA devices, and what its tests look at. */
#ifndef ENGINES_IDXD_IDXD_H
#define ENGINES_IDXD_IDXD_H

#include <dev/dmover/engine.h>

#include "door.h"
#include "stats.h"

/* eng_open through another door than the kernel's. */
int idxd_open_by(
    const struct idxd_door *door, const char *args, void **ret_state, char *why, size_t len);

/* Of an open engine; any thread. */
const struct idxd_stats *idxd_stats(const void *state);

/* DMOVER_F() of what live queues can do at this moment; the CPU does what none ever could. */
uint32_t idxd_live_kinds(const void *state);

/*
 * Queue I of those in use, from 0: "wq0.1 portal", or "wq0.1 write", the road that it had when it was
 * last live; false: there are no more.  Any thread.
 */
bool idxd_describe(const void *state, unsigned i, char *text, size_t len);

#endif /* ENGINES_IDXD_IDXD_H */
