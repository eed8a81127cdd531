/* SPDX-License-Identifier: BSD-2-Clause */
/* caller.c: a process that owns memory, and does with it what it is told. */
#include "caller.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "space.h"

struct command {
	void *addr;
	size_t len;
	size_t access; /* enum caller_access, without padding behind it */
};

static int
obey(const struct command *command)
{
	static const int protections[] = {
		[CALLER_ALL] = PROT_READ | PROT_WRITE,
		[CALLER_READ] = PROT_READ,
		[CALLER_NONE] = PROT_NONE,
	};

	if (command->access == CALLER_UNMAPPED)
		return munmap(command->addr, command->len);
	if (mprotect(command->addr, command->len, protections[command->access]) == 0)
		return 0;
	if (mmap(command->addr, command->len, protections[command->access],
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -1;
	return 1; /* the pages are new */
}

/* In the child, where only system calls are safe.  It ends with its parent. */
static void
serve(int commands)
{
	struct command command;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(commands, &command, sizeof(command)) == (ssize_t)sizeof(command)) {
		int answer = obey(&command);

		if (write(commands, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
			break;
	}
	_exit(0);
}

/* Starts the child; 0 or -errno. */
static int
start(struct caller *caller)
{
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	caller->pid = fork();
	if (caller->pid == 0) {
		close(ends[0]);
		serve(ends[1]);
	}
	err = caller->pid < 0 ? -errno : 0;
	close(ends[1]);
	caller->commands = ends[0];
	if (err == 0)
		err = space_open(caller->pid, &caller->space);
	return err;
}

static void
stop(struct caller *caller)
{
	dmover_space_unref(caller->space);
	close(caller->commands);
	if (caller->pid > 0)
		waitpid(caller->pid, NULL, 0);
}

bool
caller_is_possible(char *why, size_t len)
{
	struct caller caller = { 0 };
	int err = start(&caller);

	stop(&caller);
	if (err < 0)
		snprintf(why, len, "the memory of a child cannot be entered: %s", strerror(-err));
	return err == 0;
}

static void
fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i + sizeof(x) <= size; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(bytes + i, &x, sizeof(x));
	}
}

void
caller_start(struct caller *caller, size_t size, uint64_t seed)
{
	uint8_t *map;
	int err;

	*caller = (struct caller){ .size = (size + CALLER_PAGE - 1) & ~(size_t)(CALLER_PAGE - 1) };
	map = mmap(/* addr= */ NULL, caller->size + 2 * CALLER_PAGE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	caller->base = map + CALLER_PAGE;
	caller->before = malloc(caller->size);
	caller->after = malloc(caller->size);
	ck_assert(caller->before != NULL && caller->after != NULL);
	fill(caller->before, caller->size, seed);
	err = start(caller);
	ck_assert_msg(err == 0, "no caller: %s", strerror(-err));
	caller_protect(caller, 0, caller->size, CALLER_ALL);
}

void
caller_stop(struct caller *caller)
{
	stop(caller);
	munmap(caller->base - CALLER_PAGE, caller->size + 2 * CALLER_PAGE);
	free(caller->before);
	free(caller->after);
}

void
caller_kill(struct caller *caller)
{
	kill(caller->pid, SIGKILL);
	waitpid(caller->pid, NULL, 0);
	caller->pid = 0;
	space_changed(caller->space);
}

size_t
caller_extent(const struct caller *caller)
{
	const size_t more = caller->used + CALLER_PAGE;

	return more < caller->size ? more : caller->size;
}

/* Bytes at offset AT of ->before to the caller. */
static void
put_bytes(struct caller *caller, size_t at, size_t len)
{
	const struct iovec local = { caller->before + at, len },
			   remote = { caller->base + at, len };

	ck_assert_int_eq(
	    process_vm_writev(caller->pid, &local, 1, &remote, 1, /* flags= */ 0), (ssize_t)len);
}

void
caller_put(struct caller *caller)
{
	put_bytes(caller, 0, caller_extent(caller));
}

void
caller_get(struct caller *caller)
{
	const size_t len = caller_extent(caller);
	const struct iovec local = { caller->after, len }, remote = { caller->base, len };

	ck_assert_int_eq(
	    process_vm_readv(caller->pid, &local, 1, &remote, 1, /* flags= */ 0), (ssize_t)len);
}

void
caller_protect(struct caller *caller, size_t at, size_t len, enum caller_access access)
{
	const struct command command = { caller->base + at, len, access };
	int answer = -1;

	ck_assert_int_eq(
	    write(caller->commands, &command, sizeof(command)), (ssize_t)sizeof(command));
	ck_assert_int_eq(read(caller->commands, &answer, sizeof(answer)), (ssize_t)sizeof(answer));
	ck_assert_int_ge(answer, 0);
	space_changed(caller->space);
	if (answer == 1)
		put_bytes(caller, at, len);
}
