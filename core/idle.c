/* SPDX-License-Identifier: BSD-2-Clause */
/* idle.c: workers that wait for work. */
#include "core/idle.h"

#include <stddef.h>

/* So many works, well under 20 ms, and a worker may leave the processor that it was given. */
#define PLACED_WORKS 32

void
dmover_idlers_init(struct dmover_idlers *idlers)
{
	*idlers = (struct dmover_idlers){ 0 };
	dmover_places_init(&idlers->ids_places);
}

void
dmover_idler_init(struct dmover_idler *idler)
{
	*idler = (struct dmover_idler){ .idl_cpu = PLACE_NONE };
	pthread_cond_init(&idler->idl_wake, NULL);
}

void
dmover_idler_fini(struct dmover_idler *idler)
{
	pthread_cond_destroy(&idler->idl_wake);
}

/*
 * Left to itself, the scheduler often wakes two workers up on one processor, and leaves them there
 * for milliseconds while another one is idle.  So a worker is woken up where no other works, and kept
 * there for its first works; if others want that processor, it is not for long.  (64 MiB zero, 2
 * processors, ratio to bare calls: 0.69 to 0.73 without, 0.91 to 0.94 so.)
 */
static void
place(struct dmover_idlers *idlers, struct dmover_idler *idler)
{
	idler->idl_cpu = dmover_places_take(&idlers->ids_places, idler->idl_thread);
	idler->idl_is_placed = idler->idl_cpu != PLACE_NONE;
}

void
dmover_idlers_wake(struct dmover_idlers *idlers)
{
	struct dmover_idler *idler = idlers->ids_first;

	if (idler == NULL)
		return;
	if (dmover_places_is_last_kept(&idlers->ids_places)) {
		idlers->ids_nlate++;
		return;
	}
	idlers->ids_first = idler->idl_next;
	idlers->ids_n--;
	idler->idl_is_woken = true;
	place(idlers, idler);
	pthread_cond_signal(&idler->idl_wake);
}

/* It may run anywhere again. */
static void
set_free(const struct dmover_idlers *idlers, struct dmover_idler *idler)
{
	if (idler->idl_is_placed)
		dmover_places_leave(&idlers->ids_places);
	idler->idl_is_placed = false;
}

void
dmover_idler_count(const struct dmover_idlers *idlers, struct dmover_idler *idler)
{
	if (idler->idl_is_placed && ++idler->idl_nworks == PLACED_WORKS)
		set_free(idlers, idler);
}

void
dmover_idler_leave(struct dmover_idlers *idlers, const struct dmover_idler *idler)
{
	dmover_places_give(&idlers->ids_places, idler->idl_cpu);
}

void
dmover_idler_wait(struct dmover_idlers *idlers, struct dmover_idler *idler, pthread_mutex_t *lock)
{
	dmover_idler_leave(idlers, idler);
	idler->idl_cpu = PLACE_NONE;
	idler->idl_is_woken = false;
	idler->idl_next = idlers->ids_first;
	idlers->ids_first = idler;
	idlers->ids_n++;
	set_free(idlers, idler);
	while (!idler->idl_is_woken)
		pthread_cond_wait(&idler->idl_wake, lock);
	idler->idl_nworks = 0;
}

void
dmover_idlers_keep(struct dmover_idlers *idlers)
{
	idlers->ids_places.plc_kept = sched_getcpu();
}

void
dmover_idlers_release(struct dmover_idlers *idlers)
{
	idlers->ids_places.plc_kept = PLACE_NONE;
	for (; idlers->ids_nlate > 0; idlers->ids_nlate--)
		dmover_idlers_wake(idlers);
}
