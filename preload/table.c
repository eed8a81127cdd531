/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c: leaves the program's table of descriptors. */
#include "preload/table.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1u << 1)
#endif

static bool
close_from(unsigned first, unsigned last, unsigned flags)
{
	return syscall(SYS_close_range, first, last, flags) == 0;
}

/* An older way, in two steps; what the table held is closed one by one. */
static bool
unshare_and_close(unsigned first)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	if (unshare(CLONE_FILES) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/fd", (int)gettid());
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && fd >= (long)first && fd != dirfd(dir))
			close((int)fd);
	}
	if (dir != NULL)
		closedir(dir);
	return true;
}

/* So that no descriptor of ours gets the number of the standard streams, which libraries write to. */
static void
reserve_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	} while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

bool
preload_table_leave(bool keeps_stderr)
{
	unsigned first = keeps_stderr ? STDERR_FILENO + 1 : 0;

	if (!close_from(first, UINT_MAX, CLOSE_RANGE_UNSHARE) && !unshare_and_close(first))
		return false;
	if (keeps_stderr)
		close_from(0, STDERR_FILENO - 1, 0);
	reserve_streams();
	return true;
}
