/* SPDX-License-Identifier: BSD-2-Clause */
/* test_data.c: each opcode does what it says, and its record tells. */
#include "tests/dsa/test_site.h"

#include <string.h>

/* Offset 4: flags CRAV and RCR; offset 7: the opcode; offset 32: the size. */
#define DESC(opcode, size)                                                                         \
	{                                                                                          \
		0, 0, 0, 0, 0x0c, 0, 0, opcode, [32] = (size)&0xff, [33] = (size) >> 8 & 0xff,     \
						[34] = (size) >> 16 & 0xff                         \
	}

START_TEST(noop_does_nothing_and_says_so)
{
	uint8_t desc[BYTES] = { 0, 0, 0, 0, 0x0c, 0, 0, 0x00 };
	static const uint8_t wanted[32] = { 0x01 };
	struct site site;

	site_open(&site, NULL);
	site_run(&site, desc);
	ck_assert(same(site.record, wanted, sizeof(wanted)));
	site_close(&site);
}
END_TEST

START_TEST(memmove_copies)
{
	static const unsigned sizes[] = { 1, 63, 4096, 65535, 65536, 65537 };
	const unsigned size = sizes[_i];
	uint8_t desc[BYTES] = DESC(0x03, size), *dst;
	static const uint8_t wanted[32] = { 0x01 };
	struct site site;

	site_open(&site, NULL);
	dst = site.bytes + 24 * PAGE + 3;
	pattern(site.bytes, size, 1);
	put_places(desc, site.record, site.bytes, dst);
	site_run(&site, desc);
	ck_assert(same(site.record, wanted, sizeof(wanted)));
	ck_assert(same(site.bytes, dst, size));
	ck_assert_uint_eq(dst[-1], 0);
	ck_assert_uint_eq(dst[size], 0);
	site_close(&site);
}
END_TEST

START_TEST(memmove_minds_overlap)
{
	static const int shifts[] = { 1, 100, 5000, -1, -100, -5000 };
	const unsigned size = 20 * PAGE + 77;
	uint8_t desc[BYTES] = DESC(0x03, 0), *src, *dst;
	static uint8_t wanted[20 * PAGE + 77];
	struct site site;

	site_open(&site, NULL);
	src = site.bytes + 2 * PAGE;
	dst = src + shifts[_i];
	pattern(src, size, 2);
	memcpy(wanted, src, size);
	put_u32(desc, 32, size);
	put_places(desc, site.record, src, dst);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_completed(&site, 0);
	ck_result(&site, shifts[_i] > 0);
	ck_assert(same(dst, wanted, size));
	site_close(&site);
}
END_TEST

START_TEST(fill_repeats_eight_bytes)
{
	uint8_t desc[BYTES] = DESC(0x04, 0);
	static const uint8_t wanted[32] = { 0x01 };
	const unsigned size = 17 * PAGE + 5;
	struct site site;

	site_open(&site, NULL);
	put_u32(desc, 32, size);
	put_u64(desc, 16, UINT64_C(0x8877665544332211));
	put_u64(desc, 24, (uintptr_t)site.bytes + 3);
	site_run(&site, desc);
	ck_assert(same(site.record, wanted, sizeof(wanted)));
	for (unsigned i = 0; i < size; i++)
		ck_assert_uint_eq(seen(site.bytes[3 + i]), 0x11u * (i % 8 + 1));
	ck_assert_uint_eq(site.bytes[2], 0);
	ck_assert_uint_eq(site.bytes[3 + size], 0);
	site_close(&site);
}
END_TEST

START_TEST(fill_of_dsa_2_repeats_sixteen_bytes)
{
	uint8_t desc[BYTES] = DESC(0x04, 1000);
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .version = DSA_VERSION_2 });
	desc[6] = 0x04;
	put_u64(desc, 16, UINT64_C(0x0706050403020100));
	put_u64(desc, 24, (uintptr_t)site.bytes);
	put_u64(desc, 40, UINT64_C(0x0f0e0d0c0b0a0908));
	site_run(&site, desc);
	ck_status(&site, 0x01);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_uint_eq(seen(site.bytes[i]), i % 16);
	site_close(&site);
}
END_TEST

START_TEST(compare_tells_where_buffers_differ)
{
	static const uint32_t places[] = { 0, 1, 4095, 65536, 65537, 69999 };
	uint8_t desc[BYTES] = DESC(0x05, 70000), *other;
	struct site site;

	site_open(&site, NULL);
	other = site.bytes + 24 * PAGE;
	pattern(site.bytes, 70000, 3);
	memcpy(other, site.bytes, 70000);
	put_places(desc, site.record, site.bytes, other);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_result(&site, 0);
	ck_completed(&site, 0);
	other[places[_i]] ^= 0x80;
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_result(&site, 1);
	ck_completed(&site, places[_i]);
	site_close(&site);
}
END_TEST

