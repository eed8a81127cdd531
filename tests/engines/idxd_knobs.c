/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_knobs.c: each thing that a device can do wrong, by each way into its queue. */
#include "idxd_suites.h"

#include <stddef.h>
#include <stdio.h>

#define REQUESTS 300u
#define MAX_LEN  ((size_t)100 << 10) /* more than a descriptor may have */

#define ALL      0xfu
#define SHARED   (1u << WAY_WRITE_SHARED | 1u << WAY_PORTAL_SHARED)
#define BATCHING (1u << WAY_WRITE_DEDICATED | 1u << WAY_PORTAL_SHARED | 1u << WAY_PORTAL_DEDICATED)

#define COUNTER(what) offsetof(struct idxd_stats, what)
/* The device is right, and slow at most. */
#define NOTHING SIZE_MAX

struct knob {
	const char *knobs;
	unsigned ways;        /* bit n: way n has it */
	size_t counter;       /* that must go up; NOTHING: the queue must not be blamed */
	unsigned deadline_ms; /* 0: the engine's own default */
};

static const struct knob table[] = {
	/* Page faults: resumed where they were, or begun anew, or too many. */
	{ "any:fault=0:every=3", ALL, COUNTER(faults), 0 },
	{ "any:fault=100:every=2", ALL, COUNTER(faults), 0 },
	{ "any:fault=1:every=2,any:fault=4096:every=3", ALL, COUNTER(faults), 0 },
	{ "any:wfault=17:every=2", ALL, COUNTER(faults), 0 },
	{ "any:wfault=0:every=5,any:fault=4097:every=4", ALL, COUNTER(faults), 0 },
	{ "copy:bfault=512:every=2", ALL, COUNTER(faults), 0 },
	{ "copy:bfault=3:every=2,copy:fault=77:every=3", ALL, COUNTER(faults), 0 },
	{ "crc:fault=9", ALL, COUNTER(by_cpu), 0 },
	{ "any:fault=0", ALL, COUNTER(by_cpu), 0 },
	{ "any:wfault=1,copy:bfault=1", ALL, COUNTER(by_cpu), 0 },
	/* Statuses: those of the system, of the engine's mistakes, of the hardware, of nobody. */
	{ "any:status=0x04:every=5", ALL, COUNTER(by_cpu), 0 },
	{ "any:status=0x1f:every=5", ALL, COUNTER(by_cpu), 0 },
	{ "any:status=0x10:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x11:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x12:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x13:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x16:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x1e:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x20:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x21:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x22:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x02:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x05:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x3f:every=40", ALL, COUNTER(bad), 0 },
	{ "any:status=0x20:skip=1:count=12", ALL, COUNTER(quarantines), 0 },
	/* Time and order. */
	{ "any:late=3000:every=20", ALL, NOTHING, 0 },
	{ "any:reorder:every=2", ALL, NOTHING, 0 },
	{ "any:late=60000:every=100:skip=1", ALL, COUNTER(late), 20 },
	{ "any:never:every=100:skip=1", ALL, COUNTER(late), 20 },
	{ "any:never:every=50:skip=1:count=3", ALL, COUNTER(reopened), 10 },
	{ "any:drop:every=100:skip=1", ALL, COUNTER(late), 20 },
	/* A queue that others fill. */
	{ "any:again=3:every=4", SHARED, NOTHING, 0 },
	{ "any:again=3:every=4", 1u << WAY_WRITE_SHARED, COUNTER(full), 0 },
	{ "any:again=20:every=4", 1u << WAY_PORTAL_SHARED, COUNTER(retries), 0 },
	{ "any:again=200:every=30", SHARED, COUNTER(full), 0 },
	{ "any:again=1000000:skip=30:count=1", SHARED, COUNTER(full), 0 },
	/* Batches. */
	{ "any:reorder:every=3", BATCHING, COUNTER(batches), 0 },
	{ "batch:member=0:every=3", BATCHING, COUNTER(bad), 0 },
	{ "batch:member=2:every=2", BATCHING, COUNTER(bad), 0 },
	{ "batch:list=0:every=2", BATCHING, NOTHING, 0 },
	{ "batch:list=3:every=2", BATCHING, COUNTER(batches), 0 },
	{ "batch:list=1,any:fault=5:every=3", BATCHING, COUNTER(faults), 0 },
	{ "batch:status=0x14:every=3", BATCHING, COUNTER(bad), 0 },
	{ "batch:never:every=3", BATCHING, COUNTER(late), 20 },
	{ "batch:late=40000:every=3", BATCHING, COUNTER(late), 20 },
	{ "batch:drop:every=5", BATCHING, COUNTER(late), 20 },
};
#define NTABLE ((int)(sizeof(table) / sizeof(table[0])))

