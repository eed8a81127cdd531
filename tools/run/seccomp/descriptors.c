/* SPDX-License-Identifier: BSD-2-Clause */
/* descriptors.c: lets go of what a process has inherited. */
#include "tools/run/seccomp/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int
run_descriptors_raise(int fd)
{
	int high;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

/* Anything that nobody reads or writes, if there is no such node. */
static void
replace(int fd)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nothing < 0)
		nothing = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (nothing == fd || nothing < 0)
		return;
	dup2(nothing, fd);
	close(nothing);
}

/* The lowest of those to be kept that is not below FROM; UINT_MAX: none. */
static unsigned
next_kept(const int *kept, unsigned n, unsigned from)
{
	unsigned lowest = UINT_MAX;

	for (unsigned i = 0; i < n; i++)
		if (kept[i] >= 0 && (unsigned)kept[i] >= from && (unsigned)kept[i] < lowest)
			lowest = (unsigned)kept[i];
	return lowest;
}

void
run_descriptors_drop(const int *kept, unsigned n, bool keeps_stderr)
{
	unsigned from = STDERR_FILENO + 1, to;

	do {
		to = next_kept(kept, n, from);
		if (to > from)
			syscall(SYS_close_range, from, to == UINT_MAX ? UINT_MAX : to - 1, 0);
		from = to + 1;
	} while (to != UINT_MAX);
	replace(STDIN_FILENO);
	replace(STDOUT_FILENO);
	if (!keeps_stderr)
		replace(STDERR_FILENO);
}

void
run_descriptors_drop_stderr(void)
{
	replace(STDERR_FILENO);
}
