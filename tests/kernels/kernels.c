/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernels.c: the kernels of every CPU level give what plain arithmetic gives, and touch nothing else.
 *
 * --break flips one bit of each answer; it then exits with 0 if a test did not notice.
 */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/cpu/crc32c.h"

static const enum dmover_kind kinds[] = { DMOVER_KIND_FILL8, DMOVER_KIND_COPY, DMOVER_KIND_CRC32C,
	DMOVER_KIND_XOR };
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Calls CHECK for each function: fill, copy and crc32c, and XOR of each number of inputs. */
static void
each_function(const struct cpu_level *level, struct spot spot,
    void (*check)(const struct cpu_level *level, struct spot spot))
{
	for (unsigned k = 0; k < NKINDS; k++) {
		spot.kind = kinds[k];
		spot.nsrc = spot.kind == DMOVER_KIND_FILL8 ? 0 : 1;
		if (spot.kind != DMOVER_KIND_XOR) {
			check(level, spot);
			continue;
		}
		for (spot.nsrc = 2; spot.nsrc <= DMOVER_INPUTS_MAX; spot.nsrc++)
			check(level, spot);
	}
}

static void
check_short(const struct cpu_level *level, struct spot spot)
{
	for (spot.len = 0; spot.len <= 1025; spot.len++) {
		spot.at_end = false;
		kernel_check(level, &spot);
		spot.at_end = true;
		kernel_check(level, &spot);
	}
}

static void
short_lengths_at_page_edges(const struct cpu_level *level)
{
	each_function(level, (struct spot){ 0 }, check_short);
}

static void
check_around(const struct cpu_level *level, struct spot spot)
{
	/* Also the sizes from which, or up to which, a level does something else. */
	static const size_t around[] = { 2048, 3872, 4096, 16384 + 3872, 32768, 65536, 262144,
		1 << 20 };

	for (unsigned i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		for (spot.len = around[i] - 1; spot.len <= around[i] + 1; spot.len++) {
			spot.at_end = !spot.at_end;
			spot.in_offset = (unsigned)(spot.len * 11 + i) % 64;
			spot.out_offset = (unsigned)(spot.len * 7 + i) % 64;
			kernel_check(level, &spot);
		}
	}
}

static void
longer_lengths(const struct cpu_level *level)
{
	each_function(level, (struct spot){ 0 }, check_around);
}

/* Around the length from which outputs are streamed, and at ends that fall into a block. */
static void
check_streamed(const struct cpu_level *level, struct spot spot)
{
	const size_t from = CPU_STREAM_FROM / (spot.nsrc + 1);
	const size_t lens[] = { from - 1, from, from + 1, from + 777 };

	if (spot.nsrc == 0 || spot.kind == DMOVER_KIND_CRC32C)
		return;
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		spot.len = lens[i];
		spot.at_end = i % 2 == 0;
		spot.out_offset = (i * 31 + spot.nsrc) % 64;
		spot.in_place = spot.kind == DMOVER_KIND_XOR && i == 3;
		kernel_check(level, &spot);
	}
}

static void
streamed_lengths(const struct cpu_level *level)
{
	each_function(level, (struct spot){ .in_offset = 3 }, check_streamed);
}

static void
check_offsets(const struct cpu_level *level, struct spot spot)
{
	for (spot.in_offset = 0; spot.in_offset < 64; spot.in_offset++) {
		for (spot.out_offset = 0; spot.out_offset < 64; spot.out_offset++) {
			spot.len = 1 + (spot.in_offset * 64 + spot.out_offset * 5) % 700;
			spot.at_end = ((spot.in_offset ^ spot.out_offset) & 1) != 0;
			kernel_check(level, &spot);
		}
	}
}

static void
every_pair_of_misalignments(const struct cpu_level *level)
{
	each_function(level, (struct spot){ 0 }, check_offsets);
}

static void
check_in_place(const struct cpu_level *level, struct spot spot)
{
	if (spot.kind != DMOVER_KIND_XOR && spot.kind != DMOVER_KIND_COPY)
		return;
	spot.in_place = true;
	for (unsigned i = 0; i <= 1030; i++) {
		spot.len = i <= 1025 ? i : 4000 + i * 13;
		spot.at_end = i % 2 == 0;
		spot.in_offset = i % 64;
		spot.out_offset = i * 7 % 64;
		kernel_check(level, &spot);
	}
}

