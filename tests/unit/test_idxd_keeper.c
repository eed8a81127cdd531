/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_keeper.c: the whole engine, over queues that do not do what they should. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "engines/idxd/wait.h"
#include "idxd_errands.h"

#define WAIT_SECONDS 60

START_TEST(what_vanishes_is_done_by_the_cpu_after_the_queue_is_closed)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, "deadline=20");
	atomic_store(&idxd_fake.way, IDXD_FAKE_VANISHES);
	errands_submit_all(&errands, 1, "copy");
	errands_check(&errands, 1);
	same_size(errands.each[0].nclosed, 1);
	same_size(ERRANDS_COUNT(&errands, late), 1);
	same_size(ERRANDS_COUNT(&errands, quarantines), 1);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 1);
	errands_close(&errands);
}
END_TEST

START_TEST(bad_records_end_in_quarantine_and_the_queue_comes_back)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	idxd_fake.status = 0x10;
	atomic_store(&idxd_fake.way, IDXD_FAKE_SPOILS);
	errands_submit_together(&errands, 8, "copy");
	errands_check(&errands, 8);
	same_size(ERRANDS_COUNT(&errands, quarantines), 1);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	errands_await_return(&errands);
	errands_submit_all(&errands, 8, "copy");
	errands_check(&errands, 8);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 8);
	errands_close(&errands);
}
END_TEST

START_TEST(a_few_bad_records_are_no_reason)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	idxd_fake.status = 0x20;
	for (unsigned i = 0; i < 32; i++) {
		const bool is_bad = i % 16 == 15;

		atomic_store(&idxd_fake.way, is_bad ? IDXD_FAKE_SPOILS : IDXD_FAKE_WORKS);
		errands_submit_all(&errands, 1, "copy");
		errands_check(&errands, 1);
	}
	same_size(ERRANDS_COUNT(&errands, bad), 2);
	same_size(ERRANDS_COUNT(&errands, quarantines), 0);
	errands_close(&errands);
}
END_TEST

/* What is copied is done by the queue again, once it has room. */
static void
await_room(struct errands *errands)
{
	const time_t until = time(NULL) + WAIT_SECONDS;
	uint64_t by_cpu;

	do {
		ck_assert_msg(time(NULL) < until, "the queue is not used again");
		by_cpu = ERRANDS_COUNT(errands, by_cpu);
		errands_submit_all(errands, 1, "copy");
		errands_check(errands, 1);
	} while (ERRANDS_COUNT(errands, by_cpu) != by_cpu);
}

START_TEST(queues_that_stay_full_hold_nobody_up)
{
	const unsigned nqueues = 1u << _i;
	struct errands errands;

	idxd_fake_init(nqueues);
	errands_open(&errands, NULL);
	unit_take(&idxd_fake.surveyed);
	atomic_store(&idxd_fake.way, IDXD_FAKE_IS_FULL);
	errands_submit_all(&errands, 8, "copy");
	errands_check(&errands, 8);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 8);
	/* 20 us between two looks at a queue, for 1 ms; then one for each request. */
	holds(ERRANDS_COUNT(&errands, full) <= nqueues * (50 + 8));
	/* Until it is clear that they are full and no more: that is no error. */
	while (!unit_try(&idxd_fake.surveyed)) {
		errands_submit_all(&errands, 1, "copy");
		errands_check(&errands, 1);
	}
	same_size(ERRANDS_COUNT(&errands, quarantines), 0);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	await_room(&errands);
	same_size(atomic_load(&idxd_fake.nclosed), 0);
	errands_close(&errands);
}
END_TEST

START_TEST(a_full_queue_that_is_disabled_is_left_until_it_is_enabled)
{
	const time_t until = time(NULL) + WAIT_SECONDS;
	struct dsa_queue queue;
	struct errands errands;

	idxd_fake_init(1);
	queue = idxd_fake.queues[0];
	errands_open(&errands, NULL);
	atomic_store(&idxd_fake.way, IDXD_FAKE_IS_FULL);
	queue.is_usable = false;
	idxd_fake_change(0, &queue);
	while (idxd_live_kinds(errands.engine) != 0) {
		const int err = errands_submit(&errands, 0, "copy");

		ck_assert_msg(time(NULL) < until, "the queue is not left");
		if (err == 0)
			errands_check(&errands, 1);
	}
	same_size(ERRANDS_COUNT(&errands, quarantines), 1);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	queue.is_usable = true;
	idxd_fake_change(0, &queue);
	errands_await_return(&errands);
	await_room(&errands);
	errands_close(&errands);
}
END_TEST

