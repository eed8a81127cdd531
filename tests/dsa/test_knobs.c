/* SPDX-License-Identifier: BSD-2-Clause */
/* test_knobs.c: the language of knobs, and each of them seen by a submitter. */
#include "tests/dsa/test_site.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "tests/dsa/knobs.h"

#define NOOP                                                                                       \
	{                                                                                          \
		0, 0, 0, 0, 0x0c, 0, 0, 0x00                                                       \
	}
#define SIZE 9000u

static const char *const good[] = {
	"",
	"copy:fault=4096:every=3,crc:never:every=100",
	"any@wq0.1:late=2000:chance=10",
	"reduce:wfault=0",
	"any:bfault=0x1000",
	"batch:member=0,batch:list=3,any:list=1",
	"fill:status=0x83:skip=2:count=1",
	"noop:halt,drain:drop,compare:again=5,dualcast:reorder,copycrc:status=32",
};

static const char *const bad[] = {
	"copy",
	"copy:",
	"move:never",
	"copy:sometimes",
	"copy:never:late=1",
	"copy:never=1",
	"copy:late",
	"copy:late=",
	"copy:late=0",
	"copy:late=60000001",
	"copy:late=1x",
	"copy:late=-1",
	"copy:late= 1",
	"copy:status=0",
	"copy:status=256",
	"copy:status=0x",
	"copy:never:every=0",
	"copy:never:chance=0",
	"copy:never:every",
	"copy:never:every=99999999999999999999",
	"crc:bfault=1",
	"copy:member=1",
	"noop:fault=1",
	"copy@wq1.0:never",
	"copy@wq0.8:never",
	"copy@wq0.0x:never",
	"copy@0.0:never",
	"@wq0.0:never",
	":never",
	",",
	"copy:never,",
	",copy:never",
	"copy::never",
};

START_TEST(what_makes_sense_is_parsed)
{
	struct knobs knobs;
	char why[200] = "";

	ck_assert_int_eq(
	    (int)seen((uint64_t)knobs_parse(good[_i], 0, &knobs, why, sizeof(why))), 0);
	ck_assert_str_eq(why, "");
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_with_a_reason)
{
	struct knobs knobs = { .nrules = 77 };
	char why[200] = "";

	ck_assert_int_eq(
	    (int)seen((uint64_t)knobs_parse(bad[_i], 0, &knobs, why, sizeof(why))), -EINVAL);
	ck_assert_str_ne(why, "");
	ck_assert_uint_eq(knobs.nrules, 77);
}
END_TEST

START_TEST(rules_have_a_bound)
{
	static const char rule[] = ",any:never";
	const size_t len = sizeof(rule) - 1;
	struct knobs knobs;
	char text[8192] = "";
	char why[200] = "";

	for (unsigned i = 0; i < KNOBS_MAX; i++)
		memcpy(text + i * len, rule, sizeof(rule));
	ck_assert_int_eq((int)seen((uint64_t)knobs_parse(text + 1, 0, &knobs, why, 200)), 0);
	memcpy(text + KNOBS_MAX * len, rule, sizeof(rule));
	ck_assert_int_eq(knobs_parse(text + 1, 0, &knobs, why, 200), -EINVAL);
	memset(text, 'a', sizeof(text) - 1);
	ck_assert_int_eq(knobs_parse(text, 0, &knobs, why, 200), -EINVAL);
}
END_TEST

/* Which of the first ten NOOPs a rule hits, as bits. */
static unsigned
hits(const char *text)
{
	struct knobs knobs;
	char why[200];
	unsigned bits = 0;

	ck_assert_int_eq(knobs_parse(text, 0, &knobs, why, sizeof(why)), 0);
	for (unsigned i = 0; i < 10; i++) {
		knobs_next(&knobs, 0, 0x04, false);
		knobs_next(&knobs, 1, 0x00, false);
		if (knobs_next(&knobs, 0, 0x00, false).never)
			bits |= 1u << i;
	}
	return (unsigned)seen(bits);
}

START_TEST(rules_hit_whom_they_say)
{
	struct knobs knobs;
	char why[200];
	unsigned n = 0;

	ck_assert_uint_eq(hits("noop@wq0.0:never"), 0x3ff);
	ck_assert_uint_eq(hits("noop@wq0.0:never:every=3"), 0x124);
	ck_assert_uint_eq(hits("noop@wq0.0:never:skip=4"), 0x3f0);
	ck_assert_uint_eq(hits("noop@wq0.0:never:skip=1:every=2:count=3"), 0x054);
	ck_assert_uint_eq(hits("crc:never"), 0);
	ck_assert_uint_eq(hits("any:never:every=3"), 0x3ff); /* each third of all is ours */
	ck_assert_int_eq(knobs_parse("any:never:chance=10", 0, &knobs, why, sizeof(why)), 0);
	for (unsigned i = 0; i < 10000; i++)
		n += knobs_next(&knobs, 0, 0, false).never;
	ck_assert_uint_ge(n, 800);
	ck_assert_uint_le(n, 1200);
}
END_TEST

