/* SPDX-License-Identifier: BSD-2-Clause */
/* idle.c: workers that wait for work. */
#include "core/idle.h"

#include <stddef.h>

#include "core/clock.h"

/* So long at work, and a worker may leave the processor that it was given. */
#define BOUND_NS 20000000

/*
 * A worker that runs out of work stays awake for so long, if that was of use lately: who is
 * answered often posts again at once, and to wake a processor up that was halted takes 20 to 40 us
 * in a virtual machine.  It yields all the time: others on its processor go first.
 */
#define AWAKE_NS 200000

void
dmover_idlers_init(struct dmover_idlers *idlers)
{
	*idlers = (struct dmover_idlers){ 0 };
	dmover_places_init(&idlers->ids_places);
}

void
dmover_idler_init(struct dmover_idler *idler)
{
	*idler = (struct dmover_idler){ .idl_cpu = PLACE_NONE, .idl_bound = PLACE_NONE };
	pthread_cond_init(&idler->idl_wake, NULL);
}

void
dmover_idler_fini(struct dmover_idler *idler)
{
	pthread_cond_destroy(&idler->idl_wake);
}

/*
 * Left to itself, the scheduler often wakes two workers up on one processor, and leaves them there
 * for milliseconds while another one is idle.  So a worker is woken up where no other works, and
 * kept there for a while; if others want that processor, it is not for long.  (64 MiB zero, 2
 * processors, ratio to bare calls: 0.69 to 0.73 without, 0.91 to 0.94 so.)  It stays bound while it
 * waits, and mostly is woken up where it was: to bind a thread anew costs 5 us, and 20 us if it
 * runs.
 */
static int
fitness(const struct dmover_idlers *idlers, const struct dmover_idler *idler)
{
	int fit = dmover_places_is_free(&idlers->ids_places, idler->idl_bound) ? 2 : 0;

	return fit + (idler->idl_is_awake ? 1 : 0);
}

/* Of those that wait; there is one. */
static struct dmover_idler *
take_fittest(struct dmover_idlers *idlers)
{
	struct dmover_idler **best = &idlers->ids_first, **at, *idler;

	for (at = &(*best)->idl_next; *at != NULL; at = &(*at)->idl_next)
		if (fitness(idlers, *at) > fitness(idlers, *best))
			best = at;
	idler = *best;
	*best = idler->idl_next;
	idlers->ids_n--;
	return idler;
}

void
dmover_idlers_wake(struct dmover_idlers *idlers)
{
	struct dmover_idler *idler;

	if (idlers->ids_first == NULL)
		return;
	if (dmover_places_is_last_kept(&idlers->ids_places)) {
		idlers->ids_nlate++;
		return;
	}
	idler = take_fittest(idlers);
	idler->idl_cpu =
	    dmover_places_take(&idlers->ids_places, idler->idl_thread, idler->idl_bound);
	idler->idl_bound = idler->idl_cpu;
	atomic_store(&idler->idl_is_woken, true);
	pthread_cond_signal(&idler->idl_wake);
}

void
dmover_idler_begin(const struct dmover_idlers *idlers, struct dmover_idler *idler)
{
	int64_t now = dmover_now();

	if (idler->idl_since == 0)
		idler->idl_since = now;
	if (idler->idl_is_hit)
		dmover_backoff_tell(&idler->idl_awake, true);
	idler->idl_is_hit = false;
	if (idler->idl_bound == PLACE_NONE || now - idler->idl_since < BOUND_NS)
		return;
	dmover_places_leave(&idlers->ids_places);
	idler->idl_bound = PLACE_NONE;
}

void
dmover_idler_leave(struct dmover_idlers *idlers, const struct dmover_idler *idler)
{
	dmover_places_give(&idlers->ids_places, idler->idl_cpu);
}

/* It is a hit only if there is work: another worker may have taken it. */
static void
stay_awake(struct dmover_idler *idler, pthread_mutex_t *lock)
{
	int64_t until;

	if (idler->idl_is_hit)
		dmover_backoff_tell(&idler->idl_awake, false);
	idler->idl_is_hit = false;
	if (!dmover_backoff_may(&idler->idl_awake))
		return;
	idler->idl_is_awake = true;
	pthread_mutex_unlock(lock);
	for (until = dmover_now() + AWAKE_NS; dmover_now() < until; sched_yield())
		if (atomic_load(&idler->idl_is_woken))
			break;
	pthread_mutex_lock(lock);
	idler->idl_is_awake = false;
	idler->idl_is_hit = idler->idl_is_woken;
	if (!idler->idl_is_hit)
		dmover_backoff_tell(&idler->idl_awake, false);
}

void
dmover_idler_wait(struct dmover_idlers *idlers, struct dmover_idler *idler, pthread_mutex_t *lock)
{
	dmover_idler_leave(idlers, idler);
	idler->idl_cpu = PLACE_NONE;
	atomic_store(&idler->idl_is_woken, false);
	idler->idl_next = idlers->ids_first;
	idlers->ids_first = idler;
	idlers->ids_n++;
	stay_awake(idler, lock);
	while (!idler->idl_is_woken)
		pthread_cond_wait(&idler->idl_wake, lock);
	idler->idl_since = 0;
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
