/* SPDX-License-Identifier: BSD-2-Clause */
/* other.h: another process with memory like ours, for those that must reach into one. */
#ifndef TOOLS_BENCH_OTHER_H
#define TOOLS_BENCH_OTHER_H

#include "tools/bench/memory.h"

struct bench_other {
	pid_t pid;
	int kept;      /* number of cleanup.h */
	uint8_t *base; /* in its address space */
};

/* A process with an area of LEN bytes.  -errno. */
int bench_other_init(struct bench_other *other, size_t len, enum bench_pages pages);
/* Zeroed ones are allowed. */
void bench_other_fini(struct bench_other *other);

#endif /* TOOLS_BENCH_OTHER_H */
