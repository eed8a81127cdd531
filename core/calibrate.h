/* SPDX-License-Identifier: BSD-2-Clause */
/* calibrate.h: how fast an engine is, measured at start. */
#ifndef CORE_CALIBRATE_H
#define CORE_CALIBRATE_H

#include "core/dispatch.h"

/*
 * Measures every kind that the lane's engine can do at one length of every size class, on daemon
 * memory, and sets lane_costs.  Start-up thread; a few milliseconds.  -ENOMEM; -EIO when the
 * engine does not finish: it must not be used then.
 */
int dmover_calibrate(struct dmover_lane *lane);

#endif /* CORE_CALIBRATE_H */
