/* SPDX-License-Identifier: BSD-2-Clause */
/* regress.h: has anything become slower since an older result? */
#ifndef TOOLS_BENCH_REGRESS_H
#define TOOLS_BENCH_REGRESS_H

#include "tools/bench/plan.h"
#include "tools/bench/rig.h"

/*
 * Measures the points again, and longer, at which a ratio fell since the result of --compare: in
 * many rows some fall by chance.  What is measured now takes the place of what was.
 */
void bench_regress_again(struct bench_rig *rig, const struct bench_plan *plan);

/*
 * Compares the result of --compare with RESULT or, when it is NULL, with that of the operand, and
 * prints how.  1 when a ratio fell, or there is nothing to compare; else 0.
 */
int bench_regress_judge(const struct bench_options *options, const struct bench_result *result);

#endif /* TOOLS_BENCH_REGRESS_H */
