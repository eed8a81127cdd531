/* SPDX-License-Identifier: BSD-2-Clause */
/* test_crc32c.c: the sums of parts make the sum of the whole. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "fake.h"

#define MESSAGE 5000

START_TEST(parts_make_the_whole)
{
	uint8_t message[MESSAGE];
	uint32_t seed = 5;

	for (unsigned i = 0; i < MESSAGE; i++)
		message[i] = (uint8_t)unit_random(&seed, 256);
	for (int round = 0; round < 100; round++) {
		size_t len = unit_random(&seed, MESSAGE),
		       cut = unit_random(&seed, (unsigned)len + 1);
		uint32_t first = unit_random(&seed, UINT32_MAX);
		uint32_t a = model_crc(first, message, cut);
		uint32_t b = model_crc(0, message + cut, len - cut);

		same_size(dmover_crc32c_before(a, len - cut) ^ b, model_crc(first, message, len));
	}
}
END_TEST

/* x^(8 LEN) times the sum, one bit at a time. */
static uint32_t
slowly(uint32_t crc, size_t len)
{
	for (size_t bit = 0; bit < 8 * len; bit++)
		crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	return crc;
}

START_TEST(each_power_is_right)
{
	uint32_t sum;

	for (unsigned k = 0; k < 20; k++)
		same_size(dmover_crc32c_before(0x12345678, (size_t)1 << k),
		    slowly(0x12345678, (size_t)1 << k));
	/* Too many steps to go one by one: twice half the way is the same. */
	for (unsigned k = 20; k < 63; k++) {
		sum = dmover_crc32c_before(0x12345678, (size_t)1 << (k - 1));
		sum = dmover_crc32c_before(sum, (size_t)1 << (k - 1));
		same_size(dmover_crc32c_before(0x12345678, (size_t)1 << k), sum);
	}
}
END_TEST

START_TEST(nothing_behind_changes_nothing)
{
	same_size(dmover_crc32c_before(0xdeadbeef, 0), 0xdeadbeef);
	same_size(dmover_crc32c_before(0, 12345), 0);
}
END_TEST

TCase *
unit_crc32c(void)
{
	TCase *tc = unit_case("crc32c");

	tcase_add_test(tc, parts_make_the_whole);
	tcase_add_test(tc, each_power_is_right);
	tcase_add_test(tc, nothing_behind_changes_nothing);
	return tc;
}