static uint64_t
count_at(const struct fleet *fleet, size_t counter)
{
	return atomic_load((const atomic_uint_fast64_t *)((const char *)fleet->stats + counter));
}

/* Submits until the counter has gone up. */
static void
run_until_seen(const struct fleet *fleet, const struct knob *knob, const char *where)
{
	const struct load_plan plan = { .threads = 2,
		.inside = 24,
		.requests = REQUESTS / rig_slowness(),
		.max_len = MAX_LEN };
	const uint64_t since = load_now();

	do {
		load_run(fleet, &plan);
		rig_demand(load_now() - since < UINT64_C(20000000000) * rig_slowness(),
		    "%s: %s: nothing of that kind was seen", where, knob->knobs);
	} while (idxd_site_stats().injected == 0 ||
		 (knob->counter != NOTHING && count_at(fleet, knob->counter) == 0));
}

/* One queue, which may be gone for a while: what it cannot do then, the second one does. */
static void
run_knob(const struct knob *knob, enum idxd_way way)
{
	struct idxd_site_plan plan;
	char extra[32];
	struct fleet fleet;

	ck_assert(idxd_site_plan_parse(idxd_ways[way], &plan));
	plan.ndevices = 2;
	plan.devices[1] = plan.devices[0];
	plan.devices[0].knobs = knob->knobs;
	snprintf(extra, sizeof(extra), "deadline=%u",
	    knob->deadline_ms != 0 ? knob->deadline_ms : 500 * rig_slowness());
	fleet_open(&fleet, &plan, extra);
	run_until_seen(&fleet, knob, idxd_ways[way]);
	if (knob->counter == NOTHING)
		rig_demand(FLEET_COUNT(&fleet, bad) == 0 && FLEET_COUNT(&fleet, late) == 0 &&
			       FLEET_COUNT(&fleet, quarantines) == 0,
		    "%s: %s: the queue is blamed", idxd_ways[way], knob->knobs);
	fleet_close(&fleet);
}

/* A knob by a way that has it. */
static struct {
	const struct knob *knob;
	enum idxd_way way;
} trials[NTABLE * IDXD_WAYS];

/* Fills in the trials; how many those are. */
static int
make_trials(void)
{
	int n = 0;

	for (int i = 0; i < NTABLE * IDXD_WAYS; i++) {
		const struct knob *knob = &table[i / IDXD_WAYS];
		const enum idxd_way way = (enum idxd_way)(i % IDXD_WAYS);

		if ((knob->ways >> way & 1) == 0)
			continue;
		trials[n].knob = knob;
		trials[n++].way = way;
	}
	return n;
}

START_TEST(callers_see_right_bytes_and_no_error_whatever_the_device_does)
{
	run_knob(trials[_i].knob, trials[_i].way);
}
END_TEST

TCase *
make_knobs(void)
{
	TCase *knobs = tcase_create("knobs");
	const int ntrials = make_trials();

	tcase_set_timeout(knobs, 120);
	/* With --break each would say the same. */
	tcase_add_loop_test(knobs, callers_see_right_bytes_and_no_error_whatever_the_device_does, 0,
	    rig_break ? IDXD_WAYS : ntrials);
	return knobs;
}
