/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance.c: every engine of the table gives what engine.h promises.
 *
 * Known answers come first; then the first engine of the table, whose own answers are checked
 * against arithmetic byte by byte, is the oracle for all.  A new row of the table is tested as it
 * is: nothing here names an engine.
 */
#include "compare.h"
#include "roster.h"

#include <string.h>

#include "core/arena.h"

static uint32_t
result_crc(const struct work *work)
{
	const uint8_t *p = work->dreq.dreq_result;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* RFC 3720, section B.4, and the usual check value "123456789". */
static const struct known_crc {
	const char *name;
	size_t len;
	uint32_t crc;
	uint8_t first;
	uint8_t step; /* from byte to byte */
} known_crcs[] = {
	{ "the digits", 9, 0xe3069283, '1', 1 },
	{ "zeroes", 32, 0x8a9136aa, 0, 0 },
	{ "ones", 32, 0x62a8ab43, 0xff, 0 },
	{ "upwards", 32, 0x46dd794e, 0, 1 },
	{ "downwards", 32, 0x113fdb5c, 31, 0xff },
};

static void
look_at_known_crc(
    const struct rig *rig, const struct dmover_function *func, const struct known_crc *known)
{
	uint8_t bytes[32];
	struct work work;

	for (size_t i = 0; i < known->len; i++)
		bytes[i] = (uint8_t)(known->first + i * known->step);
	work_init(&work, func, known->len);
	work.in_bytes[0] = bytes;
	ck_assert_int_eq(work_run(&work, rig), 0);
	ck_assert_msg(result_crc(&work) == known->crc, "%s: %s: %08x, not %08x",
	    rig->engine->eng_name, known->name, result_crc(&work), known->crc);
	work_fini(&work);
}

/* What one output byte must be when input I holds the byte I + 1 everywhere. */
static uint8_t
known_byte(const struct dmover_function *func)
{
	uint8_t byte = 0;

	if (func->dfn_kind == DMOVER_KIND_FILL8)
		return 0xc3;
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		byte ^= (uint8_t)(i + 1);
	return byte;
}

static void
look_at_known_answers(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	uint8_t in[DMOVER_INPUTS_MAX][100], out[100];
	struct work work;

	(void)arena;
	if (func->dfn_kind == DMOVER_KIND_CRC32C) {
		for (size_t i = 0; i < sizeof(known_crcs) / sizeof(known_crcs[0]); i++)
			look_at_known_crc(rig, func, &known_crcs[i]);
		return;
	}
	memset(out, 0x5c, sizeof(out));
	work_init(&work, func, sizeof(out));
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		memset(in[i], (int)(i + 1), sizeof(in[i]));
		work.in_bytes[i] = in[i];
	}
	work.out_bytes = out;
	work.dreq.dreq_immediate[0] = 0xc3;
	ck_assert_int_eq(work_run(&work, rig), 0);
	for (size_t i = 0; i < sizeof(out); i++)
		rig_demand(out[i] == known_byte(func), "%s: %s: byte %zu is %02x",
		    rig->engine->eng_name, func->dfn_name, i, out[i]);
	work_fini(&work);
}

START_TEST(known_answers_are_given)
{
	compare_each_function(roster_movers.engine[_i], look_at_known_answers);
}
END_TEST

/*
 * Vectors with many inputs are the same road as with few, and a slow one: not each step of it.  So
 * are many inputs where each is handed to somebody.
 */
static unsigned
stride(const struct rig *rig, const struct dmover_function *func)
{
	const bool is_far = (rig->engine->eng_flags & DMOVER_ENGINE_ON_CPU) == 0;

	return (rig->is_uio || is_far) && func->dfn_ninputs > 2 ? 9 : 1;
}

static void
look_at_short_lengths(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	for (size_t len = 1; len <= 1025; len += stride(rig, func)) {
		compare(rig, arena, func, &(struct spot){ .len = len });
		compare(
		    rig, arena, func, &(struct spot){ .len = len, .in_step = 5, .at_end = true });
	}
}

START_TEST(every_length_up_to_1025_agrees_with_the_oracle_at_page_edges)
{
	compare_each_function(roster_movers.engine[_i], look_at_short_lengths);
}
END_TEST

static void
look_at_long_lengths(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	static const size_t around[] = { 4096, 65536, STAGE_ARENA };

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		for (size_t len = around[i] - 1; len <= around[i] + 1; len++) {
			compare(rig, arena, func, &(struct spot){ .len = len });
			compare(rig, arena, func,
			    &(struct spot){ .len = len, .in_step = 5, .at_end = true });
		}
	}
}

START_TEST(lengths_around_a_page_64_KiB_and_the_largest_piece_agree_with_the_oracle)
{
	compare_each_function(roster_movers.engine[_i], look_at_long_lengths);
}
END_TEST