static void
output_in_the_place_of_input_0(const struct cpu_level *level)
{
	each_function(level, (struct spot){ 0 }, check_in_place);
}

/* memmove's promise: the bytes arrive as if by way of a third buffer. */
static void
check_overlap(const struct cpu_level *level, size_t len, long distance)
{
	uint8_t *const base = kernel_output();
	uint8_t *const src = base + 4096, *const dst = src + distance;

	memcpy(src, kernel_noise(0), len);
	level->kernels()->copy(dst, src, len);
	dst[len / 2] ^= kernel_break;
	if (memcmp(dst, kernel_noise(0), len) != 0)
		kernel_complain("%s: copy of %zu bytes over itself, %ld bytes on",
		    level->engine->eng_name, len, distance);
}

static void
overlapping_copies(const struct cpu_level *level)
{
	static const size_t lens[] = { 1, 63, 200, 2047, 2048, 5000, 32768, 40000 };
	const size_t streamed = CPU_STREAM_FROM / 2 + 5;

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		for (long distance = -130; distance <= 130; distance++)
			check_overlap(level, lens[i], distance);
		check_overlap(level, lens[i], 2048);
		check_overlap(level, lens[i], -2048);
	}
	check_overlap(level, streamed - 5000, 1000);
	check_overlap(level, streamed, -1000);
}

/* RFC 3720, section B.4, and the usual check value. */
static void
known_crcs(const struct cpu_level *level)
{
	static const struct {
		size_t len;
		uint32_t crc;
		uint8_t first;
		uint8_t step;
	} known[] = {
		{ 9, 0xe3069283, '1', 1 },
		{ 32, 0x8a9136aa, 0, 0 },
		{ 32, 0x62a8ab43, 0xff, 0 },
		{ 32, 0x46dd794e, 0, 1 },
		{ 32, 0x113fdb5c, 31, 0xff },
	};
	/* The last one there: a SCSI read command. */
	static const uint8_t read_command[48] = { 0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0,
		0, 0, 0x02 };
	uint8_t bytes[32];
	uint32_t crc;

	for (unsigned k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		for (size_t i = 0; i < known[k].len; i++)
			bytes[i] = (uint8_t)(known[k].first + i * known[k].step);
		crc = ~level->kernels()->crc32c(~0u, bytes, known[k].len) ^ kernel_break;
		if (crc != known[k].crc)
			kernel_complain("%s: known answer %u: %08x, not %08x",
			    level->engine->eng_name, k, crc, known[k].crc);
	}
	crc = ~level->kernels()->crc32c(~0u, read_command, sizeof(read_command)) ^ kernel_break;
	if (crc != 0xd9963a56)
		kernel_complain("%s: a read command: %08x", level->engine->eng_name, crc);
}

static void
crcs_in_parts(const struct cpu_level *level)
{
	const struct cpu_kernels *kernels = level->kernels();
	const uint8_t *bytes = kernel_noise(1) + 1;
	uint64_t x = 88172645463325252u;

	for (unsigned round = 0; round < 200; round++) {
		size_t len, cut;
		uint32_t whole, parts;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		len = 1 + (size_t)(x >> 20) % 60000;
		cut = (size_t)(x >> 40) % (len + 1);
		whole = kernel_crc((uint32_t)x, bytes, len);
		parts = kernels->crc32c((uint32_t)x, bytes, cut);
		parts = kernels->crc32c(parts, bytes + cut, len - cut) ^ kernel_break;
		if (parts != whole)
			kernel_complain(
			    "%s: CRC of %zu bytes, cut at %zu", level->engine->eng_name, len, cut);
	}
}

/* One line for each constant of crc32c.h. */
static void
constants_are_powers_of_x(const struct cpu_level *level)
{
#define POWER(n)                                                                                   \
	{                                                                                          \
		n, CRC32C_X##n                                                                     \
	}
	static const struct {
		unsigned n;
		uint32_t x_n;
	} powers[] = { POWER(95), POWER(159), POWER(223), POWER(287), POWER(351), POWER(415),
		POWER(479), POWER(543), POWER(735), POWER(991), POWER(1055), POWER(2015),
		POWER(2079), POWER(2783), POWER(3039), POWER(5599), POWER(8415) };
#undef POWER

	(void)level;
	for (unsigned i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		uint32_t power = 0x80000000u; /* x^0 */

		for (unsigned n = 0; n < powers[i].n; n++)
			power = power >> 1 ^ ((power & 1) != 0 ? 0x82f63b78u : 0);
		if ((power ^ kernel_break) != powers[i].x_n)
			kernel_complain(
			    "x^%u is %08x, not %08x", powers[i].n, power, powers[i].x_n);
	}
}

