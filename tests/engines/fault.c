/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: each knob of the fault engine is noticed by whoever submits to it. */
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LEN 1000u
#define MS  UINT64_C(1000000)

/* A copy of patterned bytes, and the time at which it was submitted. */
struct copying {
	struct work work;
	struct timespec since;
	uint8_t in[LEN], out[LEN];
};

static const struct dmover_engine *
find_engine(const char *name)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (strcmp(dmover_engines[i]->eng_name, name) == 0)
			return dmover_engines[i];
	ck_abort_msg("no engine is called %s", name);
	return NULL;
}

static void
open_fault(struct rig *rig, const char *args)
{
	rig_open(rig, find_engine("fault"), args);
}

static void
copying_init(struct copying *copying)
{
	work_init(&copying->work, dmover_function_find("copy"), LEN);
	for (unsigned i = 0; i < LEN; i++)
		copying->in[i] = (uint8_t)(i * 7 + 1);
	memset(copying->out, 0, LEN);
	copying->work.in_bytes[0] = copying->in;
	copying->work.out_bytes = copying->out;
	clock_gettime(CLOCK_MONOTONIC, &copying->since);
}

/* Bits that differ between what should have been copied and what was. */
static unsigned
wrong_bits(const struct copying *copying)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < LEN; i++)
		bits += (unsigned)__builtin_popcount(copying->in[i] ^ copying->out[i]);
	return bits;
}

static uint64_t
elapsed_ns(const struct copying *copying)
{
	return (uint64_t)(copying->work.at.tv_sec - copying->since.tv_sec) * 1000 * MS +
	       (uint64_t)copying->work.at.tv_nsec - (uint64_t)copying->since.tv_nsec;
}

static void
submit_all(struct copying *copyings, unsigned n, const struct rig *rig)
{
	for (unsigned i = 0; i < n; i++) {
		copying_init(&copyings[i]);
		ck_assert_int_eq(work_try(&copyings[i].work, rig), 0);
	}
}

static void
wait_all(struct copying *copyings, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ck_assert(work_wait(&copyings[i].work));
		ck_assert_int_eq(copyings[i].work.ends, 1);
		ck_assert_ptr_eq(copyings[i].work.dreq.dreq_arg, &copyings[i].work);
	}
}