static void
look_at_offsets(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	for (unsigned in = 0; in < 64; in++) {
		for (unsigned out = 0; out < 64; out += stride(rig, func)) {
			struct spot spot = { .len = 1 + (in * 64 + out) % 450,
				.in_offset = in,
				.in_step = in == out ? 0 : 5,
				.out_offset = out,
				.at_end = (in ^ out) & 1 };

			compare(rig, arena, func, &spot);
		}
	}
}

START_TEST(every_pair_of_misalignments_agrees_with_the_oracle)
{
	compare_each_function(roster_movers.engine[_i], look_at_offsets);
}
END_TEST

static void
look_in_place(const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	struct spot spot = { .in_step = 5, .in_place = true };

	if (func->dfn_ninputs == 0 || !func->dfn_has_output)
		return;
	for (spot.len = 1; spot.len <= 1025; spot.len += stride(rig, func)) {
		spot.at_end = !spot.at_end;
		spot.in_offset = (unsigned)spot.len % 64;
		spot.out_offset = (unsigned)(spot.len * 7) % 64;
		compare(rig, arena, func, &spot);
	}
	spot.len = 65537;
	compare(rig, arena, func, &spot);
}

START_TEST(the_output_may_be_input_0)
{
	compare_each_function(roster_in_place.engine[_i], look_in_place);
}
END_TEST

/* Each pattern of fill8; as many sums to go on from, for a length of each path that a kernel has. */
static void
look_at_immediates(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	static const size_t lens[] = { 1, 67, 300, 5000 };

	for (unsigned salt = 0; salt < 256 && func->dfn_immediate_in > 0; salt++) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			struct spot spot = { .len = lens[i], .salt = (uint8_t)salt };

			compare(rig, arena, func, &spot);
		}
	}
}

START_TEST(every_immediate_is_heeded)
{
	compare_each_function(roster_movers.engine[_i], look_at_immediates);
}
END_TEST

/* The CRC of a whole is that of its last part, started from that of its first. */
static void
look_at_crc_in_parts(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	const size_t len = 7000;
	struct work whole;

	if (func->dfn_kind != DMOVER_KIND_CRC32C)
		return;
	work_init(&whole, func, len);
	whole.in_bytes[0] = arena->in[0].bytes;
	ck_assert_int_eq(work_run(&whole, rig), 0);
	for (size_t cut = 1; cut < len; cut += 333) {
		struct work first, second;

		work_init(&first, func, cut);
		first.in_bytes[0] = whole.in_bytes[0];
		ck_assert_int_eq(work_run(&first, rig), 0);
		work_init(&second, func, len - cut);
		second.in_bytes[0] = whole.in_bytes[0] + cut;
		memcpy(second.dreq.dreq_immediate, first.dreq.dreq_result, DMOVER_IMMEDIATE_LEN);
		ck_assert_int_eq(work_run(&second, rig), 0);
		ck_assert_msg(result_crc(&whole) == result_crc(&second), "%s: cut at %zu",
		    rig->engine->eng_name, cut);
		work_fini(&first);
		work_fini(&second);
	}
	work_fini(&whole);
}

START_TEST(a_crc_goes_on_from_the_immediate)
{
	compare_each_function(roster_summers.engine[_i], look_at_crc_in_parts);
}
END_TEST

static void
look_at_idling(const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	static const uint8_t nothing[DMOVER_IMMEDIATE_LEN];
	struct work work;

	work_init(&work, func, 1000);
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		work.in_bytes[i] = arena->in[i].bytes;
	work.out_bytes = arena->out.bytes;
	memset(work.out_bytes, 0x5c, 1000);
	ck_assert_int_eq(work_run(&work, rig), 0);
	ck_assert_int_eq(work.ends, 1);
	ck_assert_mem_eq(work.dreq.dreq_result, nothing, sizeof(nothing));
	for (unsigned i = 0; i < 1000; i++)
		rig_demand(work.out_bytes[i] == 0x5c, "byte %u", i);
	work_fini(&work);
}

START_TEST(an_engine_that_moves_no_data_completes_and_touches_nothing)
{
	compare_each_function(roster_idlers.engine[_i], look_at_idling);
}
END_TEST

