/* SPDX-License-Identifier: BSD-2-Clause */
/* shared.c: the slots of the sessions that processes share. */
#include "preload/shared.h"

#include <errno.h>
#include <sys/mman.h>

static struct preload_slot *slots;
static atomic_uint next; /* where the search begins */

int
preload_slots_init(void)
{
	void *memory;

	if (slots != NULL)
		return 0;
	memory = mmap(NULL, PRELOAD_SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	slots = memory;
	return 0;
}

struct preload_slot *
preload_slot_get(pid_t pid)
{
	for (unsigned i = 0; i < PRELOAD_SLOTS; i++) {
		struct preload_slot *slot = &slots[atomic_fetch_add(&next, 1) % PRELOAD_SLOTS];
		int unused = 0;

		if (!atomic_compare_exchange_strong(&slot->is_used, &unused, 1))
			continue;
		atomic_store(&slot->function, 0);
		atomic_store(&slot->layout, 0);
		for (unsigned j = 0; j < PRELOAD_SHARERS; j++)
			atomic_store(&slot->sharers[j], j == 0 ? pid : 0);
		return slot;
	}
	return NULL;
}

void
preload_slot_put(struct preload_slot *slot)
{
	if (slot != NULL)
		atomic_store(&slot->is_used, 0);
}

void
preload_slot_join(struct preload_slot *slot, pid_t pid)
{
	for (unsigned i = 0; i < PRELOAD_SHARERS && !preload_slot_has(slot, pid); i++) {
		int unused = 0;

		if (atomic_compare_exchange_strong(&slot->sharers[i], &unused, pid))
			return;
	}
}

bool
preload_slot_has(struct preload_slot *slot, pid_t pid)
{
	for (unsigned i = 0; i < PRELOAD_SHARERS; i++)
		if (atomic_load(&slot->sharers[i]) == pid)
			return true;
	return false;
}
