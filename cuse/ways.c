/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ways.c: the ways to callers' memory that work on this machine.
 *
 * 1. /proc is about the processes that this one sees, 2. process_vm_readv(2) is there at all, and
 * the faults of a process are counted, 3. a stranger is reached: a process of the same user that
 * is no descendant, because kernel.yama.ptrace_scope=1 makes a difference.
 */
#include "cuse/ways.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuse/handle.h"
#include "cuse/maps.h"
#include "cuse/proc.h"
#include "cuse/witness.h"

/* What the stranger has in its memory, at the same address as here. */
static uint32_t token = 0x6d6f7665;

/* It lives until the pipe is closed. */
struct stranger {
	pid_t pid;
	int life;
};

/* Moves the token between *VALUE and the process, by its number or, if there is one, the handle. */
static int
move_token(pid_t pid, const struct dmio_handle *handle, bool is_write, uint32_t *value)
{
	struct iovec local = { value, sizeof(token) }, remote = { &token, sizeof(token) };
	struct dmio_access access = { is_write, &local, 1, &remote, 1 };
	ssize_t n;

	if (handle != NULL)
		n = dmio_handle_access(handle, &access);
	else if (is_write)
		n = process_vm_writev(pid, &local, 1, &remote, 1, 0);
	else
		n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	if (n == (ssize_t)sizeof(token))
		return 0;
	if (n >= 0)
		return -EIO;
	return handle != NULL ? (int)n : -errno;
}

/* The mount of another process namespace tells of other processes than the kernel means. */
static int
check_proc(char *why, size_t len)
{
	char text[32] = "";
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);

	if (n > 0 && strtol(text, NULL, 10) == (long)getpid())
		return 0;
	snprintf(why, len, "/proc %s (mount -t proc proc /proc)",
	    n > 0 ? "is that of another process namespace" : "is not mounted");
	return -ENOENT;
}

/* This process itself, which every policy allows: only filters and the kernel can refuse. */
static int
check_calls(char *why, size_t len)
{
	uint32_t copy = 0;
	int err = move_token(getpid(), NULL, false, &copy);

	if (err == 0)
		err = move_token(getpid(), NULL, true, &copy);
	if (err < 0)
		snprintf(why, len,
		    "process_vm_readv(2) or its twin: %s: the kernel was built "
		    "without them, or a seccomp filter forbids them (let it allow both)",
		    strerror(-err));
	return err;
}

/* A system that does not count faults has no witnesses. */
static bool
counts_faults(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *fresh =
	    mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct dmio_witness witness;
	int64_t before, after;

	if (fresh == MAP_FAILED)
		return false;
	if (dmio_witness_open(getpid(), &witness) < 0) {
		munmap((void *)(uintptr_t)fresh, page);
		return false;
	}
	before = dmio_witness_mark(&witness);
	fresh[0] = 1;
	after = dmio_witness_mark(&witness);
	dmio_witness_close(&witness);
	munmap((void *)(uintptr_t)fresh, page);
	return witness.is_leader && before >= 0 && after > before;
}

