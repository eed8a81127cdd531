/* SPDX-License-Identifier: BSD-2-Clause */
/* bars.h: what the project promises, measured: each row has a bar that it must reach. */
#ifndef TOOLS_BENCH_BARS_H
#define TOOLS_BENCH_BARS_H

#include "tools/bench/rig.h"

/*
 * Measures all rows, or with --direct those of engines alone, and adds them to the rig's result.  A
 * row that cannot be measured here is added as skipped, with the reason.
 */
void bench_bars_run(struct bench_rig *rig);

#endif /* TOOLS_BENCH_BARS_H */
