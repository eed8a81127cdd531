/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: how fast the CPU kernels are, beside libc and, where it was found, ISA-L.
 *
 * test_kernels_speed [FUNCTION]...: fill, copy, crc32c, xor2, xor5, xor16; all of them by default.
 *
 * Information, not a test: it exits with 0 whatever it measures.  One core; the contestants take
 * turns in every round, and the best round of each counts.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "engines/cpu/cpu.h"
#include "isal.h"

#define COLUMNS_MAX   8
#define ROUNDS        25
#define FOOTPRINT_MAX ((size_t)512 << 20)
/* A sample lasts at least as long as this many bytes need. */
#define SAMPLE_BYTES ((size_t)1 << 20)

/* One call of a kernel.  Inputs lie behind the output, PITCH bytes apart. */
struct call {
	uint8_t *dst;
	const uint8_t *src[DMOVER_INPUTS_MAX];
	unsigned nsrc;
	size_t len;
};

struct column {
	const char *name;
	const struct cpu_kernels *kernels; /* NULL: libc or ISA-L */
	void (*run)(const struct column *column, const struct call *call);
	double best; /* seconds a call */
};

struct race {
	const char *name;
	unsigned nsrc;
	bool has_output;
	void (*ours)(const struct column *column, const struct call *call);
	const char *rival_name; /* NULL where there is none */
	void (*rival)(const struct column *column, const struct call *call);
};

/* What a CRC is put into, so that it is computed. */
static volatile uint32_t crc_sink;

static void
our_fill(const struct column *column, const struct call *call)
{
	column->kernels->fill(call->dst, 0xa5, call->len);
}

static void
our_copy(const struct column *column, const struct call *call)
{
	column->kernels->copy(call->dst, call->src[0], call->len);
}

static void
our_crc(const struct column *column, const struct call *call)
{
	crc_sink = column->kernels->crc32c(7, call->src[0], call->len);
}

static void
our_xor(const struct column *column, const struct call *call)
{
	column->kernels->xor (call->dst, call->src, call->nsrc, call->len);
}

static void
libc_fill(const struct column *column, const struct call *call)
{
	(void)column;
	memset(call->dst, 0xa5, call->len);
}

static void
libc_copy(const struct column *column, const struct call *call)
{
	(void)column;
	memmove(call->dst, call->src[0], call->len);
}

static void
isal_crc(const struct column *column, const struct call *call)
{
	(void)column;
	crc_sink = isal_crc32c(7, call->src[0], call->len);
}

static void
isal_xor_all(const struct column *column, const struct call *call)
{
	(void)column;
	isal_xor(call->dst, call->src, call->nsrc, call->len);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* Seconds that one call takes, of as many as make up a sample. */
static double
sample(const struct column *column, const struct call *call, size_t bytes)
{
	const size_t calls = bytes < SAMPLE_BYTES ? SAMPLE_BYTES / bytes : 1;
	const double start = now();

	for (size_t i = 0; i < calls; i++)
		column->run(column, call);
	return (now() - start) / (double)calls;
}

static unsigned
enter_columns(const struct race *race, struct column *columns)
{
	unsigned n = 0;
	char why[128];

	for (unsigned i = 0; cpu_levels[i].engine != NULL; i++) {
		if (cpu_levels[i].engine->eng_probe(why, sizeof(why)) != 0)
			continue;
		columns[n++] = (struct column){ .name = cpu_levels[i].engine->eng_name,
			.kernels = cpu_levels[i].kernels(),
			.run = race->ours };
	}
	if (race->rival_name != NULL)
		columns[n++] = (struct column){ .name = race->rival_name, .run = race->rival };
	return n;
}

/* The bytes that a speed counts: inputs, or the output where there is none. */
static size_t
counted_bytes(const struct race *race, size_t len)
{
	return race->nsrc > 0 ? race->nsrc * len : len;
}

static void
print_row(const struct race *race, const struct column *columns, unsigned n, size_t len)
{
	const double gigabytes = (double)counted_bytes(race, len) / 1e9;
	unsigned best = 0;

	printf("%-6s %9zu", race->name, len);
	for (unsigned c = 0; c < n; c++) {
		printf(" %10.1f", gigabytes / columns[c].best);
		if (columns[c].kernels != NULL && columns[c].best < columns[best].best)
			best = c;
	}
	if (columns[n - 1].kernels == NULL)
		printf("  x%.2f", columns[n - 1].best / columns[best].best);
	printf("\n");
	fflush(stdout);
}

static void
run_size(const struct race *race, uint8_t *memory, size_t len)
{
	struct column columns[COLUMNS_MAX];
	const unsigned n = enter_columns(race, columns);
	/* Whole pages, and not all on the same lines of the first cache. */
	const size_t pitch = (len + 4095) / 4096 * 4096 + 256;
	struct call call = { .dst = memory, .nsrc = race->nsrc, .len = len };

	for (unsigned s = 0; s < race->nsrc; s++)
		call.src[s] = memory + (s + 1) * pitch;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned c = 0; c < n; c++) {
			const double seconds = sample(&columns[c], &call, counted_bytes(race, len));

			if (round == 0 || seconds < columns[c].best)
				columns[c].best = seconds;
		}
	}
	print_row(race, columns, n, len);
}

