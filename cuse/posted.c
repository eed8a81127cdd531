/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posted.c: the memory of a caller whose call was answered: three ways, each of them exact.
 *
 * 1. lent: while the poster is blocked in a read(2), its thread is borrowed (lend.h).
 * 2. checked: a large read goes through process_vm_readv(2) on the poster's number, and is believed
 *    only if the witness says afterwards that the thread has had its address space all the time
 *    (witness.h).  What is not believed has come no further than the daemon's own memory.
 * 3. handle: /proc/TID/mem (handle.h), for everything else, and for all writes: what is written in
 *    the wrong place cannot be taken back.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "cuse/device.h"
#include "cuse/handle.h"
#include "cuse/lend.h"
#include "cuse/memory.h"
#include "cuse/witness.h"

/* Below this the handle is not slower than a checked read: the look at the witness costs 3 us. */
#define CHECKED_MIN ((size_t)64 << 10)
/* A poster whose mark changes all the time is tried again after so many reads, at most: 2 to the... */
#define MISSES_MAX 5u

#define MARK_STALE (-1)

struct posted {
	struct dmover_space space; /* first */
	pid_t tid;                 /* of who posted */
	struct dmio_handle handle;
	struct dmio_ways ways;
	struct dmio_device *device;    /* whose readers lend; NULL: none does */
	struct dmio_identity identity; /* of who posted */
	struct dmio_witness witness;
	int64_t first_mark; /* as the handle was opened: the thread was held; or MARK_STALE */
	/* A mark with which the thread had the address space of the identity; or MARK_STALE. */
	_Atomic int64_t mark;
	atomic_uint misses; /* reads, one after the other, that were not believed */
	atomic_uint pause;  /* reads before the next one is tried */
};

static size_t
bytes_of(const struct iovec *iov, unsigned n)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

static ssize_t
access_by_number(pid_t tid, const struct dmio_access *access)
{
	ssize_t n;

	if (access->is_write)
		n = process_vm_writev(
		    tid, access->local, access->nlocal, access->remote, access->nremote, 0);
	else
		n = process_vm_readv(
		    tid, access->local, access->nlocal, access->remote, access->nremote, 0);
	return n < 0 ? -errno : n;
}

/* As spo_readv and spo_writev; -EAGAIN: nobody lends. */
static ssize_t
access_lent(const struct posted *posted, const struct dmio_access *access)
{
	struct dmio_parked *lender;
	ssize_t n;

	if (posted->device == NULL || !posted->ways.is_lent)
		return -EAGAIN;
	lender = dmio_lend_borrow(posted->device, &posted->identity);
	if (lender == NULL)
		return -EAGAIN;
	n = access_by_number(posted->tid, access);
	dmio_lend_return(posted->device, lender);
	return n;
}

/* Whether a checked read is worth its while. */
static bool
may_check(struct posted *posted, const struct dmio_access *access)
{
	unsigned pause = atomic_load(&posted->pause);

	if (access->is_write || posted->witness.stat_fd < 0 ||
	    bytes_of(access->remote, access->nremote) < CHECKED_MIN)
		return false;
	if (pause == 0)
		return true;
	/* Of several threads each may count: the pause is then shorter, which harms nobody. */
	atomic_store(&posted->pause, pause - 1);
	return false;
}

/*
 * After the mark has changed, by faults or by an exec: takes a new one, if the thread has still the
 * address space of the identity.  The mark comes first, so that an exec after the look changes it.
 * (An image that forges the identity of the one before it offers its own memory, as in lend.h; one
 * that does not know of it, or has come and gone, cannot be taken for it.)
 */
static int64_t
renew_mark(struct posted *posted)
{
	int64_t mark = dmio_witness_mark(&posted->witness);
	struct dmio_identity now;

	if (mark < 0 || !dmio_identity_get_at(posted->witness.stat_fd, posted->tid, &now) ||
	    !dmio_identity_equals(&now, &posted->identity))
		return MARK_STALE;
	atomic_store(&posted->mark, mark);
	return mark;
}

static void
count_miss(struct posted *posted)
{
	unsigned misses = atomic_load(&posted->misses);

	atomic_store(&posted->pause, (1u << misses) - 1);
	atomic_store(&posted->misses, misses < MISSES_MAX ? misses + 1 : MISSES_MAX);
}

/* As spo_readv; -EAGAIN: not done, or not to be believed. */
static ssize_t
access_checked(struct posted *posted, const struct dmio_access *access)
{
	int64_t mark;
	ssize_t n;

	if (!may_check(posted, access))
		return -EAGAIN;
	mark = atomic_load(&posted->mark);
	if (mark == MARK_STALE)
		mark = renew_mark(posted);
	n = mark == MARK_STALE ? -ESRCH : access_by_number(posted->tid, access);
	/* Of the errors only this one is about the memory, and that too must be the right one. */
	if ((n >= 0 || n == -EFAULT) && dmio_witness_mark(&posted->witness) == mark) {
		atomic_store(&posted->misses, 0);
		return n;
	}
	atomic_compare_exchange_strong(&posted->mark, &mark, MARK_STALE);
	count_miss(posted);
	return -EAGAIN;
}

