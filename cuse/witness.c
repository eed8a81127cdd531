/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness.c: that a thread has run no exec, known afterwards.
 *
 * A thread that is not the first of its process loses its number by an exec, whoever of the
 * process runs it: that its file in /proc still answers is enough.
 *
 * A first thread keeps the number.  But an exec copies its arguments into the new stack, whose
 * pages are not there yet, and each fault counts for the process before the new address space is
 * made its own; the count is never reset, by an exec as little as by the end of a thread.  So
 * an exec makes it larger before a byte of the new image can be read through the number.
 */
#include "cuse/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse/proc.h"

/*
 * tgkill(2) with signal 0 sends nothing: it looks for a thread of this number in a process of this
 * number.  Only a clear no is one; a thread that has ended meanwhile has no mark in any case.
 */
static bool
is_leader(pid_t tid)
{
	return syscall(SYS_tgkill, tid, tid, 0) == 0 || errno != ESRCH;
}

int
dmio_witness_open(pid_t tid, struct dmio_witness *ret_witness)
{
	int fd = dmio_proc_open(tid, "stat", O_RDONLY);

	*ret_witness = (struct dmio_witness){ .stat_fd = -1 };
	if (fd < 0)
		return fd;
	*ret_witness = (struct dmio_witness){ .stat_fd = fd, .is_leader = is_leader(tid) };
	return 0;
}

void
dmio_witness_close(const struct dmio_witness *witness)
{
	if (witness->stat_fd >= 0)
		close(witness->stat_fd);
}

int64_t
dmio_witness_mark(const struct dmio_witness *witness)
{
	struct dmio_proc_stat stat;

	if (witness->stat_fd < 0 || !dmio_proc_stat(witness->stat_fd, &stat))
		return -1;
	return witness->is_leader ? (int64_t)(stat.faults & INT64_MAX) : 0;
}
