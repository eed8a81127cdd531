/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_limits.c: arguments, roads, what one submission carries, and what a queue has room for. */
#include "idxd_suites.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "roster.h"
#include "tests/dsa/trap.h"

#define LEN 512u

static sem_t gate, is_there;
static _Atomic unsigned nended;

/* Keeps the engine's thread in a completion until the gate opens. */
static void
wait_at_gate(struct dmover_request *dreq)
{
	(void)dreq;
	sem_post(&is_there);
	while (sem_wait(&gate) != 0)
		continue;
	atomic_fetch_add(&nended, 1);
}

static void
count_end(struct dmover_request *dreq)
{
	(void)dreq;
	atomic_fetch_add(&nended, 1);
}

/* Until N requests have ended. */
static void
await_ends(unsigned n)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	const uint64_t since = load_now();

	while (atomic_load(&nended) < n) {
		rig_demand(load_now() - since < UINT64_C(20000000000) * rig_slowness(),
		    "%u of %u have ended", atomic_load(&nended), n);
		nanosleep(&pause, NULL);
	}
}

/* Copies of LEN bytes, of which the first keeps the engine's thread busy. */
struct crate {
	struct work *works;
	uint8_t *out;
	unsigned n;
};

static void
crate_create(struct crate *crate, const struct fleet *fleet, unsigned n)
{
	crate->n = n;
	crate->works = calloc(n, sizeof(*crate->works));
	crate->out = calloc(n, LEN);
	ck_assert(crate->works != NULL && crate->out != NULL);
	sem_init(&gate, 0, 0);
	sem_init(&is_there, 0, 0);
	atomic_store(&nended, 0);
	for (unsigned i = 0; i < n; i++) {
		struct work *work = &crate->works[i];

		work_init(work, dmover_function_find("copy"), LEN);
		work->in_bytes[0] = fleet->arena.in[0].bytes + i;
		work->out_bytes = crate->out + (size_t)i * LEN;
		work->dreq.dreq_done = i == 0 ? wait_at_gate : count_end;
	}
}

/* The engine's thread is busy with the first one now. */
static void
crate_close_gate(struct crate *crate, const struct fleet *fleet)
{
	struct timespec until;

	ck_assert_int_eq(work_try(&crate->works[0], &fleet->rig), 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RIG_DEADLINE_S * rig_slowness();
	ck_assert_int_eq(sem_timedwait(&is_there, &until), 0);
}

/* Right bytes everywhere. */
static void
crate_check_and_free(struct crate *crate, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		crate->out[(size_t)i * LEN + 7] ^= rig_break;
		rig_demand(memcmp(crate->works[i].in_bytes[0], crate->works[i].out_bytes, LEN) == 0,
		    "copy %u", i);
	}
	for (unsigned i = 0; i < crate->n; i++)
		work_fini(&crate->works[i]);
	free(crate->works);
	free(crate->out);
	sem_destroy(&gate);
	sem_destroy(&is_there);
}

/* What a submission carries: one write(2) for all that is queued when the engine's thread comes. */
START_TEST(sixty_four_queued_requests_reach_the_device_in_at_most_four_writes)
{
	static const char *const words[] = { "write,shared,v1", "write,dedicated,v1",
		"write,shared,v2", "write,dedicated,v2" };
	struct idxd_site_plan plan;
	struct crate crate;
	struct fleet fleet;
	uint64_t writes;

	ck_assert(idxd_site_plan_parse(words[_i], &plan));
	plan.devices[0].queues[0].size = 96;
	fleet_open(&fleet, &plan, NULL);
	crate_create(&crate, &fleet, 65);
	crate_close_gate(&crate, &fleet);
	for (unsigned i = 1; i < 65; i++)
		ck_assert_int_eq(work_try(&crate.works[i], &fleet.rig), 0);
	writes = idxd_site_stats().write_calls;
	sem_post(&gate);
	await_ends(65);
	writes = idxd_site_stats().write_calls - writes;
	ck_assert_msg(writes >= 1 && writes <= 4, "%s: %ju writes", words[_i], (uintmax_t)writes);
	ck_assert_uint_eq(FLEET_COUNT(&fleet, by_cpu), 0);
	crate_check_and_free(&crate, 65);
	fleet_close(&fleet);
}
END_TEST

#define CROWDED 1000u

START_TEST(a_full_engine_says_so_and_goes_on_when_there_is_room)
{
	struct crate crate;
	struct fleet fleet;
	unsigned taken = 1;
	int err = 0;

	fleet_open_words(&fleet, idxd_ways[_i], NULL);
	crate_create(&crate, &fleet, CROWDED);
	crate_close_gate(&crate, &fleet);
	while (err == 0 && taken < CROWDED)
		err = work_try(&crate.works[taken++], &fleet.rig);
	ck_assert_int_eq(err, -EAGAIN);
	ck_assert_uint_ge(taken, 64);
	sem_post(&gate);
	await_ends(taken - 1);
	ck_assert_int_eq(work_submit(&crate.works[taken - 1], &fleet.rig), 0);
	await_ends(taken);
	crate_check_and_free(&crate, taken);
	fleet_close(&fleet);
}
END_TEST

