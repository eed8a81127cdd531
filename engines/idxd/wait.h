/* SPDX-License-Identifier: BSD-2-Clause */
/* wait.h: time, and ways to wait for a record that cost less than looking at it all the time. */
#ifndef ENGINES_IDXD_WAIT_H
#define ENGINES_IDXD_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "desc.h"

#define IDXD_NS_PER_MS UINT64_C(1000000)

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t idxd_now(void);

/* NS as a point of CLOCK_MONOTONIC. */
struct timespec idxd_at(uint64_t ns);

/* A moment for the other thread of the core. */
static inline void
idxd_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* True when this processor can wait for a line of memory (WAITPKG). */
bool idxd_can_monitor(void);

/*
 * Only where idxd_can_monitor(): returns once the record is there, or something else woke the
 * processor, or some ten microseconds have passed.
 */
void idxd_monitor(const struct idxd_record *record);

/* Until the record is there, at most NS; true when it is. */
bool idxd_wait_record(const struct idxd_record *record, uint64_t ns);

#endif /* ENGINES_IDXD_WAIT_H */