START_TEST(every_third_request_gets_the_named_error)
{
	struct copying copying;
	struct rig rig;

	open_fault(&rig, "every=3,error=EFAULT");
	for (int i = 1; i <= 9; i++) {
		copying_init(&copying);
		ck_assert_int_eq(work_run(&copying.work, &rig), i % 3 == 0 ? -EFAULT : 0);
		ck_assert(!copying.work.dreq.dreq_error_final);
		if (i % 3 != 0)
			ck_assert_uint_eq(wrong_bits(&copying), 0);
		work_fini(&copying.work);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(other_functions_than_the_named_one_are_neither_hit_nor_counted)
{
	struct copying copying;
	struct work zero;
	struct rig rig;

	open_fault(&rig, "only=copy,every=2,error=EIO");
	for (int i = 1; i <= 6; i++) {
		work_init(&zero, dmover_function_find("zero"), LEN);
		zero.out_bytes = copying.out;
		ck_assert_int_eq(work_run(&zero, &rig), 0);
		work_fini(&zero);
		copying_init(&copying);
		ck_assert_int_eq(work_run(&copying.work, &rig), i % 2 == 0 ? -EIO : 0);
		work_fini(&copying.work);
	}
	rig_close(&rig);
}
END_TEST

static const struct {
	const char *args;
	int error;
} errors[] = {
	{ "error=EIO", -EIO },
	{ "error=EFAULT", -EFAULT },
	{ "error=ENOMEM", -ENOMEM },
	{ "error=28", -28 },
	{ "error=4095", -4095 },
};

START_TEST(an_error_is_a_name_or_a_number_and_may_be_final)
{
	char args[64];
	struct copying copying;
	struct rig rig;

	snprintf(args, sizeof(args), "%s,final", errors[_i].args);
	open_fault(&rig, args);
	copying_init(&copying);
	ck_assert_int_eq(work_run(&copying.work, &rig), errors[_i].error);
	ck_assert(copying.work.dreq.dreq_error_final);
	rig_close(&rig);
	work_fini(&copying.work);
}
END_TEST

START_TEST(delayed_requests_end_in_order_after_the_delay_in_another_thread)
{
	struct copying copyings[8];
	struct rig rig;

	open_fault(&rig, "delay=30ms");
	submit_all(copyings, 8, &rig);
	wait_all(copyings, 8);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_uint_ge(elapsed_ns(&copyings[i]), 30 * MS);
		ck_assert_int_eq(pthread_equal(copyings[i].work.thread, pthread_self()), 0);
		ck_assert_uint_eq(copyings[i].work.order, i + 1);
		ck_assert_uint_eq(wrong_bits(&copyings[i]), 0);
		work_fini(&copyings[i].work);
	}
	rig_close(&rig);
}
END_TEST

static const struct {
	const char *args;
	uint64_t ns;
} delays[] = {
	{ "delay=5000000ns", 5 * MS },
	{ "delay=5000us,error=EIO", 5 * MS },
	{ "delay=5ms,corrupt", 5 * MS },
	{ "delay=1s", 1000 * MS },
};

START_TEST(a_delay_has_a_unit_and_goes_with_other_knobs)
{
	struct copying copying;
	struct rig rig;

	open_fault(&rig, delays[_i].args);
	submit_all(&copying, 1, &rig);
	wait_all(&copying, 1);
	ck_assert_uint_ge(elapsed_ns(&copying), delays[_i].ns);
	ck_assert_int_eq(
	    copying.work.dreq.dreq_error, strstr(delays[_i].args, "error") != NULL ? -EIO : 0);
	rig_close(&rig);
	work_fini(&copying.work);
}
END_TEST

static void
expect_order(const char *args, const unsigned *order, unsigned n)
{
	struct copying copyings[8];
	struct rig rig;

	open_fault(&rig, args);
	submit_all(copyings, n, &rig);
	wait_all(copyings, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_msg(copyings[i].work.order == order[i], "%s: request %u ended as %u",
		    args, i + 1, copyings[i].work.order);
		ck_assert_uint_eq(wrong_bits(&copyings[i]), 0);
		work_fini(&copyings[i].work);
	}
	rig_close(&rig);
}

START_TEST(neighbours_change_places_when_each_request_is_held_back)
{
	expect_order("reorder", (const unsigned[]){ 2, 1, 4, 3, 6, 5 }, 6);
}
END_TEST

START_TEST(only_each_nth_request_is_held_back)
{
	expect_order("reorder,every=3", (const unsigned[]){ 1, 2, 4, 3, 5, 7, 6 }, 7);
}
END_TEST

START_TEST(delayed_requests_change_places_too)
{
	expect_order("reorder,delay=2ms", (const unsigned[]){ 2, 1, 4, 3 }, 4);
}
END_TEST

START_TEST(a_request_that_nobody_overtakes_ends_after_ten_milliseconds)
{
	struct copying copying;
	struct rig rig;

	open_fault(&rig, "reorder");
	submit_all(&copying, 1, &rig);
	wait_all(&copying, 1);
	ck_assert_uint_ge(elapsed_ns(&copying), 10 * MS);
	rig_close(&rig);
	work_fini(&copying.work);
}
END_TEST

START_TEST(corrupt_changes_one_bit_of_the_output)
{
	struct copying copyings[4];
	struct rig rig;

	open_fault(&rig, "corrupt,every=2");
	submit_all(copyings, 4, &rig);
	wait_all(copyings, 4);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(copyings[i].work.dreq.dreq_error, 0);
		ck_assert_uint_eq(wrong_bits(&copyings[i]), i % 2);
		work_fini(&copyings[i].work);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(corrupt_changes_one_bit_of_a_result)
{
	uint8_t digits[] = "123456789";
	struct work work;
	struct rig rig;

	open_fault(&rig, "corrupt");
	work_init(&work, dmover_function_find("iscsi-crc32c"), 9);
	work.in_bytes[0] = digits;
	ck_assert_int_eq(work_run(&work, &rig), 0);
	ck_assert_mem_eq(work.dreq.dreq_result, "\x82\x92\x06\xe3", 4);
	rig_close(&rig);
	work_fini(&work);
}
END_TEST

static void
expect_answer(const char *args, int answer)
{
	struct copying copying;
	struct rig rig;

	open_fault(&rig, args);
	copying_init(&copying);
	ck_assert_int_eq(work_try(&copying.work, &rig), 0);
	ck_assert_int_eq(copying.work.ends, 1);
	work_fini(&copying.work);
	copying_init(&copying);
	ck_assert_int_eq(work_try(&copying.work, &rig), answer);
	ck_assert_int_eq(copying.work.ends, 0);
	/* The next one is not hit: whoever asks again is served. */
	ck_assert_int_eq(work_run(&copying.work, &rig), 0);
	rig_close(&rig);
	work_fini(&copying.work);
}

START_TEST(again_says_that_the_engine_is_full)
{
	expect_answer("again,every=2", -EAGAIN);
}
END_TEST

START_TEST(refuse_says_that_the_request_is_not_for_this_engine)
{
	expect_answer("refuse,every=2", -EOPNOTSUPP);
}
END_TEST

static const char *const wraps[] = { "every=1", "reorder", "corrupt" };

START_TEST(what_the_engine_below_refuses_comes_back_untouched)
{
	const struct dmover_function unknown = { .dfn_name = "unknown", .dfn_kind = DMOVER_NKINDS };
	struct work work;
	struct rig rig;

	open_fault(&rig, wraps[_i]);
	work_init(&work, &unknown, LEN);
	ck_assert_int_eq(work_try(&work, &rig), -EOPNOTSUPP);
	ck_assert_ptr_eq(work.dreq.dreq_arg, &work);
	ck_assert_uint_eq(work.ends, 0);
	rig_close(&rig);
	work_fini(&work);
}
END_TEST

START_TEST(any_engine_with_linear_buffers_that_works_in_place_can_be_wrapped)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		const struct dmover_engine *engine = dmover_engines[i];
		char args[128], why[128];
		struct copying copying;
		struct rig rig;

		if (engine == find_engine("fault") || (engine->eng_flags & DMOVER_ENGINE_UIO) ||
		    !(engine->eng_flags & DMOVER_ENGINE_INPLACE) ||
		    !rig_probe(engine, why, sizeof(why)))
			continue;
		snprintf(args, sizeof(args), "over=%s,corrupt", engine->eng_name);
		open_fault(&rig, args);
		copying_init(&copying);
		ck_assert_int_eq(work_run(&copying.work, &rig), 0);
		ck_assert_uint_eq(wrong_bits(&copying), 1);
		rig_close(&rig);
		work_fini(&copying.work);
	}
}
END_TEST