START_TEST(a_sum_ends_in_time_although_the_close_takes_long)
{
	struct errands errands;

	idxd_fake_init(2);
	idxd_fake.queues[0].ops[0] = UINT64_C(1) << IDXD_OP_CRCGEN;
	idxd_fake.queues[1].ops[0] = UINT64_C(1) << IDXD_OP_MEMMOVE;
	errands_open(&errands, "deadline=200");
	atomic_store(&idxd_fake.is_close_gated, true);
	atomic_store(&idxd_fake.way, IDXD_FAKE_VANISHES);
	ck_assert_int_eq(errands_submit(&errands, 0, "iscsi-crc32c"), 0);
	unit_take(&idxd_fake.closing);
	unit_take(&errands.ended);
	same_size(errands.each[0].nclosed, 0);
	same_size(ERRANDS_COUNT(&errands, requests), 1);
	/* The record that comes late is that of nobody else. */
	ck_assert_int_eq(errands_submit(&errands, 1, "copy"), 0);
	sem_post(&idxd_fake.may_close);
	sem_post(&errands.ended);
	errands_check(&errands, 2);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 2);
	same_size(ERRANDS_COUNT(&errands, late), 2);
	errands_close(&errands);
}
END_TEST

START_TEST(the_deadline_counts_from_the_end_of_the_call)
{
	const uint64_t deadline = 20 * IDXD_NS_PER_MS;
	struct errands errands;
	uint64_t since;

	idxd_fake_init(1);
	errands_open(&errands, "deadline=20");
	atomic_store(&idxd_fake.way, IDXD_FAKE_VANISHES);
	atomic_store(&idxd_fake.is_gated, true);
	since = idxd_now();
	ck_assert_int_eq(errands_submit(&errands, 0, "copy"), 0);
	unit_take(&idxd_fake.entered);
	while (idxd_now() - since < 2 * deadline)
		sched_yield();
	since = idxd_now();
	sem_post(&idxd_fake.go);
	errands_check(&errands, 1);
	holds(idxd_now() - since >= deadline);
	errands_close(&errands);
}
END_TEST

START_TEST(what_is_taken_beyond_what_there_was_waits_for_the_close)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	atomic_store(&idxd_fake.way, IDXD_FAKE_VANISHES);
	idxd_fake.extra = 1;
	errands_submit_together(&errands, 8, "copy");
	errands_check(&errands, 8);
	same_size(errands.each[0].nclosed, 1);
	same_size(ERRANDS_COUNT(&errands, descriptors), 1);
	same_size(ERRANDS_COUNT(&errands, quarantines), 1);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 8);
	same_size(ERRANDS_COUNT(&errands, late), 0);
	errands_close(&errands);
}
END_TEST

/* Eight members without a record, in a batch whose record has this status. */
static const struct {
	uint8_t status;
	bool has_stopped; /* they are not under way, and go one by one; else nobody knows */
} batch_ends[] = {
	{ 0x06, true },
	{ 0x10, true },
	{ 0x14, true },
	{ 0x1e, true },
	{ 0x02, false },
	{ 0x1f, false },
	{ 0x20, false },
	{ 0x3f, false },
};
#define NBATCH_ENDS ((int)(sizeof(batch_ends) / sizeof(batch_ends[0])))

START_TEST(members_of_a_batch_that_may_be_under_way_wait_for_the_close)
{
	const bool has_stopped = batch_ends[_i].has_stopped;
	struct errands errands;

	idxd_fake_init(1);
	idxd_fake.queues[0].version = 0x200;
	errands_open(&errands, NULL);
	idxd_fake.status = batch_ends[_i].status;
	atomic_store(&idxd_fake.way, IDXD_FAKE_SPOILS_BATCHES);
	errands_submit_together(&errands, 9, "copy");
	errands_check(&errands, 9);
	same_size(ERRANDS_COUNT(&errands, batches), 1);
	same_size(ERRANDS_COUNT(&errands, bad), batch_ends[_i].status == 0x06 ? 0 : 1);
	same_size(ERRANDS_COUNT(&errands, quarantines), has_stopped ? 0 : 1);
	same_size(ERRANDS_COUNT(&errands, by_cpu), has_stopped ? 0 : 8);
	for (unsigned i = 1; i < 9; i++)
		same_size(errands.each[i].nclosed, has_stopped ? 0 : 1);
	errands_close(&errands);
}
END_TEST