/* In the child's child: tells who it is, and waits for the end. */
static void
be_stranger(int tell, int life)
{
	pid_t own = getpid();
	char byte;

	if (write(tell, &own, sizeof(own)) == (ssize_t)sizeof(own))
		while (read(life, &byte, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

/* Its parent ends before it is used: it is then no descendant of this process. */
static int
stranger_start(struct stranger *stranger)
{
	int tell[2], life[2], err = 0;
	pid_t parent;

	if (pipe2(tell, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(life, O_CLOEXEC) != 0) {
		close(tell[0]), close(tell[1]);
		return -EMFILE;
	}
	parent = fork();
	if (parent == 0) {
		close(life[1]);
		if (fork() == 0)
			be_stranger(tell[1], life[0]);
		_exit(0);
	}
	close(tell[1]);
	close(life[0]);
	if (parent > 0)
		waitpid(parent, NULL, 0);
	*stranger = (struct stranger){ .life = life[1] };
	if (read(tell[0], &stranger->pid, sizeof(pid_t)) != (ssize_t)sizeof(pid_t))
		err = -EAGAIN; /* a process could not be made */
	close(tell[0]);
	if (err < 0)
		close(life[1]);
	return err;
}

/* What one way has written, the other must read.  0 or -errno. */
static int
reach_stranger(pid_t pid, struct dmio_ways *ways)
{
	uint32_t first = token + 1, second = token + 2, copy = 0;
	struct dmio_handle handle = { -1, -1 };
	int err = move_token(pid, NULL, true, &first);

	if (err == 0)
		err = dmio_handle_open(pid, &handle);
	if (err < 0)
		return err;
	err = move_token(pid, &handle, false, &copy);
	if (err == 0 && copy == first)
		err = move_token(pid, &handle, true, &second);
	if (err == 0)
		err = move_token(pid, NULL, false, &copy);
	ways->has_query = dmio_maps_has_query(handle.maps_fd);
	dmio_handle_close(&handle);
	return err == 0 && copy != second ? -EIO : err;
}

/* kernel.yama.ptrace_scope; -1: this kernel has none. */
static int
yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &scope) != 1)
		scope = -1;
	fclose(f);
	return scope;
}

/* The stranger could not be reached.  Scope 3 is for everybody, the others have exceptions. */
static int
explain(int err, struct dmio_ways *ways, char *why, size_t len)
{
	size_t used = strlen(ways->why);
	char *more = ways->why + used;
	int scope = yama_scope();

	/* Behind what is there already. */
	if (used > 0 && used + 2 < sizeof(ways->why)) {
		more = stpcpy(more, "; ");
		used += 2;
	}
	ways->is_limited = true;
	if (scope >= 3) {
		snprintf(why, len,
		    "kernel.yama.ptrace_scope is %d, which forbids it to "
		    "everybody "
		    "(boot with a lower scope: 3 cannot be taken back)",
		    scope);
		return -EPERM;
	}
	if (scope >= 1 && err == -EPERM)
		snprintf(more, sizeof(ways->why) - used,
		    "kernel.yama.ptrace_scope is %d: most callers will get EPERM (run as root)",
		    scope);
	else
		snprintf(more, sizeof(ways->why) - used,
		    "another process of this user cannot be reached: %s (run as root, or look at "
		    "the security module)",
		    strerror(-err));
	return 0;
}

int
dmio_ways_probe(enum dmio_posted_choice choice, struct dmio_ways *ret_ways, char *why, size_t len)
{
	struct dmio_ways ways = { 0 };
	struct stranger stranger = { .life = -1 };
	int err = check_proc(why, len);

	if (err == 0)
		err = check_calls(why, len);
	if (err < 0)
		return err;
	ways.is_lent = ways.is_checked = choice == DMIO_POSTED_AUTO;
	if (choice == DMIO_POSTED_HANDLE)
		snprintf(ways.why, sizeof(ways.why), "lent and checked reads: --posted=handle");
	if (ways.is_checked && !counts_faults()) {
		ways.is_checked = false;
		snprintf(ways.why, sizeof(ways.why),
		    "checked reads: this system does not count page faults");
	}
	err = stranger_start(&stranger);
	if (err < 0) {
		snprintf(why, len, "no process to try it on: %s", strerror(-err));
		return err;
	}
	err = reach_stranger(stranger.pid, &ways);
	close(stranger.life);
	waitpid(stranger.pid, NULL, 0); /* ours if this is process 1 */
	if (err < 0)
		err = explain(err, &ways, why, len);
	*ret_ways = ways;
	return err;
}

void
dmio_ways_format(const struct dmio_ways *ways, char *line, size_t len)
{
	snprintf(line, len, "held process_vm; posted %s%shandle (%s)%s%s",
	    ways->is_lent ? "lent, " : "", ways->is_checked ? "checked reads, " : "",
	    ways->has_query ? "PROCMAP_QUERY" : "text of maps", ways->why[0] != '\0' ? "; " : "",
	    ways->why);
}
