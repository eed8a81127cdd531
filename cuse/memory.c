/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: the memory of a caller that is held, through process_vm_readv(2) and its twin. */
#include "cuse/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cuse/proc.h"

static pid_t
tid_of(const struct dmover_space *space)
{
	return ((const struct dmio_held *)space)->tid;
}

enum { VERDICT_NONE, VERDICT_ASKED, VERDICT_REVOKED };

bool
dmio_held_is_revoked(struct dmio_held *held)
{
	if (atomic_load(&held->verdict) == VERDICT_NONE)
		return false;
	pthread_mutex_lock(held->verdict_lock); /* until it is settled */
	pthread_mutex_unlock(held->verdict_lock);
	return atomic_load(&held->verdict) == VERDICT_REVOKED;
}

static ssize_t
held_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n;

	if (dmio_held_is_revoked((struct dmio_held *)space))
		return -ESRCH;
	n = process_vm_readv(tid_of(space), local, nlocal, remote, nremote, 0);
	return n < 0 ? -errno : n;
}

static ssize_t
held_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n;

	if (dmio_held_is_revoked((struct dmio_held *)space))
		return -ESRCH;
	n = process_vm_writev(tid_of(space), local, nlocal, remote, nremote, 0);
	return n < 0 ? -errno : n;
}

/* Bit 63 of a page's entry in /proc/PID/pagemap (proc(5)): it is in memory. */
static bool
held_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	int fd = dmio_proc_open(tid_of(space), "pagemap", O_RDONLY);
	bool is_in = true;

	if (fd < 0)
		return false;
	for (uintptr_t at = (uintptr_t)addr & ~(page - 1); is_in && at < (uintptr_t)addr + len;
	     at += page) {
		uint64_t entry = 0;

		is_in = pread(fd, &entry, sizeof(entry), (off_t)(at / page * 8)) ==
			    (ssize_t)sizeof(entry) &&
			(entry >> 63) != 0;
	}
	close(fd);
	return is_in;
}

/* Embedded: nothing to free. */
static void
held_destroy(struct dmover_space *space)
{
	(void)space;
}

static const struct dmover_space_ops held_ops = {
	.spo_readv = held_readv,
	.spo_writev = held_writev,
	.spo_is_resident = held_is_resident,
	.spo_destroy = held_destroy,
};

void
dmio_held_init(struct dmio_held *held, pid_t tid)
{
	*held = (struct dmio_held){
		.space = { .spc_ops = &held_ops, .spc_refs = 1 },
		.tid = tid,
		.sleeper = { .thread = gettid() },
	};
}

/* proc(5): a thread that sleeps in a system call shows its number first, else "running". */
static bool
sleeps_in_access(pid_t thread)
{
	char text[256];
	long number;

	if (dmio_proc_read(thread, "syscall", text, sizeof(text)) <= 0 || text[0] < '0' ||
	    text[0] > '9')
		return false;
	number = strtol(text, NULL, 10);
	return number == SYS_process_vm_readv || number == SYS_process_vm_writev;
}

/* Times that the thread went to sleep; 0: not known. */
static long
switches_of(pid_t thread)
{
	static const char name[] = "\nvoluntary_ctxt_switches:";
	char text[4096], *at;

	if (dmio_proc_read(thread, "status", text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, name);
	return at != NULL ? strtol(at + sizeof(name) - 1, NULL, 10) : 0;
}

bool
dmio_look(struct dmio_sleeper *sleeper)
{
	long before = sleeper->switches;

	sleeper->switches = sleeps_in_access(sleeper->thread) ? switches_of(sleeper->thread) : 0;
	/* Once more, since it may have gone on in between. */
	return before != 0 && before == sleeper->switches && sleeps_in_access(sleeper->thread) &&
	       switches_of(sleeper->thread) == before;
}

bool
dmio_held_revoke(struct dmio_held *held)
{
	bool is_good;

	/* From here on it waits before the next access; in the present one it may sleep. */
	atomic_store(&held->verdict, VERDICT_ASKED);
	is_good = dmio_look(&held->sleeper);
	atomic_store(&held->verdict, is_good ? VERDICT_REVOKED : VERDICT_NONE);
	return is_good;
}
