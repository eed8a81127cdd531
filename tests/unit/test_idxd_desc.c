/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_desc.c: descriptors and records, byte by byte as the specification has them. */
#include "unit.h"

#include <string.h>

#include "engines/idxd/desc.h"

#define AT(value) ((uint8_t *)(uintptr_t)UINT64_C(value))

START_TEST(a_fill_has_its_byte_eight_times)
{
	static const uint8_t want[64] = {
		[4] = 0x0c,
		[5] = 0x01,
		[7] = 0x04, /* CRAV, RCR, CC1; FILL */
		[8] = 0x40,
		0x30,
		0x20,
		0x10, /* record */
		[16] = 0xa5,
		0xa5,
		0xa5,
		0xa5,
		0xa5,
		0xa5,
		0xa5,
		0xa5, /* pattern */
		[24] = 0x88,
		0x77,
		0x66,
		0x55,
		0x44,
		0x33,
		0x22,
		0x11, /* destination */
		[32] = 0x04,
		0x03,
		0x02,
		0x01, /* size */
	};
	struct idxd_desc desc;

	memset(&desc, 0xff, sizeof(desc));
	idxd_desc_fill(&desc, IDXD_FLAG_CACHE, AT(0x1122334455667788), 0xa5, 0x01020304);
	idxd_desc_aim(&desc, (const struct idxd_record *)AT(0x10203040));
	same_bytes(&desc, want, sizeof(want));
}
END_TEST

START_TEST(a_move_has_its_source_before_its_destination)
{
	static const uint8_t want[64] = {
		[4] = 0x0c,
		[7] = 0x03,
		[16] = 0x00,
		0x10, /* source */
		[24] = 0x00,
		0x20, /* destination */
		[32] = 0x00,
		0x00,
		0x10, /* size */
	};
	struct idxd_desc desc;

	memset(&desc, 0xff, sizeof(desc));
	idxd_desc_copy(&desc, 0, AT(0x2000), AT(0x1000), 0x100000);
	same_bytes(&desc, want, sizeof(want));
}
END_TEST

START_TEST(a_crc_has_its_seed_behind_and_no_destination)
{
	static const uint8_t want[64] = {
		[4] = 0x0c,
		[7] = 0x10,
		[16] = 0x00,
		0x10,
		[32] = 0x09,
		[40] = 0x83,
		0x92,
		0x06,
		0xe3,
	};
	struct idxd_desc desc;

	memset(&desc, 0xff, sizeof(desc));
	idxd_desc_crc(&desc, AT(0x1000), 0xe3069283, 9);
	same_bytes(&desc, want, sizeof(want));
}
END_TEST

START_TEST(an_xor_is_a_reduce_of_bytes)
{
	static const uint8_t want[64] = {
		[4] = 0x0c,
		[7] = 0x19,
		[16] = 0x00,
		0x10, /* source */
		[24] = 0x00,
		0x20,        /* second source */
		[32] = 0x07, /* elements */
		[40] = 0x00,
		0x30,        /* destination */
		[57] = 0x05, /* exclusive or */
	};
	const struct idxd_xor bytes = { .dst = AT(0x3000), .src = AT(0x1000), .src2 = AT(0x2000) };
	struct idxd_desc desc;

	memset(&desc, 0xff, sizeof(desc));
	idxd_desc_xor(&desc, 0, &bytes, 7);
	same_bytes(&desc, want, sizeof(want));
}
END_TEST

START_TEST(a_batch_counts_descriptors)
{
	static const uint8_t want[64] = {
		[4] = 0x0c,
		[7] = 0x01,
		[8] = 0x20,
		0x40,
		[16] = 0x40,
		0x30,
		[32] = 0x20,
	};
	struct idxd_desc desc;

	memset(&desc, 0xff, sizeof(desc));
	idxd_desc_batch(&desc, (const struct idxd_desc *)AT(0x3040), 32,
	    (const struct idxd_record *)AT(0x4020));
	same_bytes(&desc, want, sizeof(want));
}
END_TEST

START_TEST(a_noop_asks_for_a_record_and_nothing_else)
{
	static const uint8_t want[64] = { [4] = 0x0c, [8] = 0x20, 0x40 };
	struct idxd_desc desc;

	memset(&desc, 0xff, sizeof(desc));
	idxd_desc_noop(&desc, (const struct idxd_record *)AT(0x4020));
	same_bytes(&desc, want, sizeof(want));
}
END_TEST

START_TEST(a_record_says_what_was_done)
{
	static const uint8_t bytes[32] = {
		[0] = 0x01,
		[16] = 0x83,
		0x92,
		0x06,
		0xe3,
		0xff,
		0xff,
		0xff,
		0xff, /* the upper half is no CRC */
	};
	struct idxd_outcome outcome;

	idxd_record_read(bytes, &outcome);
	same_int(outcome.status, IDXD_ST_SUCCESS);
	same_size(outcome.crc, 0xe3069283);
	same_size(outcome.bytes, 0);
	holds(!outcome.is_write && !outcome.is_backwards);
}
END_TEST

START_TEST(bit_7_of_a_status_is_the_kind_of_access_and_no_part_of_the_code)
{
	static const uint8_t bytes[32] = {
		[0] = 0x83,
		[1] = 0x01,
		[2] = 0x01,
		[4] = 0x04,
		0x03,
		0x02,
		0x01,
		[8] = 0x00,
		0x10,
		0x66,
		0x55,
		0x44,
		0x33,
		0x22,
		0x11,
	};
	struct idxd_outcome outcome;

	idxd_record_read(bytes, &outcome);
	same_int(outcome.status, IDXD_ST_FAULT);
	holds(outcome.is_write);
	holds(outcome.is_backwards);
	same_size(outcome.bytes, 0x01020304);
	same_size(outcome.fault_addr, 0x1122334455661000);
}
END_TEST

START_TEST(a_record_is_there_from_its_status_on)
{
	struct idxd_record record = { .bytes = 5 };

	holds(!idxd_record_is_there(&record));
	record.status = 0x83;
	holds(idxd_record_is_there(&record));
	idxd_record_clear(&record);
	holds(!idxd_record_is_there(&record));
}
END_TEST

TCase *
unit_idxd_desc(void)
{
	TCase *tc = unit_case("idxd desc");

	tcase_add_test(tc, a_fill_has_its_byte_eight_times);
	tcase_add_test(tc, a_move_has_its_source_before_its_destination);
	tcase_add_test(tc, a_crc_has_its_seed_behind_and_no_destination);
	tcase_add_test(tc, an_xor_is_a_reduce_of_bytes);
	tcase_add_test(tc, a_batch_counts_descriptors);
	tcase_add_test(tc, a_noop_asks_for_a_record_and_nothing_else);
	tcase_add_test(tc, a_record_says_what_was_done);
	tcase_add_test(tc, bit_7_of_a_status_is_the_kind_of_access_and_no_part_of_the_code);
	tcase_add_test(tc, a_record_is_there_from_its_status_on);
	return tc;
}
