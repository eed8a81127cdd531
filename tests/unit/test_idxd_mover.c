/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_mover.c: the whole engine, over queues that do what they should. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "engines/table.h"
#include "idxd_errands.h"

START_TEST(what_waits_for_a_call_goes_with_the_next_one)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	atomic_store(&idxd_fake.is_gated, true);
	ck_assert_int_eq(errands_submit(&errands, 0, "copy"), 0);
	unit_take(&idxd_fake.entered);
	for (unsigned i = 1; i < ERRANDS_MAX; i++)
		ck_assert_int_eq(
		    errands_submit(&errands, i, i % 2 == 0 ? "copy" : "iscsi-crc32c"), 0);
	sem_post(&idxd_fake.go);
	errands_check(&errands, ERRANDS_MAX);
	same_size(atomic_load(&idxd_fake.ndescs), ERRANDS_MAX + 1); /* and the probe */
	same_size(atomic_load(&idxd_fake.nwrites), 2);
	errands_close(&errands);
}
END_TEST

START_TEST(more_than_a_queue_holds_goes_in_turns)
{
	struct errands errands;

	idxd_fake_init(1);
	idxd_fake.queues[0].is_shared = false;
	idxd_fake.queues[0].size = 16;
	errands_open(&errands, NULL);
	errands_submit_together(&errands, ERRANDS_MAX, "copy");
	errands_check(&errands, ERRANDS_MAX);
	same_size(atomic_load(&idxd_fake.ndescs), ERRANDS_MAX + 1);
	holds(atomic_load(&idxd_fake.nwrites) <= 9);
	errands_close(&errands);
}
END_TEST

START_TEST(a_batch_that_the_kernel_refuses_goes_one_by_one)
{
	struct errands errands;

	idxd_fake_init(1);
	idxd_fake.queues[0].version = 0x200;
	idxd_fake.no_batches = true;
	errands_open(&errands, NULL);
	errands_submit_together(&errands, ERRANDS_MAX, "copy");
	errands_check(&errands, ERRANDS_MAX);
	same_size(ERRANDS_COUNT(&errands, batches), 0);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 0);
	errands_close(&errands);
}
END_TEST

START_TEST(a_batch_takes_one_place)
{
	struct errands errands;

	idxd_fake_init(1);
	idxd_fake.queues[0].version = 0x200;
	errands_open(&errands, NULL);
	errands_submit_together(&errands, ERRANDS_MAX, "copy");
	errands_check(&errands, ERRANDS_MAX);
	same_size(ERRANDS_COUNT(&errands, batches), 2);
	same_size(atomic_load(&idxd_fake.ndescs), 4); /* the probe, the first, and two batches */
	errands_close(&errands);
}
END_TEST

START_TEST(another_queue_takes_over)
{
	struct errands errands;

	idxd_fake_init(2);
	idxd_fake.queues[1].ops[0] = UINT64_C(1) << 0x03; /* moves alone */
	errands_open(&errands, NULL);
	errands_submit_all(&errands, 8, "iscsi-crc32c");
	errands_check(&errands, 8);
	errands_submit_all(&errands, 8, "copy");
	errands_check(&errands, 8);
	same_size(ERRANDS_COUNT(&errands, by_cpu), 0);
	same_size(idxd_live_kinds(errands.engine), DMOVER_F_ALL & ~DMOVER_F(DMOVER_KIND_XOR));
	errands_close(&errands);
}
END_TEST

START_TEST(what_waits_for_a_full_queue_is_in_nobodys_way)
{
	struct errands errands;

	idxd_fake_init(2);
	idxd_fake.queues[1].ops[0] = UINT64_C(1) << IDXD_OP_MEMMOVE;
	idxd_fake.well = 1u << 1;
	errands_open(&errands, NULL);
	atomic_store(&idxd_fake.is_gated, true);
	ck_assert_int_eq(errands_submit(&errands, 0, "iscsi-crc32c"), 0);
	unit_take(&idxd_fake.entered);
	atomic_store(&idxd_fake.way, IDXD_FAKE_IS_FULL);
	for (unsigned i = 1; i < 9; i++)
		ck_assert_int_eq(errands_submit(&errands, i, i < 5 ? "iscsi-crc32c" : "copy"), 0);
	sem_post(&idxd_fake.go);
	errands_check(&errands, 9);
	for (unsigned i = 1; i < 9; i++)
		holds(i < 5 ? errands.each[i].place >= 5 : errands.each[i].place < 5);
	errands_close(&errands);
}
END_TEST

START_TEST(what_no_queue_can_do_is_done_by_the_cpu)
{
	struct errands errands;

	idxd_fake_init(1);
	idxd_fake.queues[0].ops[0] = UINT64_C(1) << 0x10;
	errands_open(&errands, NULL);
	same_size(idxd_live_kinds(errands.engine), DMOVER_F(DMOVER_KIND_CRC32C));
	errands_submit_all(&errands, 4, "copy");
	errands_check(&errands, 4);
	same_size(atomic_load(&idxd_fake.nwrites), 0);
	errands_close(&errands);
}
END_TEST

START_TEST(uios_are_not_for_this_engine)
{
	struct errands errands;

	idxd_fake_init(1);
	errands_open(&errands, NULL);
	errand_init(&errands, 0, "copy");
	errands.each[0].in[0].buf_type = DMOVER_BUF_UIO;
	same_int(idxd_engine.eng_submit(errands.engine, &errands.each[0].dreq), -EOPNOTSUPP);
	errands_close(&errands);
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
	struct errands errands;
	char text[64];

	idxd_fake_init(2);
	errands_open(&errands, NULL);
	holds(idxd_describe(errands.engine, 1, text, sizeof(text)));
	same_text(text, "wq0.1 write");
	holds(!idxd_describe(errands.engine, 2, text, sizeof(text)));
	errands_close(&errands);
}
END_TEST

TCase *
unit_idxd_mover(void)
{
	TCase *tc = unit_case("idxd mover");

	tcase_add_test(tc, what_waits_for_a_call_goes_with_the_next_one);
	tcase_add_test(tc, more_than_a_queue_holds_goes_in_turns);
	tcase_add_test(tc, a_batch_that_the_kernel_refuses_goes_one_by_one);
	tcase_add_test(tc, a_batch_takes_one_place);
	tcase_add_test(tc, another_queue_takes_over);
	tcase_add_test(tc, what_waits_for_a_full_queue_is_in_nobodys_way);
	tcase_add_test(tc, what_no_queue_can_do_is_done_by_the_cpu);
	tcase_add_test(tc, uios_are_not_for_this_engine);
	tcase_add_test(tc, where_nothing_can_be_opened_the_reason_is_that_of_the_best_queue);
	tcase_add_test(tc, it_says_which_queues_it_uses_and_how);
	return tc;
}