static const char *const senseless[] = {
	"nonsense",
	"nonsense=1",
	"=",
	",",
	"error",
	"error=",
	"error=ENOSUCH",
	"error=0",
	"error=4096",
	"error=EIO=2",
	"every=0",
	"every=",
	"every=-1",
	"every= 1",
	"every=1x",
	"every=99999999999999999999999",
	"delay=5",
	"delay=ms",
	"delay=0ms",
	"delay=5m",
	"delay=61s",
	"delay=18446744073709551615s",
	"over=nothing",
	"over=null",
	"over=fault",
	"corrupt=1",
	"final",
	"every=2,final,reorder",
	"error=EIO,nonsense",
};

START_TEST(arguments_without_sense_are_refused_with_a_reason)
{
	void *state = NULL;
	char why[128] = "";
	int err = find_engine("fault")->eng_open(senseless[_i], &state, why, sizeof(why));

	ck_assert_msg(err == -EINVAL, "%s: %d", senseless[_i], err);
	ck_assert_msg(why[0] != '\0', "%s: no reason", senseless[_i]);
	ck_assert_ptr_null(state);
}
END_TEST

START_TEST(all_knobs_together_make_sense)
{
	struct rig rig;

	open_fault(&rig, "over=cpu-scalar,every=100,error=EIO,final,delay=5ms,reorder,corrupt,"
			 "again,refuse");
	rig_close(&rig);
	open_fault(&rig, "");
	rig_close(&rig);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("fault");
	TCase *knobs = tcase_create("knobs");

	tcase_set_timeout(knobs, 60);
	tcase_add_test(knobs, every_third_request_gets_the_named_error);
	tcase_add_test(knobs, other_functions_than_the_named_one_are_neither_hit_nor_counted);
	tcase_add_loop_test(
	    knobs, an_error_is_a_name_or_a_number_and_may_be_final, 0, COUNT(errors));
	tcase_add_test(knobs, delayed_requests_end_in_order_after_the_delay_in_another_thread);
	tcase_add_loop_test(knobs, a_delay_has_a_unit_and_goes_with_other_knobs, 0, COUNT(delays));
	tcase_add_test(knobs, neighbours_change_places_when_each_request_is_held_back);
	tcase_add_test(knobs, only_each_nth_request_is_held_back);
	tcase_add_test(knobs, delayed_requests_change_places_too);
	tcase_add_test(knobs, a_request_that_nobody_overtakes_ends_after_ten_milliseconds);
	tcase_add_test(knobs, corrupt_changes_one_bit_of_the_output);
	tcase_add_test(knobs, corrupt_changes_one_bit_of_a_result);
	tcase_add_test(knobs, again_says_that_the_engine_is_full);
	tcase_add_test(knobs, refuse_says_that_the_request_is_not_for_this_engine);
	tcase_add_loop_test(
	    knobs, what_the_engine_below_refuses_comes_back_untouched, 0, COUNT(wraps));
	tcase_add_test(knobs, any_engine_with_linear_buffers_that_works_in_place_can_be_wrapped);
	tcase_add_loop_test(
	    knobs, arguments_without_sense_are_refused_with_a_reason, 0, COUNT(senseless));
	tcase_add_test(knobs, all_knobs_together_make_sense);
	suite_add_tcase(suite, knobs);
	return suite;
}

int
main(int argc, char **argv)
{
	return rig_main(argc, argv, make_suite);
}
