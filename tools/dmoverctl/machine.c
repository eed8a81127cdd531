/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c: limits, processors, vectors and huge pages. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/dmoverctl/examine.h"

/* Each posted write keeps up to three files open; fewer than this many of them are few. */
#define POSTED_FEW    1024
#define FILES_OF_POST 3
#define FILES_OTHER   64
#define LOCKED_FEW    (8UL << 20)

static void
look_at_files(struct ctl_check *check)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max == RLIM_INFINITY) {
		ctl_check_found(check, "unlimited");
		return;
	}
	ctl_check_found(check, "%llu", (unsigned long long)limit.rlim_max);
	if (limit.rlim_max < POSTED_FEW * FILES_OF_POST + FILES_OTHER)
		ctl_check_blame(check, CTL_NOTE,
		    "each large write that waits keeps three files open: the others are executed "
		    "before they are answered",
		    "raise RLIMIT_NOFILE (LimitNOFILE= in a unit, ulimit -Hn)");
}

static void
look_at_locking(struct ctl_check *check)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY) {
		ctl_check_found(check, "unlimited");
		return;
	}
	ctl_check_found(check, "%llu KiB", (unsigned long long)limit.rlim_cur >> 10);
	if (limit.rlim_cur < LOCKED_FEW)
		ctl_check_blame(check, CTL_NOTE,
		    "kernels before 5.12 count the memory of an io_uring here",
		    "raise RLIMIT_MEMLOCK (LimitMEMLOCK= in a unit, ulimit -l)");
}

static void
look_at_processors(struct ctl_check *check)
{
	cpu_set_t mine;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	int usable = sched_getaffinity(0, sizeof(mine), &mine) == 0 ? CPU_COUNT(&mine) : 0;

	if (usable > 0 && usable < online)
		ctl_check_found(check, "%d of %ld are for this process", usable, online);
	else
		ctl_check_found(check, "%ld", online);
}

/* The flags' line of /proc/cpuinfo, with a blank behind the last; false: there is none. */
static bool
read_flags(const struct ctl_host *host, char *flags, size_t size)
{
	char text[8192], *line;

	flags[0] = '\0';
	if (ctl_host_read(host, "/proc/cpuinfo", text, sizeof(text)) <= 0)
		return false;
	line = strstr(text, "\nflags");
	if (line == NULL)
		line = strstr(text, "\nFeatures");
	line = line != NULL ? strchr(line, ':') : NULL;
	if (line == NULL)
		return false;
	snprintf(flags, size, "%.*s ", (int)strcspn(line + 1, "\n"), line + 1);
	return true;
}

static bool
has_flag(const char *flags, const char *name)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(flags, word) != NULL;
}

static bool
has_flags(const char *flags, const char *const *names)
{
	for (; *names != NULL; names++)
		if (!has_flag(flags, *names))
			return false;
	return true;
}

/* The same conditions as the engines of these names have. */
static void
look_at_vectors(const char *flags, struct ctl_check *check)
{
	static const struct {
		const char *engine, *flags[8];
	} levels[] = {
		{ "cpu-avx512", { "avx512f", "avx512bw", "avx512vl", "vpclmulqdq", "avx2", "sse4_2",
				    "pclmulqdq" } },
		{ "cpu-avx2", { "avx2", "sse4_2", "pclmulqdq" } },
		{ "cpu-sse4", { "sse4_2", "pclmulqdq" } },
		{ "cpu-neon", { "asimd", "crc32", "pmull" } },
	};
	char names[96] = "";
	int len = 0;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (has_flags(flags, levels[i].flags))
			len += snprintf(names + len, sizeof(names) - (size_t)len, "%s%s",
			    len > 0 ? ", " : "", levels[i].engine);
	ctl_check_found(check, "%s", names[0] != '\0' ? names : "none");
	if (names[0] == '\0')
		ctl_check_blame(check, CTL_NOTE, "only cpu-scalar works here, which is slow", "");
}

static void
look_at_huge_pages(const struct ctl_host *host, struct ctl_check *check)
{
	char text[64], *mode;

	ctl_host_read(host, "/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text));
	mode = strchr(text, '[');
	if (mode != NULL)
		mode[strcspn(mode, "]")] = '\0';
	ctl_check_found(check, "%s", mode != NULL ? mode + 1 : "not in this kernel");
	if (mode == NULL || strcmp(mode + 1, "never") == 0)
		ctl_check_blame(check, CTL_NOTE, "large copies through daemon memory are slower",
		    mode != NULL ? "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled"
				 : "");
}

void
ctl_examine_machine(const struct ctl_host *host, struct ctl_checks *checks)
{
	char flags[4096];

	look_at_files(ctl_checks_add(checks, CTL_MACHINE, "limit.files", "files open at once"));
	look_at_locking(
	    ctl_checks_add(checks, CTL_MACHINE, "limit.locked", "memory that may be locked"));
	look_at_processors(ctl_checks_add(checks, CTL_MACHINE, "machine.processors", "processors"));
	if (read_flags(host, flags, sizeof(flags)))
		look_at_vectors(
		    flags, ctl_checks_add(checks, CTL_MACHINE, "machine.vectors", "CPU engines"));
	look_at_huge_pages(
	    host, ctl_checks_add(checks, CTL_MACHINE, "machine.huge", "transparent huge pages"));
}
