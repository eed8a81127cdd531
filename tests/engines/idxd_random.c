/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd_random.c: a million random requests, over devices that do wrong at random whatever there is.
 *
 * The seed is printed, and is in each failure; --seed=N gives the same requests and faults again, but
 * not the same order in time.
 */
#include "idxd_suites.h"

#include <stdio.h>

#define REQUESTS UINT64_C(1000000)
#define MAX_LEN  ((size_t)9 << 10)

/* Frequent ones, then those that end in quarantine, which would leave nothing else to happen. */
static const char wrongs[] =
    "any:fault=100:chance=60,any:fault=0:chance=90,any:wfault=9:chance=70,"
    "copy:bfault=7:chance=40,copy:status=4:chance=900,fill:status=4:chance=900,"
    "any:late=200:chance=500,any:reorder:chance=30,any:again=2:chance=40,"
    "batch:list=2:chance=60,batch:member=1:chance=900,"
    "crc:status=0x20:chance=4000,reduce:status=0x20:chance=4000,"
    "batch:status=4:chance=2000:count=1,batch:status=0x20:chance=2000:count=2,"
    "any:never:chance=30000:count=3,any:drop:chance=50000:count=2";

/* Two devices, each with a shared queue and a dedicated one that takes smaller pieces. */
static void
make_plan(struct idxd_site_plan *plan, bool has_portal, const char *knobs)
{
	*plan = (struct idxd_site_plan){ .ndevices = 2, .has_portal = has_portal };
	for (unsigned i = 0; i < 2; i++) {
		struct dsa_model_options *device = &plan->devices[i];

		device->version = i == 0 ? DSA_VERSION_3 : DSA_VERSION_1;
		device->no_cache_control = i == 0;
		device->nqueues = 2;
		device->queues[0] = (struct dsa_queue_options){ .size = 24, .threshold = 20 };
		device->queues[1] = (struct dsa_queue_options){
			.is_dedicated = true, .size = 12, .max_transfer = 4096, .max_batch = 8
		};
		device->knobs = knobs;
	}
}

START_TEST(a_million_random_requests_with_random_faults_agree_with_the_oracle)
{
	const struct load_plan plan = {
		.threads = 2,
		.inside = 48,
		.requests = REQUESTS / 2 / rig_slowness() / (rig_slowness() > 1 ? 2 : 1),
		.max_len = MAX_LEN,
	};
	struct idxd_site_plan devices;
	struct load_result result;
	struct dsa_stats stats;
	struct fleet fleet;
	char extra[32];

	make_plan(&devices, /* has_portal= */ _i == 1, wrongs);
	snprintf(extra, sizeof(extra), "deadline=%u", 60 * rig_slowness());
	fleet_open(&fleet, &devices, extra);
	result = load_run(&fleet, &plan);
	ck_assert_uint_eq(result.ended, plan.requests);
	stats = idxd_site_stats();
	printf(
	    "%s: %ju requests; %ju faults resumed, %ju ended by the CPU, %ju bad, %ju late, "
	    "%ju quarantines, %ju reopened; model: %ju descriptors, %ju in batches, %ju wrongs\n",
	    _i == 1 ? "portal" : "write", (uintmax_t)result.ended,
	    (uintmax_t)FLEET_COUNT(&fleet, faults), (uintmax_t)FLEET_COUNT(&fleet, by_cpu),
	    (uintmax_t)FLEET_COUNT(&fleet, bad), (uintmax_t)FLEET_COUNT(&fleet, late),
	    (uintmax_t)FLEET_COUNT(&fleet, quarantines), (uintmax_t)FLEET_COUNT(&fleet, reopened),
	    (uintmax_t)stats.completed, (uintmax_t)stats.members, (uintmax_t)stats.injected);
	/* Devices have done most of it, and something of each kind went wrong. */
	ck_assert_uint_gt(stats.completed + stats.members, plan.requests / 2);
	ck_assert_uint_gt(FLEET_COUNT(&fleet, faults), plan.requests / 200);
	ck_assert_uint_gt(FLEET_COUNT(&fleet, by_cpu), 0);
	fleet_close(&fleet);
}
END_TEST

/*
 * The one thing that may not be done twice: the output of an XOR with more than two inputs becomes an
 * input.  Members of a batch that were done, but whose records are lost, look as if they were not when
 * the list's end cannot be read.
 */
START_TEST(no_part_of_an_xor_is_done_twice_when_records_are_lost_and_batches_break_off)
{
	const struct load_plan plan = {
		.threads = 2,
		.inside = 48,
		.requests = 20000 / rig_slowness(),
		.max_len = MAX_LEN,
		.kinds = DMOVER_F(DMOVER_KIND_XOR),
	};
	struct idxd_site_plan devices;
	struct fleet fleet;
	char extra[32];

	make_plan(&devices, /* has_portal= */ true,
	    "any:never:chance=1500:count=8,batch:list=2:chance=6");
	snprintf(extra, sizeof(extra), "deadline=%u", 60 * rig_slowness());
	fleet_open(&fleet, &devices, extra);
	load_run(&fleet, &plan);
	ck_assert_uint_gt(FLEET_COUNT(&fleet, batches), 0);
	fleet_close(&fleet);
}
END_TEST

TCase *
make_random(void)
{
	TCase *random = tcase_create("random");

	tcase_set_timeout(random, 400);
	tcase_add_loop_test(
	    random, a_million_random_requests_with_random_faults_agree_with_the_oracle, 0, 2);
	tcase_add_test(
	    random, no_part_of_an_xor_is_done_twice_when_records_are_lost_and_batches_break_off);
	return random;
}
