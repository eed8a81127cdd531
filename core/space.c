/* SPDX-License-Identifier: BSD-2-Clause */
/* space.c: references to address spaces, and the daemon's own as one of them. */
#include <dev/dmover/dmover.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Copies between two lists of the daemon's own memory. */
static ssize_t
self_copy(const struct iovec *dst, unsigned ndst, const struct iovec *src, unsigned nsrc)
{
	size_t doff = 0, soff = 0;
	ssize_t done = 0;

	while (ndst > 0 && nsrc > 0) {
		size_t n = dst->iov_len - doff;

		if (n > src->iov_len - soff)
			n = src->iov_len - soff;
		if (n > 0)
			memmove((char *)dst->iov_base + doff, (char *)src->iov_base + soff, n);
		done += (ssize_t)n;
		doff += n;
		soff += n;
		if (doff == dst->iov_len) {
			dst++, ndst--;
			doff = 0;
		}
		if (soff == src->iov_len) {
			src++, nsrc--;
			soff = 0;
		}
	}
	return done;
}

static ssize_t
self_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	(void)space;
	return self_copy(local, nlocal, remote, nremote);
}

static ssize_t
self_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	(void)space;
	return self_copy(remote, nremote, local, nlocal);
}

static bool
self_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)addr & ~(page - 1);
	uintptr_t end = (uintptr_t)addr + len;
	unsigned char in[256];

	(void)space;
	while (at < end) {
		size_t pages = (end - at + page - 1) / page;

		if (pages > sizeof(in))
			pages = sizeof(in);
		if (mincore((void *)at, pages * page, in) != 0)
			return false;
		for (size_t i = 0; i < pages; i++)
			if ((in[i] & 1) == 0)
				return false;
		at += pages * page;
	}
	return true;
}

static void
self_destroy(struct dmover_space *space)
{
	(void)space;
}

static const struct dmover_space_ops self_ops = {
	.spo_readv = self_readv,
	.spo_writev = self_writev,
	.spo_is_resident = self_is_resident,
	.spo_destroy = self_destroy,
};

struct dmover_space dmover_space_self = { .spc_ops = &self_ops, .spc_refs = 1 };

struct dmover_space *
dmover_space_ref(struct dmover_space *space)
{
	atomic_fetch_add_explicit(&space->spc_refs, 1, memory_order_relaxed);
	return space;
}

void
dmover_space_unref(struct dmover_space *space)
{
	if (space != NULL &&
	    atomic_fetch_sub_explicit(&space->spc_refs, 1, memory_order_acq_rel) == 1)
		space->spc_ops->spo_destroy(space);
}

void
dmover_done(struct dmover_request *dreq)
{
	dreq->dreq_done(dreq);
}