START_TEST(no_queue_is_given_more_than_it_has_room_for)
{
	const struct load_plan load = {
		.threads = 4, .inside = 64, .requests = 3000 / rig_slowness(), .max_len = 9000
	};
	struct idxd_site_plan plan;
	struct dsa_stats stats;
	struct fleet fleet;

	ck_assert(idxd_site_plan_parse(idxd_ways[_i], &plan));
	plan.devices[0].queues[0].size = 8;
	plan.devices[0].queues[0].threshold = plan.devices[0].queues[0].is_dedicated ? 0 : 5;
	fleet_open(&fleet, &plan, "deadline=5000");
	load_run(&fleet, &load);
	stats = idxd_site_stats();
	ck_assert_uint_eq(stats.dropped, 0);
	ck_assert_uint_eq(stats.sw_errors, 0);
	ck_assert_uint_le(stats.in_flight_most, plan.devices[0].queues[0].is_dedicated ? 8 : 5);
	ck_assert_uint_ge(stats.in_flight_most, 2);
	ck_assert_uint_eq(FLEET_COUNT(&fleet, quarantines), 0);
	fleet_close(&fleet);
}
END_TEST

START_TEST(every_slot_of_a_portal_is_used_in_turn)
{
	const struct load_plan load = {
		.threads = 1, .inside = 8, .requests = 200, .max_len = 100000
	};
	const bool is_shared = _i == WAY_PORTAL_SHARED;
	struct trap_counts counts;
	struct fleet fleet;

	fleet_open_words(&fleet, idxd_ways[_i], NULL);
	load_run(&fleet, &load);
	counts = trap_counts();
	ck_assert_uint_eq(counts.slots, UINT64_MAX);
	ck_assert((counts.enqcmd > 0) == is_shared && (counts.movdir64b > 0) == !is_shared);
	ck_assert_uint_eq(idxd_site_stats().write_calls, 0);
	ck_assert_uint_eq(FLEET_COUNT(&fleet, writes), 0);
	fleet_close(&fleet);
}
END_TEST

/* What the device does, and what the CPU does in its place. */
START_TEST(a_device_is_given_only_what_it_can_do)
{
	const struct load_plan load = {
		.threads = 1, .inside = 16, .requests = 600 / rig_slowness() + 60, .max_len = 300000
	};
	struct idxd_site_plan plan = { .has_portal = _i % 2 == 1 };
	struct dsa_model_options *device = &plan.devices[0];
	struct dsa_stats stats;
	struct fleet fleet;

	device->version = _i / 2 == 0 ? DSA_VERSION_1 : DSA_VERSION_3;
	device->no_cache_control = device->no_overlap = true;
	device->nqueues = 1;
	device->queues[0] = (struct dsa_queue_options){
		.max_transfer = 4096,
		.max_batch = 4,
		.disabled_ops = UINT64_C(1) << DSA_OP_CRCGEN | UINT64_C(1) << DSA_OP_NOOP,
	};
	fleet_open(&fleet, &plan, NULL);
	load_run(&fleet, &load);
	stats = idxd_site_stats();
	/* But for the probe, which may not be a NOOP here. */
	ck_assert_uint_le(stats.failed, 1);
	ck_assert_uint_eq(stats.by_opcode[DSA_OP_CRCGEN], 0);
	ck_assert((stats.by_opcode[DSA_OP_REDUCE] > 0) == (device->version == DSA_VERSION_3));
	ck_assert(stats.by_opcode[DSA_OP_FILL] > 0 && stats.by_opcode[DSA_OP_MEMMOVE] > 0);
	ck_assert_uint_eq(FLEET_COUNT(&fleet, bad), 0);
	fleet_close(&fleet);
}
END_TEST

/* Opens the engine over what is there; its answer, with the reason in WHY. */
static int
try_open(const char *args, char *why, size_t len)
{
	const struct dmover_engine *engine = roster_find("idxd");
	void *state = NULL;
	int err;

	snprintf(why, len, "%s", "");
	err = engine->eng_open(args, &state, why, len);
	if (err == 0)
		engine->eng_close(state);
	return err;
}

static void
check_roads(const char *words, const char *road, const char *want)
{
	char extra[32], text[64];
	struct fleet fleet;

	snprintf(extra, sizeof(extra), "road=%s", road);
	fleet_open_words(&fleet, words, extra);
	ck_assert(idxd_describe(fleet.rig.state, 0, text, sizeof(text)));
	ck_assert_str_eq(text, want);
	ck_assert(!idxd_describe(fleet.rig.state, 1, text, sizeof(text)));
	fleet_close(&fleet);
}

