/* SPDX-License-Identifier: BSD-2-Clause */
/* wait.c: time, and ways to wait for a record that cost less than looking at it all the time. */
#include "wait.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

#define NS_PER_S UINT64_C(1000000000)
/* Looks at a record before the thread sleeps, and the sleeps between the next ones. */
#define LOOKS          2000u
#define SLEEP_FIRST_NS UINT64_C(20000)
#define SLEEP_LAST_NS  UINT64_C(1000000)
/* Ticks of the processor's clock for one wait: ten microseconds, more or less. */
#define MONITOR_TICKS UINT64_C(20000)

uint64_t
idxd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

struct timespec
idxd_at(uint64_t ns)
{
	return (
	    struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
}

#ifdef __x86_64__

bool
idxd_can_monitor(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ecx >> 5 & 1) != 0;
}

/* By their bytes: no compiler's flag is needed, and no other code can be made with them. */
void
idxd_monitor(const struct idxd_record *record)
{
	const uint64_t until = __builtin_ia32_rdtsc() + MONITOR_TICKS;

	/* umonitor %rax */
	__asm__ volatile(".byte 0xf3, 0x0f, 0xae, 0xf0" : : "a"(record) : "memory");
	/* What came before the line was watched would wake nobody. */
	if (idxd_record_is_there(record))
		return;
	/* umwait %ecx; 1: the light sleep, out of which it takes half as long */
	__asm__ volatile(".byte 0xf2, 0x0f, 0xae, 0xf1"
			 :
			 : "c"(1), "a"((uint32_t)until), "d"((uint32_t)(until >> 32))
			 : "memory", "cc");
}

#else

bool
idxd_can_monitor(void)
{
	return false;
}

void
idxd_monitor(const struct idxd_record *record)
{
	(void)record;
	idxd_relax();
}

#endif

bool
idxd_wait_record(const struct idxd_record *record, uint64_t ns)
{
	const uint64_t until = idxd_now() + ns;
	uint64_t pause = SLEEP_FIRST_NS;

	for (unsigned i = 0; i < LOOKS; i++) {
		if (idxd_record_is_there(record))
			return true;
		idxd_relax();
	}
	while (!idxd_record_is_there(record)) {
		struct timespec ts = idxd_at(pause);

		if (idxd_now() >= until)
			return idxd_record_is_there(record);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		if (pause < SLEEP_LAST_NS)
			pause *= 2;
	}
	return true;
}