START_TEST(compare_checks_what_is_expected)
{
	const bool differ = (_i & 1) != 0, expected = (_i & 2) != 0;
	uint8_t desc[BYTES] = DESC(0x05, 100);
	struct site site;

	site_open(&site, NULL);
	desc[4] |= 0x80;
	desc[40] = expected;
	site.bytes[99] = differ;
	put_places(desc, site.record, site.bytes, site.bytes + PAGE);
	site_run(&site, desc);
	ck_status(&site, differ == expected ? 0x01 : 0x02);
	ck_result(&site, differ);
	site_close(&site);
}
END_TEST

/* The vectors of RFC 3720 and the one that every catalogue of CRCs has. */
START_TEST(crcgen_gives_known_answers)
{
	static const struct {
		uint8_t byte, step;
		uint8_t size;
		uint32_t crc;
	} known[] = {
		{ '1', 1, 9, 0xe3069283 },
		{ 0x00, 0, 32, 0x8a9136aa },
		{ 0xff, 0, 32, 0x62a8ab43 },
		{ 0x00, 1, 32, 0x46dd794e },
	};
	uint8_t desc[BYTES] = DESC(0x10, known[_i].size);
	struct site site;

	site_open(&site, NULL);
	for (unsigned i = 0; i < known[_i].size; i++)
		site.bytes[i] = (uint8_t)(known[_i].byte + known[_i].step * i);
	put_u64(desc, 16, (uintptr_t)site.bytes);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_completed(&site, 0);
	ck_value(&site, known[_i].crc);
	site_close(&site);
}
END_TEST

START_TEST(crcgen_chains_by_the_seed)
{
	uint8_t desc[BYTES] = DESC(0x10, 0);
	struct site site;

	site_open(&site, NULL);
	memcpy(site.bytes, "123456789", 9);
	for (unsigned cut = 1; cut < 9; cut++) {
		put_u64(desc, 16, (uintptr_t)site.bytes);
		put_u32(desc, 32, cut);
		put_u32(desc, 40, 0);
		site_run(&site, desc);
		put_u32(desc, 40, get_u32(site.record, 16));
		put_u64(desc, 16, (uintptr_t)site.bytes + cut);
		put_u32(desc, 32, 9 - cut);
		site_run(&site, desc);
		ck_status(&site, 0x01);
		ck_value(&site, 0xe3069283);
	}
	site_close(&site);
}
END_TEST

START_TEST(crcgen_takes_a_seed_from_memory)
{
	uint8_t desc[BYTES] = DESC(0x10, 4);
	struct site site;

	site_open(&site, NULL);
	memcpy(site.bytes, "123456789", 9);
	put_u64(desc, 16, (uintptr_t)site.bytes);
	site_run(&site, desc);
	memcpy(site.bytes + 64, site.record + 16, 4);
	desc[6] = 0x01;
	put_u64(desc, 16, (uintptr_t)site.bytes + 4);
	put_u32(desc, 32, 5);
	put_u64(desc, 48, (uintptr_t)site.bytes + 64);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_value(&site, 0xe3069283);
	site_close(&site);
}
END_TEST

/* As the specification draws it: a register with the highest power first, a bit at a time. */
static uint32_t
crc_by_hand(const uint8_t *bytes, size_t len, uint32_t state, bool has_lowest_first)
{
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			const unsigned in = bytes[i] >> (has_lowest_first ? bit : 7 - bit) & 1;
			const unsigned out = state >> 31;

			state = state << 1 ^ (in != out ? 0x1edc6f41u : 0);
		}
	return state;
}

START_TEST(crcgen_leaves_out_what_its_flags_say)
{
	const bool has_lowest_first = _i == 0;
	uint8_t desc[BYTES] = DESC(0x10, 300);
	struct site site;

	site_open(&site, NULL);
	pattern(site.bytes, 300, 4);
	desc[6] = has_lowest_first ? 0x02 : 0x06;
	put_u64(desc, 16, (uintptr_t)site.bytes);
	put_u32(desc, 40, 0x12345678);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_value(&site, crc_by_hand(site.bytes, 300, 0x12345678, has_lowest_first));
	site_close(&site);
}
END_TEST

START_TEST(copy_crc_does_both)
{
	uint8_t desc[BYTES] = DESC(0x11, 9);
	struct site site;

	site_open(&site, NULL);
	memcpy(site.bytes, "123456789", 9);
	put_places(desc, site.record, site.bytes, site.bytes + 777);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_value(&site, 0xe3069283);
	ck_assert(same(site.bytes + 777, "123456789", 10));
	site_close(&site);
}
END_TEST