static void
spoilt_open(struct site *site, const char *knobs)
{
	site_open(site, &(struct dsa_model_options){ .knobs = knobs });
}

/* A copy of SIZE bytes to the middle of the memory. */
static void
put_copy(const struct site *site, uint8_t desc[BYTES])
{
	static const uint8_t copy[BYTES] = { 0, 0, 0, 0, 0x0c, 0, 0, 0x03 };

	memcpy(desc, copy, BYTES);
	put_u32(desc, 32, SIZE);
	put_places(desc, site->record, site->bytes, site->bytes + 24 * PAGE);
	pattern(site->bytes, SIZE, 1);
}

START_TEST(faults_come_at_their_byte)
{
	static const struct {
		const char *knobs;
		uint8_t status;
		bool is_write;
	} cases[] = { { "copy:fault=4097:count=1", 0x03, false },
		{ "copy:wfault=4097:count=1", 0x83, true } };
	uint8_t desc[BYTES], *out;
	struct site site;

	spoilt_open(&site, cases[_i].knobs);
	out = site.bytes + 24 * PAGE;
	put_copy(&site, desc);
	site_run(&site, desc);
	ck_status(&site, cases[_i].status);
	ck_completed(&site, 4097);
	ck_fault_addr(&site, (cases[_i].is_write ? out : site.bytes) + 4097);
	ck_assert(same(site.bytes, out, 4097));
	ck_assert_uint_eq(out[4097], 0);
	ck_assert_uint_eq(site_stats(&site).injected, 1);
	put_places(desc, site.record, site.bytes + 4097, out + 4097);
	put_u32(desc, 32, SIZE - 4097);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_assert(same(site.bytes, out, SIZE));
	site_close(&site);
}
END_TEST

START_TEST(a_copy_can_be_made_to_go_backwards)
{
	uint8_t desc[BYTES], *out;
	struct site site;

	spoilt_open(&site, "copy:bfault=5000:count=1");
	out = site.bytes + 24 * PAGE;
	put_copy(&site, desc);
	site_run(&site, desc);
	ck_status(&site, 0x03);
	ck_result(&site, 1);
	ck_completed(&site, 5000);
	ck_fault_addr(&site, site.bytes + SIZE - 5001);
	ck_assert(same(site.bytes + SIZE - 5000, out + SIZE - 5000, 5000));
	ck_assert_uint_eq(out[SIZE - 5001], 0);
	put_u32(desc, 32, SIZE - 5000);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_assert(same(site.bytes, out, SIZE));
	site_close(&site);
}
END_TEST

START_TEST(a_fault_behind_the_end_is_none)
{
	uint8_t desc[BYTES];
	struct site site;

	spoilt_open(&site, "copy:fault=9000");
	put_copy(&site, desc);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_assert_uint_eq(seen(site_stats(&site).injected), 0);
	site_close(&site);
}
END_TEST

START_TEST(a_status_comes_instead_of_the_work)
{
	uint8_t desc[BYTES];
	struct site site;

	spoilt_open(&site, "copy:status=0xa2:every=2");
	put_copy(&site, desc);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	memset(site.bytes + 24 * PAGE, 0, SIZE);
	site_run(&site, desc);
	ck_status(&site, 0xa2);
	ck_completed(&site, 0);
	for (unsigned i = 0; i < SIZE; i++)
		ck_assert_uint_eq(site.bytes[24 * PAGE + i], 0);
	ck_assert_uint_eq(site_stats(&site).failed, 1);
	site_close(&site);
}
END_TEST

START_TEST(a_record_may_never_come)
{
	uint8_t desc[BYTES];
	struct site site;

	spoilt_open(&site, "copy:never");
	put_copy(&site, desc);
	site_submit(&site, desc);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(seen(site.record[0]), 0);
	ck_assert(same(site.bytes, site.bytes + 24 * PAGE, SIZE));
	ck_assert_uint_eq(site_stats(&site).lost, 1);
	ck_assert_uint_eq(site_stats(&site).in_flight, 0);
	ck_assert(!dsa_model_has_error(site.model));
	site_close(&site);
}
END_TEST

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

START_TEST(what_is_late_comes_late)
{
	uint8_t late[BYTES], other[BYTES] = NOOP;
	struct site site;
	uint64_t since;

	spoilt_open(&site, "copy:late=30000");
	put_copy(&site, late);
	since = now_us();
	site_submit(&site, late);
	put_u64(other, 8, (uintptr_t)site.record + 32);
	site_submit(&site, other);
	site_wait(site.record + 32);
	site_wait(site.record);
	ck_assert_uint_ge(now_us() - since, site_is_broken ? 60000000 : 30000);
	ck_assert(same(site.bytes, site.bytes + 24 * PAGE, SIZE));
	site_close(&site);
}
END_TEST

