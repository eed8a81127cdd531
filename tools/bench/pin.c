/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin.c: short work is measured on one processor, both sides of it.
 *
 * Whether the kernel wakes a server on the processor of its caller or on an idle one makes a factor
 * of two to five, for the floor as well, and it stays with its choice for seconds.
 */
#include "tools/bench/pin.h"

static void
bind_first(cpu_set_t *ret_before)
{
	cpu_set_t one;
	int cpu = 0;

	CPU_ZERO(&one);
	CPU_ZERO(ret_before);
	if (sched_getaffinity(0, sizeof(*ret_before), ret_before) != 0)
		return;
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, ret_before))
		cpu++;
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

struct bench_rig *
bench_pin_begin(struct bench_pin *pin, struct bench_rig *rig)
{
	if (rig->options->path != NULL)
		return rig;
	bind_first(&pin->before);
	if (pin->rig.options == NULL)
		bench_rig_init(&pin->rig, rig->options, rig->result, rig->table);
	return &pin->rig;
}

void
bench_pin_end(struct bench_pin *pin, const struct bench_rig *rig)
{
	if (rig == &pin->rig)
		sched_setaffinity(0, sizeof(pin->before), &pin->before);
}

void
bench_pin_fini(struct bench_pin *pin)
{
	if (pin->rig.options != NULL)
		bench_rig_fini(&pin->rig);
}
