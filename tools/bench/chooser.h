/* SPDX-License-Identifier: BSD-2-Clause */
/* chooser.h: does a daemon that chooses do as well as one that was told the best engine? */
#ifndef TOOLS_BENCH_CHOOSER_H
#define TOOLS_BENCH_CHOOSER_H

#include "tools/bench/rig.h"

/*
 * At each function and size: which engine alone is the best is found first; then it and auto are
 * measured in turn.  BAR gets the worst ratio and where it was, or is skipped with the reason.
 */
void bench_chooser_run(struct bench_rig *rig, struct bench_bar *bar);

#endif /* TOOLS_BENCH_CHOOSER_H */
