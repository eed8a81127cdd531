/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_mover.c: the whole engine, over queues that do not always do what they should. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engines/idxd/idxd.h"
#include "engines/table.h"
#include "fake.h"
#include "idxd_fake.h"

#define LEN      256u
#define REQUESTS 64u

#define WAIT_SECONDS 60

/* One request, over its own memory. */
struct errand {
	struct dmover_request dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	uint8_t from[LEN], to[LEN];
	sem_t *ended;
	unsigned nends;
	unsigned nclosed; /* opens that were closed by its end */
};

struct site {
	void *engine;
	sem_t ended;
	struct errand errands[REQUESTS];
};

static void
errand_done(struct dmover_request *dreq)
{
	struct errand *errand = dreq->dreq_arg;

	errand->nends++;
	errand->nclosed = atomic_load(&idxd_fake.nclosed);
	sem_post(errand->ended);
}

static void
errand_init(struct site *site, unsigned i, const char *func)
{
	struct errand *errand = &site->errands[i];

	memset(errand, 0, sizeof(*errand));
	errand->ended = &site->ended;
	errand->dreq.dreq_func = dmover_function_find(func);
	errand->dreq.dreq_len = LEN;
	errand->dreq.dreq_in = errand->in;
	errand->dreq.dreq_done = errand_done;
	errand->dreq.dreq_arg = errand;
	errand->dreq.dreq_error = -1;
	for (unsigned k = 0; k < errand->dreq.dreq_func->dfn_ninputs; k++) {
		errand->in[k].buf_type = DMOVER_BUF_LINEAR;
		errand->in[k].buf_linear = errand->from;
	}
	if (errand->dreq.dreq_func->dfn_has_output) {
		errand->dreq.dreq_out.buf_type = DMOVER_BUF_LINEAR;
		errand->dreq.dreq_out.buf_linear = errand->to;
	}
	for (unsigned b = 0; b < LEN; b++)
		errand->from[b] = (uint8_t)(b * 7 + i);
}

static void
site_open(struct site *site, const char *args)
{
	char why[128];
	int err = idxd_open_by(&idxd_fake_door, args, &site->engine, why, sizeof(why));

	ck_assert_msg(err == 0, "%s", why);
	sem_init(&site->ended, 0, 0);
}

static void
site_close(struct site *site)
{
	idxd_engine.eng_close(site->engine);
	ck_assert_uint_eq(atomic_load(&idxd_fake.nopen), atomic_load(&idxd_fake.nclosed));
	sem_destroy(&site->ended);
	idxd_fake_fini();
}

static int
submit(struct site *site, unsigned i, const char *func)
{
	errand_init(site, i, func);
	return idxd_engine.eng_submit(site->engine, &site->errands[i].dreq);
}

/* Submits N of them. */
static void
submit_all(struct site *site, unsigned n, const char *func)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(submit(site, i, func), 0);
}

/* The same, with the first one kept in its call until all the others are inside. */
static void
submit_together(struct site *site, unsigned n, const char *func)
{
	atomic_store(&idxd_fake.is_gated, true);
	ck_assert_int_eq(submit(site, 0, func), 0);
	unit_take(&idxd_fake.entered);
	for (unsigned i = 1; i < n; i++)
		ck_assert_int_eq(submit(site, i, func), 0);
	sem_post(&idxd_fake.go);
}

/* Each of N has ended once and well. */
static void
wait_and_check(struct site *site, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		unit_take(&site->ended);
	for (unsigned i = 0; i < n; i++) {
		const struct errand *errand = &site->errands[i];
		const uint32_t crc = model_crc(0, errand->from, LEN);
		const uint8_t sum[4] = { (uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
			(uint8_t)(crc >> 24) };

		same_int(errand->nends, 1);
		same_int(errand->dreq.dreq_error, 0);
		if (errand->dreq.dreq_func->dfn_has_output)
			same_bytes(errand->to, errand->from, LEN);
		else
			same_bytes(errand->dreq.dreq_result, sum, sizeof(sum));
	}
}

static uint64_t
counted(const atomic_uint_fast64_t *count)
{
	return atomic_load(count);
}

/* The queue that was put into quarantine is live again: it is opened, probed, and then given back. */
static void
wait_for_return(struct site *site)
{
	const time_t until = time(NULL) + WAIT_SECONDS;

	for (unsigned i = 0; i < 2; i++)
		unit_take(&idxd_fake.opened);
	while (idxd_live_kinds(site->engine) == 0) {
		ck_assert_msg(time(NULL) < until, "it does not come back");
		sched_yield();
	}
}

START_TEST(what_waits_for_a_call_goes_with_the_next_one)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, NULL);
	atomic_store(&idxd_fake.is_gated, true);
	ck_assert_int_eq(submit(&site, 0, "copy"), 0);
	unit_take(&idxd_fake.entered);
	for (unsigned i = 1; i < REQUESTS; i++)
		ck_assert_int_eq(submit(&site, i, i % 2 == 0 ? "copy" : "iscsi-crc32c"), 0);
	sem_post(&idxd_fake.go);
	wait_and_check(&site, REQUESTS);
	same_size(atomic_load(&idxd_fake.ndescs), REQUESTS + 1); /* and the probe */
	same_size(atomic_load(&idxd_fake.nwrites), 2);
	site_close(&site);
}
END_TEST

