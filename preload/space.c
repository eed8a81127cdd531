/* SPDX-License-Identifier: BSD-2-Clause */
/* space.c: the program's own memory. */
#include "preload/space.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "preload/announce.h"

/*
 * Our own memory is reached by the number of the calling thread: the process's own number means
 * nothing any more after its first thread has ended.
 */
static _Thread_local __attribute__((tls_model("initial-exec"))) pid_t own_tid;
static _Thread_local __attribute__((tls_model("initial-exec"))) unsigned own_forks;
/* Grows in each child: whatever thread sees to that, the numbers of all of them name others there. */
static atomic_uint nforks;

static pid_t
own_number(void)
{
	unsigned now = atomic_load_explicit(&nforks, memory_order_relaxed);

	if (own_tid == 0 || own_forks != now) {
		own_tid = gettid();
		own_forks = now;
	}
	return own_tid;
}

static ssize_t
space_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_readv(own_number(), local, nlocal, remote, nremote, 0);

	(void)space;
	if (n < 0)
		return -errno;
	preload_announce_read(local, remote, nremote, (size_t)n);
	return n;
}

static ssize_t
space_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_writev(own_number(), local, nlocal, remote, nremote, 0);

	(void)space;
	if (n < 0)
		return -errno;
	preload_announce_write(local, remote, nremote, (size_t)n);
	return n;
}

static bool
space_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space;
	return dmover_space_self.spc_ops->spo_is_resident(&dmover_space_self, addr, len);
}

static void
own_destroy(struct dmover_space *space)
{
	(void)space;
}

static const struct dmover_space_ops own_ops = {
	.spo_readv = space_readv,
	.spo_writev = space_writev,
	.spo_is_resident = space_is_resident,
	.spo_destroy = own_destroy,
};

struct dmover_space preload_space_own = { .spc_ops = &own_ops, .spc_refs = 1 };

void
preload_space_forked(void)
{
	atomic_fetch_add(&nforks, 1);
}

ssize_t
preload_space_look(
    const struct iovec *local, unsigned nlocal, const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_readv(own_number(), local, nlocal, remote, nremote, 0);

	return n < 0 ? -errno : n;
}

int
preload_space_get(void *local, const void *remote, size_t len)
{
	struct iovec to = { local, len };
	struct iovec from = { (void *)(uintptr_t)remote, len };

	return space_readv(&preload_space_own, &to, 1, &from, 1) == (ssize_t)len ? 0 : -EFAULT;
}

int
preload_space_put(const void *local, void *remote, size_t len)
{
	struct iovec from = { (void *)(uintptr_t)local, len };
	struct iovec to = { remote, len };

	return space_writev(&preload_space_own, &from, 1, &to, 1) == (ssize_t)len ? 0 : -EFAULT;
}
