/* SPDX-License-Identifier: BSD-2-Clause */
/* calibrate.h: measures what engines and accesses cost, before the first request. */
#ifndef CORE_CALIBRATE_H
#define CORE_CALIBRATE_H

#include "core/dispatch.h"

/*
 * Measures every kind that the lane's engine can do at one length of every size class, and sets
 * lane_cost: on daemon memory as the stage will ask for it; an engine with FILE on OWN, the daemon's
 * own address space, with several requests inside.  Start-up thread; a few milliseconds.  -ENOMEM;
 * -EIO when the engine fails a request, -EAGAIN when it takes none for a second; -ETIMEDOUT when it does
 * not finish: it must not be used then, nor closed.
 */
int dmover_calibrate(struct dmover_lane *lane, struct dmover_space *own);

/* Measures gather and scatter of OWN (NULL: plain copies), for every kind.  -ENOMEM, -EFAULT. */
int dmover_calibrate_access(struct dmover_cost *access, struct dmover_space *own);

#endif /* CORE_CALIBRATE_H */