static ssize_t
posted_access(struct dmover_space *space, const struct dmio_access *access)
{
	struct posted *posted = (struct posted *)space;
	ssize_t n = access_lent(posted, access);

	if (n == -EAGAIN)
		n = access_checked(posted, access);
	if (n == -EAGAIN)
		n = dmio_handle_access(&posted->handle, access);
	return n;
}

static ssize_t
posted_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	struct dmio_access access = { false, local, nlocal, remote, nremote };

	return posted_access(space, &access);
}

static ssize_t
posted_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	struct dmio_access access = { true, local, nlocal, remote, nremote };

	return posted_access(space, &access);
}

/* Not known without one more open file: what may not fault is refused. */
static bool
posted_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space, (void)addr, (void)len;
	return false;
}

static int
posted_file(struct dmover_space *space)
{
	return ((struct posted *)space)->handle.mem_fd;
}

static ssize_t
posted_allowed(struct dmover_space *space, bool is_write, const void *addr, size_t len)
{
	const struct posted *posted = (struct posted *)space;

	return dmio_handle_allowed(&posted->handle, is_write, (uintptr_t)addr, len);
}

static void
posted_destroy(struct dmover_space *space)
{
	struct posted *posted = (struct posted *)space;

	dmio_witness_close(&posted->witness);
	dmio_handle_close(&posted->handle);
	free(posted);
}

static const struct dmover_space_ops posted_ops = {
	.spo_readv = posted_readv,
	.spo_writev = posted_writev,
	.spo_is_resident = posted_is_resident,
	.spo_file = posted_file,
	.spo_allowed = posted_allowed,
	.spo_destroy = posted_destroy,
};

/* What the quick ways need; without it the handle is left. */
static void
call_witness(struct posted *posted)
{
	const struct dmio_ways *ways = &posted->ways;
	struct dmio_witness *witness = &posted->witness;

	if ((!ways->is_lent && !ways->is_checked) || dmio_witness_open(posted->tid, witness) < 0)
		return;
	/*
	 * The thread is held, so it has its address space with this mark.  The look at the identity
	 * comes after it: that is an access, in which the caller may keep this thread asleep, and be
	 * answered meanwhile (inside.h).
	 */
	if (ways->is_checked)
		posted->first_mark = dmio_witness_mark(witness);
	atomic_store(&posted->mark, posted->first_mark);
	dmio_identity_get_at(witness->stat_fd, posted->tid, &posted->identity);
	if (ways->is_checked)
		return;
	dmio_witness_close(witness);
	witness->stat_fd = -1;
}

/* TID is held, or this process itself. */
static int
create(pid_t tid, const struct dmio_ways *ways, struct dmio_device *device,
    struct dmover_space **ret_space)
{
	struct posted *posted = calloc(1, sizeof(*posted));
	int err;

	if (posted == NULL)
		return -ENOMEM;
	posted->space = (struct dmover_space){ .spc_ops = &posted_ops, .spc_refs = 1 };
	posted->tid = tid;
	posted->device = device;
	posted->ways = *ways;
	posted->witness.stat_fd = -1;
	posted->first_mark = MARK_STALE;
	posted->mark = MARK_STALE;
	err = dmio_handle_open(tid, &posted->handle);
	if (err < 0) {
		free(posted);
		return err;
	}
	call_witness(posted);
	*ret_space = &posted->space;
	return 0;
}

int
dmio_posted_create(pid_t tid, struct dmio_device *device, struct dmover_space **ret_space)
{
	static const struct dmio_ways handle_only = { 0 };

	return create(tid, device != NULL ? &device->ways : &handle_only, device, ret_space);
}

int
dmio_posted_own(const struct dmio_ways *ways, struct dmover_space **ret_space)
{
	return create(getpid(), ways, /* device= */ NULL, ret_space);
}

bool
dmio_posted_has_witness(const struct dmover_space *space)
{
	return ((const struct posted *)space)->witness.stat_fd >= 0;
}

/* A mark that was renewed may be that of an image which forges the identity: it does not count. */
bool
dmio_posted_is_current(const struct dmover_space *space)
{
	const struct posted *posted = (const struct posted *)space;

	return posted->first_mark != MARK_STALE &&
	       dmio_witness_mark(&posted->witness) == posted->first_mark;
}

const struct dmio_identity *
dmio_posted_identity(const struct dmover_space *space)
{
	return &((const struct posted *)space)->identity;
}
