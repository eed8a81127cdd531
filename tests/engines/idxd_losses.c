/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_losses.c: queues and devices that go away, come back, or never answer. */
#include "idxd_suites.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "trial.h"

#define MAX_LEN ((size_t)20 << 10)
#define MS      UINT64_C(1000000)

/* Of a record, in milliseconds; short, but no device of these tests is as late by itself. */
#define DEADLINE 100u

static const char vanish[] = "copy:never,fill:never,crc:never,reduce:never,batch:never";

static const struct load_plan endless = { .threads = 2, .inside = 24, .max_len = MAX_LEN };

static void
open_way(struct fleet *fleet, unsigned way, unsigned ndevices, unsigned nqueues)
{
	struct idxd_site_plan plan;
	char extra[32];

	ck_assert(idxd_site_plan_parse(idxd_ways[way], &plan));
	plan.ndevices = ndevices;
	for (unsigned i = 1; i < nqueues; i++)
		plan.devices[0].queues[i] = plan.devices[0].queues[0];
	plan.devices[0].nqueues = nqueues;
	plan.devices[1] = plan.devices[0];
	snprintf(extra, sizeof(extra), "deadline=%u", DEADLINE * rig_slowness());
	fleet_open(fleet, &plan, extra);
}

/* Until the engine has counted more than BEFORE of something; the load goes on meanwhile. */
static void
await_count(const struct load *load, const atomic_uint_fast64_t *counter, uint64_t before)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const uint64_t since = load_now();

	while (atomic_load(counter) <= before && !load_has_failed(load)) {
		rig_demand(load_now() - since < 20000 * MS * rig_slowness(),
		    "the counter stays at %ju", (uintmax_t)before);
		nanosleep(&pause, NULL);
	}
}

static uint64_t
completed_by(unsigned device, int queue)
{
	struct dsa_stats stats;

	dsa_model_stats(idxd_site_model(device), queue, &stats);
	return stats.completed;
}

START_TEST(when_one_of_two_queues_dies_under_load_the_other_goes_on)
{
	struct fleet fleet;
	struct load *load;
	uint64_t before;

	open_way(&fleet, (unsigned)_i, 1, 2);
	load = load_begin(&fleet, &endless);
	load_await(load, 300);
	ck_assert_uint_gt(completed_by(0, 0), 0);
	ck_assert_uint_gt(completed_by(0, 1), 0);
	dsa_model_disable(idxd_site_model(0), 0);
	await_count(load, &fleet.stats->quarantines, 0);
	before = completed_by(0, 1);
	load_await(load, 1000);
	ck_assert_uint_gt(completed_by(0, 1), before);
	dsa_model_enable(idxd_site_model(0), 0);
	await_count(load, &fleet.stats->reopened, 0);
	load_end(load);
	fleet_close(&fleet);
}
END_TEST

START_TEST(a_queue_that_the_administrator_closes_in_use_comes_back_when_he_opens_it)
{
	struct load_result result;
	struct fleet fleet;
	struct load *load;

	open_way(&fleet, (unsigned)_i, 1, 1);
	load = load_begin(&fleet, &endless);
	for (unsigned round = 0; round < 2; round++) {
		const uint64_t quarantines = FLEET_COUNT(&fleet, quarantines);
		const uint64_t reopened = FLEET_COUNT(&fleet, reopened);

		load_await(load, 300);
		dsa_model_disable(idxd_site_model(0), 0);
		await_count(load, &fleet.stats->quarantines, quarantines);
		ck_assert_uint_eq(idxd_live_kinds(fleet.rig.state), 0);
		dsa_model_enable(idxd_site_model(0), 0);
		await_count(load, &fleet.stats->reopened, reopened);
	}
	result = load_end(load);
	/* While there is no queue the engine sends what comes to others. */
	ck_assert_uint_gt(result.full, 0);
	fleet_close(&fleet);
}
END_TEST

START_TEST(when_one_of_two_devices_halts_under_load_the_other_goes_on)
{
	struct fleet fleet;
	struct load *load;
	uint64_t before;

	open_way(&fleet, (unsigned)_i, 2, 1);
	load = load_begin(&fleet, &endless);
	load_await(load, 300);
	dsa_model_halt(idxd_site_model(1));
	await_count(load, &fleet.stats->quarantines, 0);
	before = completed_by(0, 0);
	load_await(load, 1000);
	ck_assert_uint_gt(completed_by(0, 0), before);
	dsa_model_reset(idxd_site_model(1));
	dsa_model_enable(idxd_site_model(1), 0);
	await_count(load, &fleet.stats->reopened, 0);
	load_end(load);
	fleet_close(&fleet);
}
END_TEST