START_TEST(more_than_a_queue_holds_goes_in_turns)
{
	struct site site;

	idxd_fake_init(1);
	idxd_fake.queues[0].is_shared = false;
	idxd_fake.queues[0].size = 16;
	site_open(&site, NULL);
	submit_together(&site, REQUESTS, "copy");
	wait_and_check(&site, REQUESTS);
	same_size(atomic_load(&idxd_fake.ndescs), REQUESTS + 1);
	holds(atomic_load(&idxd_fake.nwrites) <= 9);
	site_close(&site);
}
END_TEST

START_TEST(a_batch_that_the_kernel_refuses_goes_one_by_one)
{
	struct site site;

	idxd_fake_init(1);
	idxd_fake.queues[0].version = 0x200;
	idxd_fake.no_batches = true;
	site_open(&site, NULL);
	submit_together(&site, REQUESTS, "copy");
	wait_and_check(&site, REQUESTS);
	same_size(counted(&idxd_stats(site.engine)->batches), 0);
	same_size(counted(&idxd_stats(site.engine)->by_cpu), 0);
	site_close(&site);
}
END_TEST

START_TEST(a_batch_takes_one_place)
{
	struct site site;

	idxd_fake_init(1);
	idxd_fake.queues[0].version = 0x200;
	site_open(&site, NULL);
	submit_together(&site, REQUESTS, "copy");
	wait_and_check(&site, REQUESTS);
	same_size(counted(&idxd_stats(site.engine)->batches), 2);
	same_size(atomic_load(&idxd_fake.ndescs), 4); /* the probe, the first, and two batches */
	site_close(&site);
}
END_TEST

START_TEST(what_vanishes_is_done_by_the_cpu_after_the_queue_is_closed)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, "deadline=20");
	atomic_store(&idxd_fake.way, IDXD_FAKE_VANISHES);
	submit_all(&site, 1, "iscsi-crc32c");
	wait_and_check(&site, 1);
	same_size(site.errands[0].nclosed, 1);
	same_size(counted(&idxd_stats(site.engine)->late), 1);
	same_size(counted(&idxd_stats(site.engine)->quarantines), 1);
	same_size(counted(&idxd_stats(site.engine)->by_cpu), 1);
	site_close(&site);
}
END_TEST

START_TEST(bad_records_end_in_quarantine_and_the_queue_comes_back)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, NULL);
	idxd_fake.status = 0x10;
	atomic_store(&idxd_fake.way, IDXD_FAKE_SPOILS);
	submit_together(&site, 8, "copy");
	wait_and_check(&site, 8);
	same_size(counted(&idxd_stats(site.engine)->quarantines), 1);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	wait_for_return(&site);
	submit_all(&site, 8, "copy");
	wait_and_check(&site, 8);
	same_size(counted(&idxd_stats(site.engine)->by_cpu), 8);
	site_close(&site);
}
END_TEST

START_TEST(a_few_bad_records_are_no_reason)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, NULL);
	idxd_fake.status = 0x20;
	for (unsigned i = 0; i < 32; i++) {
		const bool is_bad = i % 16 == 15;

		atomic_store(&idxd_fake.way, is_bad ? IDXD_FAKE_SPOILS : IDXD_FAKE_WORKS);
		submit_all(&site, 1, "copy");
		wait_and_check(&site, 1);
	}
	same_size(counted(&idxd_stats(site.engine)->bad), 2);
	same_size(counted(&idxd_stats(site.engine)->quarantines), 0);
	site_close(&site);
}
END_TEST

START_TEST(a_queue_that_stays_full_holds_nobody_up)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, NULL);
	atomic_store(&idxd_fake.way, IDXD_FAKE_IS_FULL);
	submit_all(&site, 8, "copy");
	wait_and_check(&site, 8);
	same_size(counted(&idxd_stats(site.engine)->by_cpu), 8);
	same_size(counted(&idxd_stats(site.engine)->quarantines), 0);
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	submit_all(&site, 8, "copy");
	wait_and_check(&site, 8);
	same_size(counted(&idxd_stats(site.engine)->by_cpu), 8);
	site_close(&site);
}
END_TEST

START_TEST(another_queue_takes_over)
{
	struct site site;

	idxd_fake_init(2);
	idxd_fake.queues[1].ops[0] = UINT64_C(1) << 0x03; /* moves alone */
	site_open(&site, NULL);
	submit_all(&site, 8, "iscsi-crc32c");
	wait_and_check(&site, 8);
	submit_all(&site, 8, "copy");
	wait_and_check(&site, 8);
	same_size(counted(&idxd_stats(site.engine)->by_cpu), 0);
	same_size(idxd_live_kinds(site.engine), DMOVER_F_ALL & ~DMOVER_F(DMOVER_KIND_XOR));
	site_close(&site);
}
END_TEST

