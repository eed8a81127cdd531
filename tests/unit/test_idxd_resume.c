/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_resume.c: what is left of a descriptor after a page fault, for each operation. */
#include "unit.h"

#include <string.h>

#include "engines/idxd/resume.h"

#define SRC  UINT64_C(0x10000)
#define SRC2 UINT64_C(0x20000)
#define DST  UINT64_C(0x30000)
#define SIZE 1000u

static uint8_t *
at(uint64_t addr)
{
	return (uint8_t *)(uintptr_t)addr;
}

static struct idxd_outcome
fault_after(uint32_t bytes)
{
	return (struct idxd_outcome){ .status = IDXD_ST_FAULT, .bytes = bytes, .crc = 0xabcd };
}

START_TEST(a_fill_goes_on_behind_what_is_filled)
{
	const struct idxd_outcome outcome = fault_after(300);
	struct idxd_desc desc, want;
	uint32_t head;

	idxd_desc_fill(&desc, 0, at(DST), 7, SIZE);
	idxd_desc_fill(&want, 0, at(DST + 300), 7, SIZE - 300);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 300);
	same_bytes(&desc, &want, sizeof(desc));
}
END_TEST

START_TEST(a_move_goes_on_with_both_addresses)
{
	const struct idxd_outcome outcome = fault_after(300);
	struct idxd_desc desc, want;
	uint32_t head;

	idxd_desc_copy(&desc, IDXD_FLAG_CACHE, at(DST), at(SRC), SIZE);
	idxd_desc_copy(&want, IDXD_FLAG_CACHE, at(DST + 300), at(SRC + 300), SIZE - 300);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 300);
	same_bytes(&desc, &want, sizeof(desc));
}
END_TEST

START_TEST(a_move_backwards_keeps_its_addresses_and_may_turn)
{
	struct idxd_outcome outcome = fault_after(300);
	struct idxd_desc desc, want;
	uint32_t head;

	outcome.is_backwards = true;
	idxd_desc_copy(&desc, 0, at(DST), at(SRC), SIZE);
	idxd_desc_copy(&want, 0, at(DST), at(SRC), SIZE - 300);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 0);
	same_bytes(&desc, &want, sizeof(desc));
	outcome.is_backwards = false;
	idxd_desc_copy(&want, 0, at(DST + 300), at(SRC + 300), SIZE - 600);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 300);
	same_bytes(&desc, &want, sizeof(desc));
}
END_TEST

START_TEST(a_crc_goes_on_from_the_sum_so_far)
{
	const struct idxd_outcome outcome = fault_after(300);
	struct idxd_desc desc, want;
	uint32_t head;

	idxd_desc_crc(&desc, at(SRC), 0x1234, SIZE);
	idxd_desc_crc(&want, at(SRC + 300), 0xabcd, SIZE - 300);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 300);
	same_bytes(&desc, &want, sizeof(desc));
}
END_TEST

START_TEST(a_crc_that_got_nowhere_keeps_its_seed)
{
	const struct idxd_outcome outcome = fault_after(0);
	struct idxd_desc desc, want;
	uint32_t head;

	idxd_desc_crc(&desc, at(SRC), 0x1234, SIZE);
	want = desc;
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 0);
	same_bytes(&desc, &want, sizeof(desc));
}
END_TEST

START_TEST(a_reduce_goes_on_with_three_addresses)
{
	const struct idxd_xor bytes = { .dst = at(DST), .src = at(SRC), .src2 = at(SRC2) };
	const struct idxd_xor rest = { at(DST + 300), at(SRC + 300), at(SRC2 + 300) };
	const struct idxd_outcome outcome = fault_after(300);
	struct idxd_desc desc, want;
	uint32_t head;

	idxd_desc_xor(&desc, 0, &bytes, SIZE);
	idxd_desc_xor(&want, 0, &rest, SIZE - 300);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_AGAIN);
	same_size(head, 300);
	same_bytes(&desc, &want, sizeof(desc));
}
END_TEST

START_TEST(success_is_all_of_it)
{
	const struct idxd_outcome outcome = { .status = IDXD_ST_SUCCESS };
	struct idxd_desc desc;
	uint32_t head;

	idxd_desc_crc(&desc, at(SRC), 0, SIZE);
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_DONE);
	same_size(head, SIZE);
}
END_TEST

START_TEST(a_fault_that_left_nothing_undone_is_not_believed)
{
	const uint32_t bytes[] = { SIZE, SIZE + 1, UINT32_MAX };

	for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		const struct idxd_outcome outcome = fault_after(bytes[i]);
		struct idxd_desc desc, want;
		uint32_t head;

		idxd_desc_copy(&desc, 0, at(DST), at(SRC), SIZE);
		want = desc;
		same_int(idxd_resume(&desc, &outcome, &head), IDXD_BAD);
		same_size(head, 0);
		same_bytes(&desc, &want, sizeof(desc));
	}
}
END_TEST

START_TEST(each_status_has_its_verdict)
{
	for (unsigned status = 0; status < 0x40; status++) {
		const struct idxd_outcome outcome = { .status = (uint8_t)status };
		enum idxd_verdict want = IDXD_BAD;
		struct idxd_desc desc;
		uint32_t head;

		if (status == 0x01)
			want = IDXD_DONE;
		else if (status == 0x03)
			want = IDXD_AGAIN;
		else if (status == 0x04 || status == 0x1f)
			want = IDXD_CPU;
		idxd_desc_fill(&desc, 0, at(DST), 1, SIZE);
		same_int(idxd_resume(&desc, &outcome, &head), want);
	}
}
END_TEST

START_TEST(what_has_no_bytes_is_not_resumed)
{
	const struct idxd_outcome outcome = fault_after(0);
	struct idxd_record record = { .status = 0 };
	struct idxd_desc desc;
	uint32_t head;

	idxd_desc_noop(&desc, &record);
	desc.size = 10;
	same_int(idxd_resume(&desc, &outcome, &head), IDXD_BAD);
}
END_TEST

TCase *
unit_idxd_resume(void)
{
	TCase *tc = unit_case("idxd resume");

	tcase_add_test(tc, a_fill_goes_on_behind_what_is_filled);
	tcase_add_test(tc, a_move_goes_on_with_both_addresses);
	tcase_add_test(tc, a_move_backwards_keeps_its_addresses_and_may_turn);
	tcase_add_test(tc, a_crc_goes_on_from_the_sum_so_far);
	tcase_add_test(tc, a_crc_that_got_nowhere_keeps_its_seed);
	tcase_add_test(tc, a_reduce_goes_on_with_three_addresses);
	tcase_add_test(tc, success_is_all_of_it);
	tcase_add_test(tc, a_fault_that_left_nothing_undone_is_not_believed);
	tcase_add_test(tc, each_status_has_its_verdict);
	tcase_add_test(tc, what_has_no_bytes_is_not_resumed);
	return tc;
}