/* The first sees what the second has written. */
START_TEST(what_is_reordered_comes_behind_the_next)
{
	uint8_t first[BYTES], second[2 * BYTES];
	struct site site;

	spoilt_open(&site, "copy:reorder:count=1");
	put_copy(&site, first);
	put_copy(&site, second);
	memcpy(second + BYTES, second, BYTES);
	memcpy(second, first, BYTES);
	put_places(second + BYTES, site.record + 32, site.bytes + PAGE, site.bytes);
	put_u32(second + BYTES, 32, 1);
	site.bytes[PAGE] = (uint8_t)(site.bytes[0] + 1);
	ck_assert_int_eq(dsa_client_write(site.client, second, 2 * BYTES), 2 * BYTES);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(seen(site.bytes[24 * PAGE]), site.bytes[PAGE]);
	/* Alone, it is only late. */
	ck_assert_int_eq(dsa_model_set_knobs(site.model, "copy:reorder", NULL, 0), 0);
	site_run(&site, first);
	ck_status(&site, 0x01);
	site_close(&site);
}
END_TEST

START_TEST(a_submission_is_refused_so_many_times)
{
	uint8_t desc[BYTES];
	struct site site;
	unsigned refused = 0;

	spoilt_open(&site, "copy:again=7:every=2");
	put_copy(&site, desc);
	site_run(&site, desc);
	ck_assert_uint_eq(site_stats(&site).refused, 0);
	memset(site.record, 0, 32);
	while (_i == 0 ? dsa_client_write(site.client, desc, BYTES) == -EAGAIN
		       : !dsa_client_enqcmd(site.client, desc))
		refused++;
	ck_assert_uint_eq(seen(refused), 7);
	dsa_client_drain(site.client);
	ck_status(&site, 0x01);
	ck_assert_uint_eq(site_stats(&site).refused, 7);
	site_close(&site);
}
END_TEST

START_TEST(what_is_dropped_was_accepted)
{
	uint8_t desc[BYTES];
	struct site site;

	spoilt_open(&site, "copy:drop:count=1");
	put_copy(&site, desc);
	site_submit(&site, desc);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(seen(site.record[0]), 0);
	ck_assert_uint_eq(site.bytes[24 * PAGE], 0);
	ck_assert_uint_eq(site_stats(&site).submitted, 1);
	ck_assert_uint_eq(site_stats(&site).dropped, 1);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	site_close(&site);
}
END_TEST

START_TEST(a_device_halts_in_the_middle)
{
	uint8_t desc[BYTES], noop[BYTES] = NOOP;
	struct site site;

	spoilt_open(&site, "copy:halt,noop:late=60000000");
	put_u64(noop, 8, (uintptr_t)site.record + 32);
	site_submit(&site, noop);
	put_copy(&site, desc);
	site_submit(&site, desc);
	dsa_client_drain(site.client);
	ck_assert(dsa_model_is_halted(site.model));
	ck_assert_uint_eq(seen(site.record[0]), 0);
	ck_assert_uint_eq(site.record[32], 0);
	ck_assert_uint_eq(site_stats(&site).abandoned, 2);
	ck_assert_int_eq(dsa_client_write(site.client, desc, BYTES), -EAGAIN);
	site_close(&site);
}
END_TEST

START_TEST(several_rules_add_up)
{
	uint8_t desc[BYTES];
	struct site site;

	spoilt_open(&site, "copy:late=1000,any:fault=10,any:never:skip=1");
	put_copy(&site, desc);
	site_run(&site, desc);
	ck_status(&site, 0x03);
	ck_completed(&site, 10);
	memset(site.record, 0, 32);
	site_submit(&site, desc);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(site.record[0], 0);
	site_close(&site);
}
END_TEST

/* The system resolves the fault, which the submitter never sees. */
START_TEST(a_fault_that_blocks_is_not_seen)
{
	const struct dsa_model_options options = {
		.knobs = "copy:fault=100",
		.queues = { { .may_block_on_fault = true } },
	};
	uint8_t desc[BYTES];
	struct site site;

	site_open(&site, &options);
	put_copy(&site, desc);
	desc[4] |= 0x02;
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_assert(same(site.bytes, site.bytes + 24 * PAGE, SIZE));
	site_close(&site);
}
END_TEST

TCase *
test_knobs(void)
{
	TCase *tcase = tcase_create("knobs");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_makes_sense_is_parsed, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(
	    tcase, what_makes_no_sense_is_refused_with_a_reason, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tcase, rules_have_a_bound);
	tcase_add_test(tcase, rules_hit_whom_they_say);
	tcase_add_loop_test(tcase, faults_come_at_their_byte, 0, 2);
	tcase_add_test(tcase, a_copy_can_be_made_to_go_backwards);
	tcase_add_test(tcase, a_fault_behind_the_end_is_none);
	tcase_add_test(tcase, a_status_comes_instead_of_the_work);
	tcase_add_test(tcase, a_record_may_never_come);
	tcase_add_test(tcase, what_is_late_comes_late);
	tcase_add_test(tcase, what_is_reordered_comes_behind_the_next);
	tcase_add_loop_test(tcase, a_submission_is_refused_so_many_times, 0, 2);
	tcase_add_test(tcase, what_is_dropped_was_accepted);
	tcase_add_test(tcase, a_device_halts_in_the_middle);
	tcase_add_test(tcase, several_rules_add_up);
	tcase_add_test(tcase, a_fault_that_blocks_is_not_seen);
	return tcase;
}