/* CRC32C bit by bit, from the polynomial alone. */
static uint32_t
crc_bit_by_bit(uint32_t crc, const uint8_t *bytes, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void
look_at_arithmetic(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	const size_t len = 777;
	struct work work;

	work_init(&work, func, len);
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		work.in_bytes[i] = arena->in[i].bytes + i;
	work.out_bytes = arena->out.bytes + 3;
	work.dreq.dreq_immediate[0] = 0xee;
	ck_assert_int_eq(work_run(&work, rig), 0);
	if (func->dfn_kind == DMOVER_KIND_CRC32C)
		ck_assert_int_eq(result_crc(&work), crc_bit_by_bit(0xee, work.in_bytes[0], len));
	for (size_t j = 0; func->dfn_has_output && j < len; j++) {
		uint8_t byte = func->dfn_kind == DMOVER_KIND_FILL8 ? 0xee : 0;

		for (unsigned i = 0; i < func->dfn_ninputs; i++)
			byte ^= work.in_bytes[i][j];
		rig_demand(work.out_bytes[j] == byte, "%s: byte %zu", func->dfn_name, j);
	}
	work_fini(&work);
}

START_TEST(the_oracle_agrees_with_arithmetic_byte_by_byte)
{
	compare_each_function(dmover_engines[0], look_at_arithmetic);
}
END_TEST

START_TEST(the_oracle_copies_overlapping_memory_as_if_there_were_a_second_buffer)
{
	for (unsigned to = 0; to < 64; to++) {
		uint8_t bytes[300];
		struct work work;
		struct rig rig;

		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)i;
		rig_open(&rig, dmover_engines[0], NULL);
		work_init(&work, dmover_function_find("copy"), 200);
		work.in_bytes[0] = bytes + 32;
		work.out_bytes = bytes + to;
		ck_assert_int_eq(work_run(&work, &rig), 0);
		for (unsigned i = 0; i < 200; i++)
			rig_demand(bytes[to + i] == (uint8_t)(32 + i), "byte %u", i);
		work_fini(&work);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(the_oracle_does_everything_and_is_never_hidden)
{
	const struct dmover_engine *oracle = dmover_engines[0];

	ck_assert_uint_eq(oracle->eng_kinds, DMOVER_F_ALL);
	ck_assert_uint_eq(oracle->eng_flags, DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_ON_CPU);
	ck_assert(rig_probe(oracle, (char[64]){ 0 }, 64));
}
END_TEST

START_TEST(every_row_of_the_table_is_complete_and_has_a_name_of_its_own)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		const struct dmover_engine *engine = dmover_engines[i];

		ck_assert(engine->eng_name[0] != '\0' && engine->eng_about[0] != '\0');
		ck_assert_ptr_null(strpbrk(engine->eng_name, ":, "));
		ck_assert(engine->eng_kinds != 0 && (engine->eng_kinds & ~DMOVER_F_ALL) == 0);
		ck_assert(engine->eng_probe != NULL && engine->eng_submit != NULL);
		if (engine->eng_flags & DMOVER_ENGINE_NO_DATA)
			ck_assert_msg(engine->eng_flags & DMOVER_ENGINE_NAMED,
			    "%s would be chosen for being fast", engine->eng_name);
		if (engine->eng_flags & DMOVER_ENGINE_FILE)
			ck_assert_msg(engine->eng_flags & DMOVER_ENGINE_UIO,
			    "%s has no use for a file", engine->eng_name);
		if (engine->eng_close != NULL)
			engine->eng_close(NULL);
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(engine->eng_name, dmover_engines[j]->eng_name);
	}
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("conformance");
	TCase *answers = tcase_create("answers");

	roster_fill();
	tcase_set_timeout(answers, 300);
	tcase_add_loop_test(answers, known_answers_are_given, 0, roster_movers.n);
	tcase_add_test(answers, the_oracle_agrees_with_arithmetic_byte_by_byte);
	tcase_add_test(
	    answers, the_oracle_copies_overlapping_memory_as_if_there_were_a_second_buffer);
	tcase_add_loop_test(answers, every_length_up_to_1025_agrees_with_the_oracle_at_page_edges,
	    0, roster_movers.n);
	tcase_add_loop_test(answers,
	    lengths_around_a_page_64_KiB_and_the_largest_piece_agree_with_the_oracle, 0,
	    roster_movers.n);
	tcase_add_loop_test(
	    answers, every_pair_of_misalignments_agrees_with_the_oracle, 0, roster_movers.n);
	tcase_add_loop_test(answers, the_output_may_be_input_0, 0, roster_in_place.n);
	tcase_add_loop_test(answers, every_immediate_is_heeded, 0, roster_movers.n);
	tcase_add_loop_test(answers, a_crc_goes_on_from_the_immediate, 0, roster_summers.n);
	tcase_add_loop_test(answers, an_engine_that_moves_no_data_completes_and_touches_nothing, 0,
	    roster_idlers.n);
	suite_add_tcase(suite, answers);
	/* These look at no answer: --break has nothing to spoil. */
	if (!rig_break) {
		TCase *table = tcase_create("table");

		tcase_add_test(table, the_oracle_does_everything_and_is_never_hidden);
		tcase_add_test(table, every_row_of_the_table_is_complete_and_has_a_name_of_its_own);
		suite_add_tcase(suite, table);
	}
	return suite;
}

int
main(int argc, char **argv)
{
	return rig_main(argc, argv, make_suite);
}