START_TEST(the_road_is_the_portal_where_it_can_be_mapped_and_else_write)
{
	struct idxd_site_plan plan;
	char args[300], why[128];

	check_roads("portal,shared", "auto", "wq0.0 portal");
	check_roads("portal,dedicated", "auto", "wq0.0 portal");
	check_roads("portal,dedicated", "portal", "wq0.0 portal");
	check_roads("portal,shared", "write", "wq0.0 write");
	check_roads("write,shared", "auto", "wq0.0 write");
	check_roads("write,dedicated", "auto", "wq0.0 write");
	ck_assert(idxd_site_plan_parse("write,shared", &plan));
	idxd_site_start(&plan);
	snprintf(args, sizeof(args), "%s,road=portal", idxd_site_args());
	ck_assert_int_lt(try_open(args, why, sizeof(why)), 0);
	ck_assert_msg(strstr(why, "CAP_SYS_RAWIO") != NULL, "%s", why);
	idxd_site_stop();
}
END_TEST

START_TEST(queues_are_chosen_by_name_and_what_is_missing_is_said)
{
	struct idxd_site_plan plan;
	char args[300], why[128];
	struct fleet fleet;
	char text[64];

	ck_assert(idxd_site_plan_parse("write,both", &plan));
	fleet_open(&fleet, &plan, "queue=wq0.1");
	ck_assert(idxd_describe(fleet.rig.state, 0, text, sizeof(text)));
	ck_assert_str_eq(text, "wq0.1 write");
	ck_assert(!idxd_describe(fleet.rig.state, 1, text, sizeof(text)));
	/* It is dedicated: nobody else gets it, but the other one is free. */
	snprintf(args, sizeof(args), "%s,queue=wq0.1", idxd_site_args());
	ck_assert_int_eq(try_open(args, why, sizeof(why)), -EBUSY);
	ck_assert_msg(strstr(why, "wq0.1") != NULL, "%s", why);
	ck_assert_int_eq(try_open(idxd_site_args(), why, sizeof(why)), 0);
	snprintf(args, sizeof(args), "%s,queue=wq7", idxd_site_args());
	ck_assert_int_eq(try_open(args, why, sizeof(why)), -ENODEV);
	ck_assert_msg(strstr(why, "wq7") != NULL, "%s", why);
	fleet_close(&fleet);
	ck_assert_int_eq(try_open("sysfs=/nowhere", why, sizeof(why)), -ENODEV);
	ck_assert_msg(strstr(why, "/nowhere") != NULL, "%s", why);
}
END_TEST

START_TEST(a_queue_that_does_not_answer_its_probe_is_not_used)
{
	struct idxd_site_plan plan;
	char why[128];

	ck_assert(idxd_site_plan_parse(
	    _i == 0 ? "write,shared,knobs=noop:never" : "portal,dedicated,knobs=noop:never",
	    &plan));
	idxd_site_start(&plan);
	ck_assert_int_lt(try_open(idxd_site_args(), why, sizeof(why)), 0);
	ck_assert_msg(strstr(why, "wq0.0") != NULL, "%s", why);
	ck_assert_uint_eq(idxd_site_stats().in_flight, 0);
	idxd_site_stop();
}
END_TEST

START_TEST(nothing_spins_when_there_is_nothing_to_do)
{
	const struct timespec pause = { .tv_nsec = 400000000 };
	const struct load_plan load = {
		.threads = 1, .inside = 8, .requests = 50, .max_len = 4096
	};
	struct timespec before, after;
	struct fleet fleet;

	fleet_open_words(&fleet, idxd_ways[_i], NULL);
	load_run(&fleet, &load);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	ck_assert_int_lt(
	    (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec,
	    pause.tv_nsec / 8);
	fleet_close(&fleet);
}
END_TEST

TCase *
make_limits(void)
{
	TCase *limits = tcase_create("limits");

	tcase_set_timeout(limits, 120);
	tcase_add_loop_test(
	    limits, sixty_four_queued_requests_reach_the_device_in_at_most_four_writes, 0, 4);
	tcase_add_loop_test(
	    limits, a_full_engine_says_so_and_goes_on_when_there_is_room, 0, IDXD_WAYS);
	tcase_add_loop_test(limits, no_queue_is_given_more_than_it_has_room_for, 0, IDXD_WAYS);
	tcase_add_loop_test(limits, every_slot_of_a_portal_is_used_in_turn, WAY_PORTAL_SHARED,
	    WAY_PORTAL_DEDICATED + 1);
	tcase_add_loop_test(limits, a_device_is_given_only_what_it_can_do, 0, 4);
	tcase_add_loop_test(limits, nothing_spins_when_there_is_nothing_to_do, 0, IDXD_WAYS);
	/* These look at no answer: --break has nothing to spoil. */
	if (!rig_break) {
		tcase_add_test(
		    limits, the_road_is_the_portal_where_it_can_be_mapped_and_else_write);
		tcase_add_test(limits, queues_are_chosen_by_name_and_what_is_missing_is_said);
		tcase_add_loop_test(
		    limits, a_queue_that_does_not_answer_its_probe_is_not_used, 0, 2);
	}
	return limits;
}
