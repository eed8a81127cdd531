/* SPDX-License-Identifier: BSD-2-Clause */
/* site.c: the memory around a kernel, the oracle, and the comparison. */
#include "site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CANARIES     64u
#define CANARY       0x5au
#define MESSAGES_MAX 10u
#define FILL_BYTE    0xa7u
#define CRC_BEFORE   0x12345678u

bool kernel_break;
unsigned kernel_faults;

/* Inputs, output, and what the output must be. */
static uint8_t *inputs[DMOVER_INPUTS_MAX];
static uint8_t *output;
static uint8_t *wanted;
static size_t room; /* KERNEL_ROOM in whole pages */

static uint32_t crc_of_byte[256];

/* From the polynomial of RFC 3720 alone: nothing of the engines' own tables or constants. */
static void
make_crc_table(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
		crc_of_byte[byte] = crc;
	}
}

uint32_t
kernel_crc(uint32_t crc, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ crc_of_byte[(crc ^ bytes[i]) & 0xff];
	return crc;
}

/* ROOM bytes between two forbidden pages, or NULL. */
static uint8_t *
guarded_open(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map;

	room = (KERNEL_ROOM + page - 1) / page * page;
	map =
	    mmap(/* addr= */ NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (mprotect(map + page, room, PROT_READ | PROT_WRITE) != 0) {
		munmap(map, room + 2 * page);
		return NULL;
	}
	return map + page;
}

static void
guarded_close(uint8_t *bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (bytes != NULL)
		munmap(bytes - page, room + 2 * page);
}

static void
make_noise(uint8_t *bytes, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < room; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(bytes + i, &x, sizeof(x));
	}
}

bool
kernel_site_open(void)
{
	bool is_enough;

	make_crc_table();
	output = guarded_open();
	wanted = guarded_open();
	is_enough = output != NULL && wanted != NULL;
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX && is_enough; i++) {
		inputs[i] = guarded_open();
		is_enough = inputs[i] != NULL;
		if (!is_enough)
			break;
		make_noise(inputs[i], i + 1);
		is_enough = mprotect(inputs[i], room, PROT_READ) == 0;
	}
	if (is_enough)
		return true;
	perror("kernels: no memory for the buffers");
	kernel_site_close();
	return false;
}

void
kernel_site_close(void)
{
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++) {
		guarded_close(inputs[i]);
		inputs[i] = NULL;
	}
	guarded_close(output);
	guarded_close(wanted);
	output = NULL;
	wanted = NULL;
}

const uint8_t *
kernel_noise(unsigned i)
{
	return inputs[i];
}

uint8_t *
kernel_output(void)
{
	return output;
}

void
kernel_complain(const char *format, ...)
{
	va_list args;

	if (kernel_faults++ >= MESSAGES_MAX || kernel_break)
		return;
	va_start(args, format);
	printf("\t");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

static uint8_t *
place(uint8_t *bytes, const struct spot *spot, unsigned offset)
{
	return spot->at_end ? bytes + room - spot->len - offset : bytes + offset;
}

/* Bytes of the output buffer before and behind the output that must stay as they were. */
static void
canaries_set(uint8_t *out, size_t len)
{
	const size_t before = (size_t)(out - output), after = room - before - len;

	memset(out - (before < CANARIES ? before : CANARIES), CANARY,
	    before < CANARIES ? before : CANARIES);
	memset(out + len, CANARY, after < CANARIES ? after : CANARIES);
}

static bool
canaries_live(const uint8_t *out, size_t len)
{
	const size_t before = (size_t)(out - output), after = room - before - len;

	for (size_t i = 1; i <= CANARIES && i <= before; i++)
		if (*(out - i) != CANARY)
			return false;
	for (size_t i = 0; i < CANARIES && i < after; i++)
		if (out[len + i] != CANARY)
			return false;
	return true;
}

/* What the output must be, by single bytes. */
static void
ask_oracle(const struct spot *spot, const uint8_t *const *src)
{
	if (spot->kind == DMOVER_KIND_FILL8) {
		memset(wanted, FILL_BYTE, spot->len);
		return;
	}
	memcpy(wanted, src[0], spot->len);
	for (unsigned s = 1; s < spot->nsrc; s++)
		for (size_t i = 0; i < spot->len; i++)
			wanted[i] ^= src[s][i];
}

static void
run(const struct cpu_kernels *kernels, const struct spot *spot, uint8_t *out,
    const uint8_t *const *src)
{
	switch (spot->kind) {
	case DMOVER_KIND_FILL8:
		kernels->fill(out, FILL_BYTE, spot->len);
		break;
	case DMOVER_KIND_COPY:
		kernels->copy(out, src[0], spot->len);
		break;
	default:
		kernels->xor (out, src, spot->nsrc, spot->len);
		break;
	}
}

static void
check_crc(const struct cpu_level *level, const struct spot *spot, const uint8_t *src)
{
	const uint32_t want = kernel_crc(CRC_BEFORE, src, spot->len);
	const uint32_t got = level->kernels()->crc32c(CRC_BEFORE, src, spot->len) ^ kernel_break;

	if (got != want)
		kernel_complain("%s: CRC of %zu bytes, offset %u from the %s: %08x, not %08x",
		    level->engine->eng_name, spot->len, spot->in_offset,
		    spot->at_end ? "end" : "start", got, want);
}

void
kernel_check(const struct cpu_level *level, const struct spot *spot)
{
	const uint8_t *src[DMOVER_INPUTS_MAX];
	uint8_t *out = place(output, spot, spot->out_offset);

	for (unsigned i = 0; i < spot->nsrc; i++)
		src[i] = place(inputs[i], spot, (spot->in_offset + 5 * i) % 64);
	if (spot->kind == DMOVER_KIND_CRC32C) {
		check_crc(level, spot, src[0]);
		return;
	}
	ask_oracle(spot, src);
	memset(out, 0x5c, spot->len);
	canaries_set(out, spot->len);
	if (spot->in_place) {
		memcpy(out, src[0], spot->len);
		src[0] = out;
	}
	run(level->kernels(), spot, out, src);
	if (kernel_break && spot->len > 0)
		out[spot->len / 2] ^= 1;
	if (memcmp(out, wanted, spot->len) != 0 || !canaries_live(out, spot->len))
		kernel_complain("%s: kind %d of %u inputs of %zu bytes, offsets %u and %u from the "
				"%s%s: wrong bytes, or bytes outside",
		    level->engine->eng_name, (int)spot->kind, spot->nsrc, spot->len,
		    spot->in_offset, spot->out_offset, spot->at_end ? "end" : "start",
		    spot->in_place ? ", in place" : "");
}
