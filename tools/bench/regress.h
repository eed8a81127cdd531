/* SPDX-License-Identifier: BSD-2-Clause */
/* regress.h: has anything become slower since an older result? */
#ifndef TOOLS_BENCH_REGRESS_H
#define TOOLS_BENCH_REGRESS_H

#include "tools/bench/plan.h"
#include "tools/bench/rig.h"

/*
 * The text of --compare's result, to be freed; NULL without that option.  Ends the program with a
 * message when it cannot be read, is none, or has nothing that could be compared.
 */
char *bench_regress_old(const struct bench_options *options);

/*
 * Measures the points again, and longer, at which a ratio fell since the result OLD: in many rows
 * some fall by chance.  What is measured now takes the place of what was.
 */
void bench_regress_again(struct bench_rig *rig, const struct bench_plan *plan, const char *old);

/*
 * Compares the result OLD with RESULT, and prints how.  1 when a ratio fell, or there is nothing to
 * compare; else 0.
 */
int bench_regress_judge(
    const struct bench_options *options, const char *old, const struct bench_result *result);

/* The same with the result of --compare and that of its operand. */
int bench_regress_files(const struct bench_options *options);

#endif /* TOOLS_BENCH_REGRESS_H */
