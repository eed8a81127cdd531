/* SPDX-License-Identifier: BSD-2-Clause */
/* bell.c: the list of doors that the service has to look at, and the thread that wakes it up. */
#include "preload/bell.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/door.h"
#include "preload/member.h"
#include "preload/real.h"

static _Atomic(struct preload_door *) list; /* each is referenced, and there once */
static pthread_t thread;
static int wake_fd; /* in the service's table */
static atomic_bool is_stopping;

/* True: the list was empty.  Nobody but preload_bell_answer() takes anything out, and it takes all. */
static bool
put(struct preload_door *door)
{
	struct preload_door *head = atomic_load(&list);

	if (atomic_exchange(&door->is_rung, true))
		return false;
	preload_door_ref(door);
	do {
		door->next_rung = head;
	} while (!atomic_compare_exchange_weak(&list, &head, door));
	return head == NULL;
}

void
preload_bell_ring(struct preload_door *door)
{
	/* Whoever was first has rung. */
	if (put(door))
		preload_member_ring_own();
}

void
preload_bell_again(struct preload_door *door)
{
	put(door);
}

bool
preload_bell_is_rung(void)
{
	return atomic_load(&list) != NULL;
}

void
preload_bell_answer(void (*func)(struct preload_door *door, void *arg), void *arg)
{
	struct preload_door *door = atomic_exchange(&list, NULL), *next;

	for (; door != NULL; door = next) {
		next = door->next_rung;
		/* Before it is looked at: what comes later is rung for anew. */
		atomic_store(&door->is_rung, false);
		func(door, arg);
		preload_door_put(door);
	}
}

static void *
bell_main(void *arg)
{
	const uint64_t one = 1;
	unsigned seen = 0;

	(void)arg;
	while (!atomic_load(&is_stopping)) {
		preload_member_wait(&seen);
		(void)!preload_real()->write(wake_fd, &one, sizeof(one));
	}
	return NULL;
}

int
preload_bell_start(int wake)
{
	wake_fd = wake;
	return -pthread_create(&thread, NULL, bell_main, NULL);
}

void
preload_bell_stop(void)
{
	atomic_store(&is_stopping, true);
	preload_member_ring_own();
	pthread_join(thread, NULL);
	atomic_store(&is_stopping, false);
}

void
preload_bell_forked(void)
{
	atomic_store(&list, NULL);
	atomic_store(&is_stopping, false);
}
