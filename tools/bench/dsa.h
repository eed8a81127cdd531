/* SPDX-License-Identifier: BSD-2-Clause */
/* dsa.h: whether the work queues behind an engine are those of hardware. */
#ifndef TOOLS_BENCH_DSA_H
#define TOOLS_BENCH_DSA_H

#include "tools/bench/plan.h"

/*
 * What is to be said about the DSA devices that the plan's engines use, or NULL: none of them uses
 * one, or all of them are hardware.
 */
const char *bench_dsa_warning(const struct bench_plan *plan);

#endif /* TOOLS_BENCH_DSA_H */