START_TEST(without_any_queue_left_the_answer_is_full)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, NULL);
	idxd_fake.error = -ENXIO;
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	submit_all(&site, 1, "copy");
	wait_and_check(&site, 1);
	same_size(idxd_live_kinds(site.engine), 0);
	same_int(submit(&site, 0, "copy"), -EAGAIN);
	site_close(&site);
}
END_TEST

START_TEST(what_no_queue_can_do_is_done_by_the_cpu)
{
	struct site site;

	idxd_fake_init(1);
	idxd_fake.queues[0].ops[0] = UINT64_C(1) << 0x10;
	site_open(&site, NULL);
	same_size(idxd_live_kinds(site.engine), DMOVER_F(DMOVER_KIND_CRC32C));
	submit_all(&site, 4, "copy");
	wait_and_check(&site, 4);
	same_size(atomic_load(&idxd_fake.nwrites), 0);
	site_close(&site);
}
END_TEST

START_TEST(uios_are_not_for_this_engine)
{
	struct site site;

	idxd_fake_init(1);
	site_open(&site, NULL);
	errand_init(&site, 0, "copy");
	site.errands[0].in[0].buf_type = DMOVER_BUF_UIO;
	same_int(idxd_engine.eng_submit(site.engine, &site.errands[0].dreq), -EOPNOTSUPP);
	site_close(&site);
}
END_TEST

/* What idxd_open_by() answers, with PART in the reason. */
static void
refused(const char *args, int want, const char *part)
{
	char why[128] = "";
	void *state;

	same_int(idxd_open_by(&idxd_fake_door, args, &state, why, sizeof(why)), want);
	ck_assert_msg((strstr(why, part) != NULL) != (unit_break == 1), "\"%s\"", why);
}

START_TEST(where_nothing_can_be_opened_the_reason_is_that_of_the_best_queue)
{
	struct queue_finding *findings = idxd_fake.queues[1].findings;

	idxd_fake_init(0);
	refused("road=", -EINVAL, "road");
	refused(NULL, -ENODEV, "there is no device");
	idxd_fake_init(2);
	refused("queue=wq7", -ENODEV, "wq7");
	for (unsigned i = 0; i < 2; i++) {
		idxd_fake.queues[i].is_usable = false;
		idxd_fake.queues[i].nfindings = i + 1;
	}
	idxd_fake.queues[0].findings[0].is_needed = true;
	findings[0] = (struct queue_finding){ .what = "first", .is_needed = true, .is_good = true };
	findings[1] = (struct queue_finding){ .what = "second", .is_needed = true };
	refused(NULL, -ENODEV, "wq0.1: not so: second");
	idxd_fake_init(1);
	idxd_fake.open_error = -EACCES;
	refused(NULL, -EACCES, strerror(EACCES));
	idxd_fake_fini();
}
END_TEST

START_TEST(it_says_which_queues_it_uses_and_how)
{
	struct site site;
	char text[64];

	idxd_fake_init(2);
	site_open(&site, NULL);
	holds(idxd_describe(site.engine, 1, text, sizeof(text)));
	same_text(text, "wq0.1 write");
	holds(!idxd_describe(site.engine, 2, text, sizeof(text)));
	site_close(&site);
}
END_TEST

static void
add_losses(TCase *tc)
{
	tcase_add_test(tc, what_vanishes_is_done_by_the_cpu_after_the_queue_is_closed);
	tcase_add_test(tc, bad_records_end_in_quarantine_and_the_queue_comes_back);
	tcase_add_test(tc, a_few_bad_records_are_no_reason);
	tcase_add_test(tc, a_queue_that_stays_full_holds_nobody_up);
	tcase_add_test(tc, another_queue_takes_over);
	tcase_add_test(tc, without_any_queue_left_the_answer_is_full);
}

TCase *
unit_idxd_mover(void)
{
	TCase *tc = unit_case("idxd mover");

	tcase_add_test(tc, what_waits_for_a_call_goes_with_the_next_one);
	tcase_add_test(tc, more_than_a_queue_holds_goes_in_turns);
	tcase_add_test(tc, a_batch_that_the_kernel_refuses_goes_one_by_one);
	tcase_add_test(tc, a_batch_takes_one_place);
	add_losses(tc);
	tcase_add_test(tc, what_no_queue_can_do_is_done_by_the_cpu);
	tcase_add_test(tc, uios_are_not_for_this_engine);
	tcase_add_test(tc, where_nothing_can_be_opened_the_reason_is_that_of_the_best_queue);
	tcase_add_test(tc, it_says_which_queues_it_uses_and_how);
	return tc;
}