static void
run_race(const struct race *race, uint8_t *memory)
{
	static const size_t sizes[] = { 64, 128, 256, 512, 1024, 4096, 16384, 65536, 262144,
		(size_t)1 << 20, (size_t)4 << 20, (size_t)16 << 20, (size_t)64 << 20 };
	struct column columns[COLUMNS_MAX];
	const unsigned n = enter_columns(race, columns);

	printf("\n%-6s %9s", "", "bytes");
	for (unsigned c = 0; c < n; c++)
		printf(" %10s", columns[c].name);
	printf("  %s\n", race->rival_name != NULL ? "our best : the last" : "");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if ((race->nsrc + 1) * (sizes[i] + 4096 + 256) <= FOOTPRINT_MAX)
			run_size(race, memory, sizes[i]);
}

/* Lines of zeroes, or an XOR of equal inputs that makes some, are stored faster by some processors. */
static void
make_noise(uint8_t *memory)
{
	uint64_t state = 1;

	for (size_t i = 0; i < FOOTPRINT_MAX; i += sizeof(state)) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		memcpy(memory + i, &state, sizeof(state));
	}
}

/* True when the command line names no function, or this one. */
static bool
is_wanted(const char *name, char **names)
{
	for (unsigned i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return names[0] == NULL;
}

int
main(int argc, char **argv)
{
	const char *isal = isal_is_there ? "ISA-L" : NULL;
	const struct race races[] = {
		{ "fill", 0, true, our_fill, "libc", libc_fill },
		{ "copy", 1, true, our_copy, "libc", libc_copy },
		{ "crc32c", 1, false, our_crc, isal, isal_crc },
		{ "xor2", 2, true, our_xor, isal, isal_xor_all },
		{ "xor5", 5, true, our_xor, isal, isal_xor_all },
		{ "xor16", 16, true, our_xor, isal, isal_xor_all },
	};
	uint8_t *memory = mmap(/* addr= */ NULL, FOOTPRINT_MAX, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("test_kernels_speed: cannot get 512 MiB");
		return EXIT_FAILURE;
	}
	make_noise(memory);
	printf("GB/s of input (fill: of output), one core, best of %d rounds.  The same buffers "
	       "again\n"
	       "and again: what fits the caches is hot.  %s\n",
	    ROUNDS, isal_is_there ? "" : "ISA-L was not found when this was built.");
	for (unsigned i = 0; i < sizeof(races) / sizeof(races[0]); i++)
		if (argc < 1 || is_wanted(races[i].name, argv + 1))
			run_race(&races[i], memory);
	munmap(memory, FOOTPRINT_MAX);
	return EXIT_SUCCESS;
}