#define VANISHING 48u

START_TEST(when_every_record_vanishes_the_cpu_ends_all_requests_in_time)
{
	const struct load_plan plan = {
		.threads = 1, .inside = VANISHING, .requests = VANISHING, .max_len = MAX_LEN
	};
	struct load_result result;
	struct fleet fleet;
	char why[64];

	open_way(&fleet, (unsigned)_i, 1, 1);
	ck_assert_int_eq(dsa_model_set_knobs(idxd_site_model(0), vanish, why, sizeof(why)), 0);
	result = load_run(&fleet, &plan);
	ck_assert_uint_eq(result.ended, VANISHING);
	ck_assert_uint_ge(result.slowest_ns, DEADLINE * MS);
	/* The deadline of a record, and what the CPU needs, on a machine that does much else. */
	ck_assert_uint_lt(result.slowest_ns, (DEADLINE + 1500) * MS * rig_slowness());
	ck_assert_uint_gt(FLEET_COUNT(&fleet, late), 0);
	ck_assert_uint_gt(FLEET_COUNT(&fleet, by_cpu), 0);
	ck_assert_uint_ge(FLEET_COUNT(&fleet, quarantines), 1);
	fleet_close(&fleet);
}
END_TEST

/* Callers of the middle layer, before and after something has happened to the only device. */
static void
run_callers(const char *words, void (*happen)(void))
{
	struct idxd_site_plan plan;
	struct plan requests[12];
	static char engine[300];
	struct trial trial;

	ck_assert(idxd_site_plan_parse(words, &plan));
	idxd_site_start(&plan);
	snprintf(engine, sizeof(engine), "idxd:%s,deadline=%u", idxd_site_args(),
	    DEADLINE * rig_slowness());
	for (unsigned i = 0; i < 12; i++)
		requests[i] = (struct plan){
			.func = dmover_function_at(i % 6),
			.len = i < 6 ? 1000 + i * 3001 : (size_t)300 << 10,
			.in_pieces = 2,
			.out_pieces = 3,
			.skew = i,
			.seed = i,
			.immediate = { (uint8_t)i },
		};
	trial_start(&trial, engine, (size_t)16 << 20);
	trial_each_way(&trial, requests, 12);
	ck_assert_uint_gt(road_taken_by(&trial.road, "idxd"), 0);
	happen();
	for (unsigned round = 0; round < 3; round++)
		trial_each_way(&trial, requests, 12);
	ck_assert_uint_eq(atomic_load(&trial.road.core.stats.st_failed), 0);
	trial_stop(&trial);
	ck_assert_uint_eq(idxd_site_stats().in_flight, 0);
	idxd_site_stop();
}

static void
disable(void)
{
	dsa_model_disable(idxd_site_model(0), 0);
}

static void
halt(void)
{
	dsa_model_halt(idxd_site_model(0));
}

static void
answer_nothing(void)
{
	char why[64];

	ck_assert_int_eq(dsa_model_set_knobs(idxd_site_model(0), vanish, why, sizeof(why)), 0);
}

static void
fault_always(void)
{
	char why[64];

	ck_assert_int_eq(
	    dsa_model_set_knobs(idxd_site_model(0), "any:fault=0", why, sizeof(why)), 0);
}

static void (*const events[])(void) = { disable, halt, answer_nothing, fault_always };
#define NEVENTS ((int)(sizeof(events) / sizeof(events[0])))

START_TEST(callers_do_not_notice_that_the_only_device_is_gone)
{
	run_callers(idxd_ways[_i % IDXD_WAYS], events[_i / IDXD_WAYS]);
}
END_TEST

TCase *
make_losses(void)
{
	TCase *losses = tcase_create("losses");

	tcase_set_timeout(losses, 120);
	tcase_add_loop_test(
	    losses, when_one_of_two_queues_dies_under_load_the_other_goes_on, 0, IDXD_WAYS);
	tcase_add_loop_test(losses,
	    a_queue_that_the_administrator_closes_in_use_comes_back_when_he_opens_it, 0, IDXD_WAYS);
	tcase_add_loop_test(
	    losses, when_one_of_two_devices_halts_under_load_the_other_goes_on, 0, IDXD_WAYS);
	tcase_add_loop_test(
	    losses, when_every_record_vanishes_the_cpu_ends_all_requests_in_time, 0, IDXD_WAYS);
	tcase_add_loop_test(losses, callers_do_not_notice_that_the_only_device_is_gone, 0,
	    rig_break ? IDXD_WAYS : NEVENTS * IDXD_WAYS);
	return losses;
}
