/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calibration.h: measured costs in a file, so that a daemon need not measure at every start.
 *
 * The file is text: a line that names the format, one that names the machine, then lines of
 * "LANE KIND NS NS NS NS", nanoseconds for the lengths of dmover_cost_lengths; the lane "access" is
 * the way to callers' memory.  A file of another machine, kernel or version is as good as none.
 */
#ifndef CORE_CALIBRATION_H
#define CORE_CALIBRATION_H

#include "core/dispatch.h"

#define CALIBRATION_LINES (DMOVER_NKINDS * (STATS_ENGINES_MAX + 1))

struct dmover_calibration_line {
	char lane[32];
	enum dmover_kind kind;
	double ns[COST_SIZES];
};

struct dmover_calibration {
	unsigned nlines;
	struct dmover_calibration_line lines[CALIBRATION_LINES];
};

/*
 * True when PATH was read and is of this machine.  Else *CALIBRATION is empty; so it is for a NULL
 * path.
 */
bool dmover_calibration_read(struct dmover_calibration *calibration, const char *path);

/* Sets the lane's cost, when there is a line for every kind of its engine. */
void dmover_calibration_get(const struct dmover_calibration *calibration, struct dmover_lane *lane);
/* The same for the access; true when it was there. */
bool dmover_calibration_get_access(
    const struct dmover_calibration *calibration, struct dmover_cost *access);

/* Writes what was measured.  -EEXIST: something else is there; -errno. */
int dmover_calibration_write(const struct dmover_dispatch *dispatch, const char *path);

#endif /* CORE_CALIBRATION_H */
