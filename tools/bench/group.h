/* SPDX-License-Identifier: BSD-2-Clause */
/* group.h: one point: all engines, and all that they are compared with, in turn. */
#ifndef TOOLS_BENCH_GROUP_H
#define TOOLS_BENCH_GROUP_H

#include "tools/bench/plan.h"
#include "tools/bench/rig.h"

/* Measures a point and adds its rows, and what was left out, to the rig's result. */
void bench_group_run(
    struct bench_rig *rig, const struct bench_plan *plan, const struct bench_point *point);

#endif /* TOOLS_BENCH_GROUP_H */