START_TEST(a_queue_comes_back_as_the_administrator_has_made_it_since)
{
	struct dsa_queue queue;
	struct errands errands;

	idxd_fake_init(1);
	queue = idxd_fake.queues[0];
	errands_open(&errands, NULL);
	queue.is_usable = false;
	idxd_fake_change(0, &queue);
	idxd_fake.error = -ENXIO;
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	errands_submit_all(&errands, 1, "copy");
	errands_check(&errands, 1);
	/* That of the open, and two while it is disabled, which is not tried. */
	for (unsigned i = 0; i < 3; i++)
		unit_take(&idxd_fake.surveyed);
	same_size(atomic_load(&idxd_fake.nopen), 1);
	same_size(idxd_live_kinds(errands.engine), 0);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	queue.is_usable = true;
	queue.size = queue.threshold = 8;
	queue.max_transfer = ERRAND_LEN / 4;
	queue.ops[0] = UINT64_C(1) << IDXD_OP_CRCGEN;
	idxd_fake_change(0, &queue);
	errands_await_return(&errands);
	same_size(idxd_live_kinds(errands.engine), DMOVER_F(DMOVER_KIND_CRC32C));
	errands_submit_together(&errands, 32, "iscsi-crc32c");
	errands_check(&errands, 32);
	/* What no queue can do any more is the CPU's, and waits for none. */
	errands_submit_all(&errands, 1, "copy");
	errands_check(&errands, 1);
	same_size(atomic_load(&idxd_fake.ndescs), 2 + 32 * 4); /* and two probes */
	same_size(atomic_load(&idxd_fake.most), 8);
	errands_close(&errands);
}
END_TEST

START_TEST(queues_are_described_while_they_come_and_go)
{
	const time_t until = time(NULL) + WAIT_SECONDS;
	struct errands errands;
	char text[64];

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	idxd_fake.error = -ENXIO;
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	errands_submit_all(&errands, 1, "copy");
	errands_check(&errands, 1);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	while (ERRANDS_COUNT(&errands, reopened) == 0) {
		holds(idxd_describe(errands.engine, 0, text, sizeof(text)));
		same_text(text, "wq0.0 write");
		ck_assert_msg(time(NULL) < until, "it does not come back");
	}
	errands_close(&errands);
}
END_TEST

START_TEST(without_any_queue_left_the_answer_is_full)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	idxd_fake.error = -ENXIO;
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	errands_submit_all(&errands, 1, "copy");
	errands_check(&errands, 1);
	same_size(idxd_live_kinds(errands.engine), 0);
	same_int(errands_submit(&errands, 0, "copy"), -EAGAIN);
	errands_close(&errands);
}
END_TEST

TCase *
unit_idxd_keeper(void)
{
	TCase *tc = unit_case("idxd keeper");

	tcase_add_test(tc, what_vanishes_is_done_by_the_cpu_after_the_queue_is_closed);
	tcase_add_test(tc, bad_records_end_in_quarantine_and_the_queue_comes_back);
	tcase_add_test(tc, a_few_bad_records_are_no_reason);
	tcase_add_loop_test(tc, queues_that_stay_full_hold_nobody_up, 0, 3);
	tcase_add_test(tc, a_full_queue_that_is_disabled_is_left_until_it_is_enabled);
	tcase_add_test(tc, a_sum_ends_in_time_although_the_close_takes_long);
	tcase_add_test(tc, the_deadline_counts_from_the_end_of_the_call);
	tcase_add_test(tc, what_is_taken_beyond_what_there_was_waits_for_the_close);
	tcase_add_loop_test(
	    tc, members_of_a_batch_that_may_be_under_way_wait_for_the_close, 0, NBATCH_ENDS);
	tcase_add_test(tc, a_queue_comes_back_as_the_administrator_has_made_it_since);
	tcase_add_test(tc, queues_are_described_while_they_come_and_go);
	tcase_add_test(tc, without_any_queue_left_the_answer_is_full);
	return tc;
}
