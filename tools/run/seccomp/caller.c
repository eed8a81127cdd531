/* SPDX-License-Identifier: BSD-2-Clause */
/* caller.c: looks at the thread that waits. */
#include "tools/run/seccomp/caller.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* Paths are short: a first look at as much saves a copy of the rest of the page. */
#define FIRST_LOOK 256
/* No page is smaller. */
#define PAGE 4096

/* Whether what was found belongs to the thread that asked. */
static int
confirm(const struct run_caller *caller)
{
	return ioctl(caller->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &caller->id) == 0 ? 0 : -ESRCH;
}

static int
look(const struct run_caller *caller, uint64_t addr, void *buf, size_t len)
{
	struct iovec to = { buf, len }, from = { (void *)(uintptr_t)addr, len };
	ssize_t n = process_vm_readv(caller->tid, &to, 1, &from, 1, 0);
	int err = 0;

	if (n < 0)
		err = -errno;
	else if ((size_t)n < len)
		err = -EFAULT;
	return confirm(caller) < 0 ? -ESRCH : err;
}

int
run_caller_read(const struct run_caller *caller, uint64_t addr, void *buf, size_t len)
{
	return look(caller, addr, buf, len);
}

int
run_caller_string(const struct run_caller *caller, uint64_t addr, char *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t n = PAGE - (addr + done) % PAGE;
		int err;

		if (n > FIRST_LOOK && done == 0)
			n = FIRST_LOOK;
		n = n < size - done ? n : size - done;
		err = look(caller, addr + done, buf + done, n);
		if (err < 0)
			return err;
		if (memchr(buf + done, '\0', n) != NULL)
			return 0;
		done += n;
	}
	return -ENAMETOOLONG;
}

/*
 * The link in /proc names the inode, in the thread's own table of descriptors, and takes no
 * descriptor over; pidfd_getfd(2) would, and containers forbid that more often.
 */
int
run_caller_socket(const struct run_caller *caller, int fd, ino_t *ret_ino)
{
	static const char prefix[] = "socket:[";
	char path[64], link[64];
	ssize_t n;

	*ret_ino = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)caller->tid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = '\0';
		if (strncmp(link, prefix, sizeof(prefix) - 1) == 0)
			*ret_ino = strtoul(link + sizeof(prefix) - 1, NULL, 10);
	}
	return confirm(caller);
}
