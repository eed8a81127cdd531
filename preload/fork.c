/* SPDX-License-Identifier: BSD-2-Clause */
/* fork.c: what is done around fork(2), so that the child can begin anew. */
#include "preload/fork.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/bell.h"
#include "preload/door.h"
#include "preload/member.h"
#include "preload/service.h"
#include "preload/space.h"
#include "preload/trace.h"

/* What the page says; the kernel makes it NEW. */
enum { PAGE_NEW, PAGE_BUSY, PAGE_KNOWN };

static _Atomic(atomic_int *) page; /* NULL: not watched */
static sigset_t mask_before;

/* The service's threads are not here.  What they had is left where it is: nobody may free it. */
static void
begin_anew(void)
{
	preload_service_forked();
	preload_bell_forked();
	preload_member_forked();
	preload_copies_forked();
	preload_doors_forked();
	preload_trace_forked();
	preload_space_forked();
	if (atomic_load(&page) != NULL)
		atomic_store(atomic_load(&page), PAGE_KNOWN);
}

static void
before_fork(void)
{
	sigset_t all, mask;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	preload_service_lock();
	preload_doors_lock();
	mask_before = mask;
}

static void
after_fork_in_parent(void)
{
	sigset_t mask = mask_before;

	preload_doors_unlock();
	preload_service_unlock();
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void
after_fork_in_child(void)
{
	sigset_t mask = mask_before;

	/* This thread holds them here as well. */
	preload_doors_unlock();
	preload_service_unlock();
	begin_anew();
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void
preload_fork_watch(void)
{
	long size = sysconf(_SC_PAGESIZE);
	void *memory;

	if (atomic_load(&page) != NULL)
		return;
	memory =
	    mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return;
	/* An older kernel cannot: then only fork(3) tells. */
	(void)!madvise(memory, (size_t)size, MADV_WIPEONFORK);
	/* Known before it is seen: others may look as soon as it is there. */
	atomic_init((atomic_int *)memory, PAGE_KNOWN);
	atomic_store_explicit(&page, memory, memory_order_release);
}

void
preload_fork_look(void)
{
	atomic_int *says = atomic_load_explicit(&page, memory_order_acquire);
	int is_new = PAGE_NEW;

	if (says == NULL || atomic_load_explicit(says, memory_order_acquire) == PAGE_KNOWN)
		return;
	if (atomic_compare_exchange_strong(says, &is_new, PAGE_BUSY))
		begin_anew();
	while (atomic_load(says) != PAGE_KNOWN)
		sched_yield();
}

__attribute__((constructor)) static void
listen_to_forks(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
