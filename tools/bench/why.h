/* SPDX-License-Identifier: BSD-2-Clause */
/* why.h: a reason, for people, why something cannot be. */
#ifndef TOOLS_BENCH_WHY_H
#define TOOLS_BENCH_WHY_H

struct bench_why {
	char text[160];
};

#endif /* TOOLS_BENCH_WHY_H */
