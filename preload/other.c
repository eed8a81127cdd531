/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * other.c: the memory of another process that has written to one of our sessions.
 *
 * Nothing holds the process while we work for it: its write(2) was over before we heard of it.  A
 * process id says nothing then, and process_vm_writev(2) takes nothing else.  So:
 *
 * 1. a pidfd comes with the message where the kernel has SCM_PIDFD, and so is of the very process
 * that wrote; elsewhere it is opened as soon as the message is there.
 * 2. "mem" of proc(5) is opened, and then the pidfd says that the process has not ended: so
 * the number was its own all the time, and the file is of its address space.
 * 3. everything goes through that file.  It stays with the address space: after an exec or an exit
 * it moves nothing, whoever has the number then.
 *
 * Between the write and 2. the process might execute another program.  A launcher that is asked
 * before each exec (tools/run/seccomp) lets 1. and 2. be done for all that was written before
 * (preload_service_settle()).
 */
#include "preload/other.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse/handle.h"
#include "cuse/proc.h"
#include "preload/settings.h"

struct other {
	struct dmover_space space; /* first */
	pid_t pid;
	int pidfd;
	struct dmio_handle handle; /* where error is 0 */
	int error;                 /* why nothing is moved at all: -errno, or 0 */
};

/* The process has not ended: nobody else has its number. */
static bool
is_running(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 && poll(&pfd, 1, 0) == 0;
}

/* The process runs, and its memory is there. */
static bool
is_there(const struct other *other)
{
	char byte;

	/* Nothing is mapped at address 0: an error there, but no bytes at all where the memory is gone. */
	return other->error == 0 && is_running(other->pidfd) &&
	       pread(other->handle.mem_fd, &byte, 1, 0) != 0;
}

static ssize_t
move(const struct dmover_space *space, const struct dmio_access *access)
{
	const struct other *other = (const struct other *)space;

	/* What may not be touched is a bad address to the program. */
	if (other->error < 0)
		return other->error == -ESRCH ? -ESRCH : -EFAULT;
	return dmio_handle_access(&other->handle, access);
}

static ssize_t
other_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	const struct dmio_access access = { false, local, nlocal, remote, nremote };

	return move(space, &access);
}

static ssize_t
other_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	const struct dmio_access access = { true, local, nlocal, remote, nremote };

	return move(space, &access);
}

static bool
other_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space, (void)addr, (void)len;
	return false;
}

static void
other_destroy(struct dmover_space *space)
{
	struct other *other = (struct other *)space;

	if (other->error == 0)
		dmio_handle_close(&other->handle);
	if (other->pidfd >= 0)
		close(other->pidfd);
	free(other);
}

static const struct dmover_space_ops other_ops = {
	.spo_readv = other_readv,
	.spo_writev = other_writev,
	.spo_is_resident = other_is_resident,
	.spo_destroy = other_destroy,
};

/* By a thread that runs, where the first one has ended. */
static int
open_by_thread(pid_t pid, struct dmio_handle *ret_handle)
{
	char path[32];
	struct dirent *entry;
	DIR *dir;
	int err = -ESRCH;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir != NULL && err < 0 && (entry = readdir(dir)) != NULL) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 || tid == pid || dmio_handle_open(tid, ret_handle) < 0)
			continue;
		err = dmio_proc_process(tid) == pid ? 0 : -ESRCH;
		if (err < 0)
			dmio_handle_close(ret_handle);
	}
	if (dir != NULL)
		closedir(dir);
	return err;
}

/* Both handles; -ESRCH: the process has ended. */
static int
open_handles(struct other *other)
{
	char byte;
	int err;

	if (other->pid <= 0) /* of a pid namespace that ours does not see */
		return -EPERM;
	if (other->pidfd < 0)
		other->pidfd = (int)syscall(SYS_pidfd_open, other->pid, 0);
	if (other->pidfd < 0)
		return -errno;
	err = dmio_handle_open(other->pid, &other->handle);
	if (err == 0 && pread(other->handle.mem_fd, &byte, 1, 0) == 0) {
		dmio_handle_close(&other->handle);
		err = -ESRCH;
	}
	if (err == -ESRCH && is_running(other->pidfd))
		err = open_by_thread(other->pid, &other->handle);
	if (err == 0 && !is_running(other->pidfd)) {
		dmio_handle_close(&other->handle);
		err = -ESRCH;
	}
	return err;
}

static void
tell(const struct other *other)
{
	if (other->error == 0 || other->error == -ESRCH || !preload_settings()->is_verbose)
		return;
	dprintf(STDERR_FILENO,
	    "dmover-run: process %d: its memory may not be accessed: its requests fail with EFAULT "
	    "(%s)\n",
	    (int)other->pid,
	    other->pid <= 0 ? "it is in another pid namespace"
			    : "PR_SET_DUMPABLE, other credentials, or /proc is not mounted");
}

static struct dmover_space *
create(pid_t pid, int pidfd)
{
	struct other *other = calloc(1, sizeof(*other));

	if (other == NULL) {
		if (pidfd >= 0)
			close(pidfd);
		return NULL;
	}
	other->space = (struct dmover_space){ .spc_ops = &other_ops, .spc_refs = 1 };
	other->pid = pid;
	other->pidfd = pidfd;
	other->error = pidfd == PRELOAD_OTHER_GONE ? -ESRCH : open_handles(other);
	tell(other);
	return &other->space;
}

/* One that is at hand, and still what it was; else its place is free afterwards. */
static struct dmover_space *
find(struct preload_others *others, pid_t pid, unsigned *ret_place)
{
	for (unsigned i = 0; i < PRELOAD_OTHERS; i++) {
		struct dmover_space *space = others->spaces[i];
		const struct other *other = (const struct other *)space;

		if (space == NULL || other->pid != pid)
			continue;
		if (is_there(other))
			return dmover_space_ref(space);
		others->spaces[i] = NULL;
		dmover_space_unref(space);
		*ret_place = i;
		return NULL;
	}
	*ret_place = others->next++ % PRELOAD_OTHERS;
	return NULL;
}

struct dmover_space *
preload_other_get(struct preload_others *others, pid_t pid, int pidfd)
{
	struct dmover_space *space;
	unsigned place = 0;

	/* Whoever has the number of a process that has ended was never asked for. */
	if (pidfd == PRELOAD_OTHER_GONE || (pidfd >= 0 && !is_running(pidfd)))
		return create(pid, pidfd);
	space = find(others, pid, &place);
	if (space != NULL) {
		if (pidfd >= 0)
			close(pidfd);
		return space;
	}
	space = create(pid, pidfd);
	if (space != NULL) {
		dmover_space_unref(others->spaces[place]);
		others->spaces[place] = dmover_space_ref(space);
	}
	return space;
}

void
preload_others_forget(struct preload_others *others)
{
	for (unsigned i = 0; i < PRELOAD_OTHERS; i++) {
		dmover_space_unref(others->spaces[i]);
		others->spaces[i] = NULL;
	}
}