START_TEST(dualcast_writes_both)
{
	uint8_t desc[BYTES] = DESC(0x09, 12000);
	static const uint8_t wanted[32] = { 0x01 };
	struct site site;

	site_open(&site, NULL);
	pattern(site.bytes, 12000, 5);
	put_places(desc, site.record, site.bytes, site.bytes + 4 * PAGE + 5);
	put_u64(desc, 40, (uintptr_t)site.bytes + 8 * PAGE + 5);
	site_run(&site, desc);
	ck_assert(same(site.record, wanted, sizeof(wanted)));
	ck_assert(same(site.bytes, site.bytes + 4 * PAGE + 5, 12000));
	ck_assert(same(site.bytes, site.bytes + 8 * PAGE + 5, 12000));
	site_close(&site);
}
END_TEST

/* Offset 56: both types; offset 57: exclusive or. */
START_TEST(reduce_of_dsa_3_combines_two_sources)
{
	const unsigned type = (unsigned)_i, count = 1000;
	uint8_t desc[BYTES] = DESC(0x19, 1000), *a, *b, *out;
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .version = DSA_VERSION_3 });
	a = site.bytes;
	b = site.bytes + 4 * PAGE;
	out = site.bytes + 8 * PAGE;
	pattern(a, count << type, 6);
	pattern(b, count << type, 7);
	put_places(desc, site.record, a, b);
	put_u64(desc, 40, (uintptr_t)out);
	desc[56] = (uint8_t)(type | type << 4);
	desc[57] = 0x05;
	site_run(&site, desc);
	ck_status(&site, 0x01);
	for (unsigned i = 0; i < count << type; i++)
		ck_assert_uint_eq(seen(out[i]), a[i] ^ b[i]);
	ck_assert_uint_eq(out[count << type], 0);
	site_close(&site);
}
END_TEST

START_TEST(reduce_works_in_place)
{
	uint8_t desc[BYTES] = DESC(0x19, 100), a[100];
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .version = DSA_VERSION_3 });
	pattern(site.bytes, 100, 8);
	memcpy(a, site.bytes, 100);
	pattern(site.bytes + PAGE, 100, 9);
	put_places(desc, site.record, site.bytes, site.bytes + PAGE);
	put_u64(desc, 40, (uintptr_t)site.bytes);
	desc[57] = 0x05;
	site_run(&site, desc);
	ck_status(&site, 0x01);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(seen(site.bytes[i]), a[i] ^ site.bytes[PAGE + i]);
	site_close(&site);
}
END_TEST

START_TEST(success_without_rcr_leaves_no_record)
{
	uint8_t desc[BYTES] = DESC(0x03, 100);
	struct site site;

	site_open(&site, NULL);
	desc[4] = 0x04;
	site.bytes[99] = 0x5a;
	put_places(desc, site.record, site.bytes, site.bytes + PAGE);
	site_submit(&site, desc);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(seen(site.record[0]), 0);
	ck_assert_uint_eq(seen(site.bytes[PAGE + 99]), 0x5a);
	put_u32(desc, 32, 0);
	site_run(&site, desc);
	ck_status(&site, 0x13);
	site_close(&site);
}
END_TEST

START_TEST(drain_ends_after_what_came_before)
{
	uint8_t copy[BYTES] = DESC(0x03, 100), drain[BYTES] = { 0, 0, 0, 0, 0x0c, 0, 0, 0x02 };
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .knobs = "copy:late=50000" });
	put_places(copy, site.record + 32, site.bytes, site.bytes + PAGE);
	site_submit(&site, copy);
	site_run(&site, drain);
	ck_status(&site, 0x01);
	ck_assert_uint_eq(seen(site.record[32]), 0x01);
	site_close(&site);
}
END_TEST

TCase *
test_data(void)
{
	TCase *tcase = tcase_create("data");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, noop_does_nothing_and_says_so);
	tcase_add_loop_test(tcase, memmove_copies, 0, 6);
	tcase_add_loop_test(tcase, memmove_minds_overlap, 0, 6);
	tcase_add_test(tcase, fill_repeats_eight_bytes);
	tcase_add_test(tcase, fill_of_dsa_2_repeats_sixteen_bytes);
	tcase_add_loop_test(tcase, compare_tells_where_buffers_differ, 0, 6);
	tcase_add_loop_test(tcase, compare_checks_what_is_expected, 0, 4);
	tcase_add_loop_test(tcase, crcgen_gives_known_answers, 0, 4);
	tcase_add_test(tcase, crcgen_chains_by_the_seed);
	tcase_add_test(tcase, crcgen_takes_a_seed_from_memory);
	tcase_add_loop_test(tcase, crcgen_leaves_out_what_its_flags_say, 0, 2);
	tcase_add_test(tcase, copy_crc_does_both);
	tcase_add_test(tcase, dualcast_writes_both);
	tcase_add_loop_test(tcase, reduce_of_dsa_3_combines_two_sources, 0, 4);
	tcase_add_test(tcase, reduce_works_in_place);
	tcase_add_test(tcase, success_without_rcr_leaves_no_record);
	tcase_add_test(tcase, drain_ends_after_what_came_before);
	return tcase;
}
