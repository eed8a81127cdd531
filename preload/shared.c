/* SPDX-License-Identifier: BSD-2-Clause */
/* shared.c: the slots of the sessions that processes share. */
#include "preload/shared.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>

#include "preload/member.h"

/* In the place of a number: whoever gets the slot is at it. */
#define CLAIMED UINT_MAX

struct slots {
	atomic_uint next;   /* where the search begins */
	atomic_uint number; /* the last that was given */
	struct preload_slot slots[PRELOAD_SLOTS];
};

static struct slots *all;

int
preload_slots_init(void)
{
	void *memory;

	if (all != NULL)
		return 0;
	memory = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	all = memory;
	return 0;
}

/* Neither 0 nor CLAIMED. */
static unsigned
next_number(void)
{
	unsigned number;

	do {
		number = atomic_fetch_add(&all->number, 1) + 1;
	} while (number == 0 || number == CLAIMED);
	return number;
}

bool
preload_slot_is_served(const struct preload_slot *slot)
{
	for (unsigned i = 0; i < PRELOAD_SHARERS; i++) {
		pid_t pid = atomic_load(&slot->sharers[i]);

		if (pid != 0 && preload_member_lives(pid))
			return true;
	}
	return false;
}

/* One that is free, or with IS_STRICT false, one that nobody serves; else NULL.  It is nobody's then. */
static struct preload_slot *
claim(bool is_strict)
{
	for (unsigned i = 0; i < PRELOAD_SLOTS; i++) {
		struct preload_slot *slot =
		    &all->slots[atomic_fetch_add(&all->next, 1) % PRELOAD_SLOTS];
		unsigned old = atomic_load(&slot->number);

		if (old == CLAIMED || (old != 0 && (is_strict || preload_slot_is_served(slot))))
			continue;
		if (atomic_compare_exchange_strong(&slot->number, &old, CLAIMED))
			return slot;
	}
	return NULL;
}

struct preload_slot *
preload_slot_get(pid_t pid, unsigned *ret_number)
{
	struct preload_slot *slot = claim(true);

	/* Processes that end without close(2) leave theirs behind. */
	if (slot == NULL)
		slot = claim(false);
	if (slot == NULL)
		return NULL;
	atomic_store(&slot->function, 0);
	atomic_store(&slot->layout, 0);
	atomic_store(&slot->server, pid);
	for (unsigned i = 0; i < PRELOAD_SHARERS; i++)
		atomic_store(&slot->sharers[i], i == 0 ? pid : 0);
	*ret_number = next_number();
	atomic_store(&slot->number, *ret_number);
	return slot;
}

void
preload_slot_put(struct preload_slot *slot, unsigned number)
{
	if (slot != NULL)
		atomic_compare_exchange_strong(&slot->number, &number, 0);
}

bool
preload_slot_is(const struct preload_slot *slot, unsigned number)
{
	return atomic_load(&slot->number) == number;
}

static bool
has(const struct preload_slot *slot, pid_t pid)
{
	for (unsigned i = 0; i < PRELOAD_SHARERS; i++)
		if (atomic_load(&slot->sharers[i]) == pid)
			return true;
	return false;
}

bool
preload_slot_join(struct preload_slot *slot, pid_t pid)
{
	if (has(slot, pid))
		return true;
	for (unsigned i = 0; i < PRELOAD_SHARERS; i++) {
		pid_t was = atomic_load(&slot->sharers[i]);

		if (was != 0 && preload_member_lives(was))
			continue;
		if (atomic_compare_exchange_strong(&slot->sharers[i], &was, pid))
			return true;
	}
	return false;
}

void
preload_slot_leave(struct preload_slot *slot, pid_t pid)
{
	for (unsigned i = 0; i < PRELOAD_SHARERS; i++) {
		pid_t was = pid;

		atomic_compare_exchange_strong(&slot->sharers[i], &was, 0);
	}
}

pid_t
preload_slot_owner(struct preload_slot *slot, pid_t writer, pid_t own)
{
	pid_t server = atomic_load(&slot->server);

	if (has(slot, writer) && (writer == own || preload_member_lives(writer)))
		return writer;
	if (server == own || preload_member_lives(server))
		return server;
	/* Where another one was quicker, it is what it says now. */
	return atomic_compare_exchange_strong(&slot->server, &server, own) ? own : server;
}
