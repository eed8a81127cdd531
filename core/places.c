/* SPDX-License-Identifier: BSD-2-Clause */
/* places.c: which processors have a worker. */
#include "core/places.h"

#include <stddef.h>

void
dmover_places_init(struct dmover_places *places)
{
	if (sched_getaffinity(0, sizeof(places->plc_all), &places->plc_all) != 0)
		CPU_ZERO(&places->plc_all); /* more processors than the set holds */
	CPU_ZERO(&places->plc_taken);
	places->plc_kept = PLACE_NONE;
}

bool
dmover_places_is_free(const struct dmover_places *places, int cpu)
{
	return cpu != PLACE_NONE && cpu != places->plc_kept && CPU_ISSET(cpu, &places->plc_all) &&
	       !CPU_ISSET(cpu, &places->plc_taken);
}

/* PLACE_NONE: there is none. */
static int
free_cpu(const struct dmover_places *places)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (dmover_places_is_free(places, cpu))
			return cpu;
	return PLACE_NONE;
}

/* PLACE_NONE: it may run anywhere. */
static bool
bind_to(const struct dmover_places *places, pthread_t thread, int cpu)
{
	cpu_set_t set = places->plc_all;

	if (cpu != PLACE_NONE) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
	}
	return pthread_setaffinity_np(thread, sizeof(set), &set) == 0;
}

int
dmover_places_take(struct dmover_places *places, pthread_t thread, int bound)
{
	int cpu = dmover_places_is_free(places, bound) ? bound : free_cpu(places);

	if (cpu != bound && !bind_to(places, thread, cpu)) {
		bind_to(places, thread, PLACE_NONE);
		return PLACE_NONE;
	}
	if (cpu != PLACE_NONE)
		CPU_SET(cpu, &places->plc_taken);
	return cpu;
}

void
dmover_places_leave(const struct dmover_places *places)
{
	sched_setaffinity(0, sizeof(places->plc_all), &places->plc_all);
}

void
dmover_places_give(struct dmover_places *places, int cpu)
{
	if (cpu != PLACE_NONE)
		CPU_CLR(cpu, &places->plc_taken);
}

bool
dmover_places_is_last_kept(const struct dmover_places *places)
{
	return places->plc_kept != PLACE_NONE && free_cpu(places) == PLACE_NONE &&
	       CPU_ISSET(places->plc_kept, &places->plc_all) &&
	       !CPU_ISSET(places->plc_kept, &places->plc_taken);
}