/* A lane's length must be what the powers of its block move past. */
static void
blocks_move_past_their_lanes(const struct cpu_level *level)
{
	(void)level;
	for (unsigned b = 0; b < CRC32C_NBLOCKS; b++) {
		const struct crc32c_block *block = &crc32c_blocks[b];
		const uint32_t past[] = { block->past_1, block->past_2, block->past_3 };

		for (unsigned lanes = 1; lanes <= 3; lanes++) {
			const size_t n = lanes * block->rounds * CRC32C_LANE_STEP * 8 - 33;
			uint32_t power = 0x80000000u;

			for (size_t i = 0; i < n; i++)
				power = power >> 1 ^ ((power & 1) != 0 ? 0x82f63b78u : 0);
			if ((power ^ kernel_break) != past[lanes - 1])
				kernel_complain("block of %zu rounds: past %u lanes: %08x",
				    block->rounds, lanes, past[lanes - 1]);
		}
	}
}

static const struct test {
	const char *name;
	void (*run)(const struct cpu_level *level);
	bool is_once; /* looks at no level */
} tests[] = {
	{ "constants_are_powers_of_x", constants_are_powers_of_x, true },
	{ "blocks_move_past_their_lanes", blocks_move_past_their_lanes, true },
	{ "known_crcs", known_crcs, false },
	{ "crcs_in_parts", crcs_in_parts, false },
	{ "short_lengths_at_page_edges", short_lengths_at_page_edges, false },
	{ "every_pair_of_misalignments", every_pair_of_misalignments, false },
	{ "output_in_the_place_of_input_0", output_in_the_place_of_input_0, false },
	{ "longer_lengths", longer_lengths, false },
	{ "overlapping_copies", overlapping_copies, false },
	{ "streamed_lengths", streamed_lengths, false },
};
#define NTESTS (sizeof(tests) / sizeof(tests[0]))

struct score {
	unsigned ran;
	unsigned failed;
};

static void
run_test(const struct test *test, const struct cpu_level *level, struct score *score)
{
	/* Before it runs: what strays into a forbidden page ends the program. */
	printf("%s: %s\n", test->is_once ? "all" : level->engine->eng_name, test->name);
	fflush(stdout);
	kernel_faults = 0;
	test->run(level);
	score->ran++;
	if (kernel_faults > 0) {
		score->failed++;
		printf("\tFAILED: %u wrong\n", kernel_faults);
	}
}

static void
run_level(const struct cpu_level *level, struct score *score)
{
	char why[128];

	if (level->engine->eng_probe(why, sizeof(why)) != 0) {
		printf("skip: %s: %s\n", level->engine->eng_name, why);
		return;
	}
	for (unsigned i = 0; i < NTESTS; i++)
		if (!tests[i].is_once)
			run_test(&tests[i], level, score);
}

int
main(int argc, char **argv)
{
	struct score score = { 0 };

	kernel_break = argc == 2 && strcmp(argv[1], "--break") == 0;
	if (argc > 2 || (argc == 2 && !kernel_break)) {
		fprintf(stderr, "usage: %s [--break]\n", argv[0]);
		return 2;
	}
	if (!kernel_site_open())
		return EXIT_FAILURE;
	for (unsigned i = 0; i < NTESTS; i++)
		if (tests[i].is_once)
			run_test(&tests[i], &cpu_levels[0], &score);
	for (unsigned i = 0; cpu_levels[i].engine != NULL; i++)
		run_level(&cpu_levels[i], &score);
	kernel_site_close();
	printf("%u tests, %u failed\n", score.ran, score.failed);
	if (kernel_break && score.failed < score.ran) {
		/* Whoever runs this waits for a failure. */
		printf("--break: %u tests did not notice\n", score.ran - score.failed);
		return EXIT_SUCCESS;
	}
	return score.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
