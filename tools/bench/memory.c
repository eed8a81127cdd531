/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: areas of private memory, and the layout of buffers in them. */
#include "tools/bench/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE      ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)
/* Pieces and buffers do not touch: what touches would be one piece to whoever looks. */
#define GAP 64
/* What is cold is in no cache any more when its turn comes again. */
#define COLD_MIN   ((size_t)256 << 20)
#define COLD_MAX   ((size_t)1 << 30)
#define PLACES_MAX ((size_t)256 << 10)

static size_t
round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

int
bench_area_init(struct bench_area *area, size_t len, enum bench_pages pages)
{
	size_t whole = round_up(len, HUGE_PAGE) + HUGE_PAGE, before;
	uint8_t *p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	/* From a multiple of the huge page on; what is left on both sides goes back. */
	before = round_up((uintptr_t)p, HUGE_PAGE) - (uintptr_t)p;
	if (before > 0)
		munmap(p, before);
	if (before < HUGE_PAGE)
		munmap(p + whole - HUGE_PAGE + before, HUGE_PAGE - before);
	area->base = p + before;
	area->len = whole - HUGE_PAGE;
	/* A kernel without huge pages refuses both, and has small ones. */
	madvise(area->base, area->len, pages == BENCH_PAGES_2M ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	madvise(area->base, area->len, MADV_DONTFORK);
	memset(area->base, 1, area->len);
	return 0;
}

void
bench_area_fini(struct bench_area *area)
{
	if (area->base != NULL)
		munmap(area->base, area->len);
	*area = (struct bench_area){ 0 };
}

double
bench_area_huge(const struct bench_area *area)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	const uintptr_t base = (uintptr_t)area->base;
	size_t from, to, kib, huge = 0;
	int is_inside = 0;
	char line[512];

	if (smaps == NULL)
		return -1;
	while (fgets(line, sizeof(line), smaps) != NULL) {
		if (sscanf(line, "%zx-%zx ", &from, &to) == 2)
			is_inside = from < base + area->len && to > base;
		else if (is_inside && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
			huge += kib << 10;
	}
	fclose(smaps);
	return huge > area->len ? 1 : (double)huge / (double)area->len;
}

/* The last cache, as far as the kernel knows it: sysconf(3) adds up what other guests have. */
static size_t
cold_bytes(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "re");
	size_t kib = 0;

	if (file != NULL) {
		if (fscanf(file, "%zuK", &kib) != 1)
			kib = 0;
		fclose(file);
	}
	if (4 * kib << 10 < COLD_MIN)
		return COLD_MIN;
	return 4 * kib << 10 < COLD_MAX ? 4 * kib << 10 : COLD_MAX;
}

int
bench_layout_init(struct bench_layout *layout, const struct bench_point *point)
{
	const struct dmover_function *function = bench_point_function(point);
	size_t at_once;

	*layout = (struct bench_layout){
		.size = point->value[BENCH_SIZE],
		.ninputs = function->dfn_ninputs,
		.nbuffers = function->dfn_ninputs + function->dfn_has_output,
		.npieces = (unsigned)point->value[BENCH_IOVECS],
		.align = point->value[BENCH_ALIGN],
		.slots = bench_point_slots(point),
		.rotations = 1,
	};
	if (layout->npieces > layout->size)
		return -E2BIG;
	layout->piece = layout->size / layout->npieces;
	layout->step = layout->npieces > 1 ? round_up(layout->piece, GAP) + GAP : layout->piece;
	layout->stride = round_up(
	    layout->step * (layout->npieces - 1) + layout->piece + layout->size % layout->npieces,
	    GAP);
	/* What starts with a page still does. */
	if (layout->slots > 1)
		layout->stride += layout->stride % PAGE == 0 ? PAGE : GAP;
	at_once = layout->slots * layout->size * layout->nbuffers;
	if (point->value[BENCH_FOOTPRINT] == BENCH_COLD)
		layout->rotations = (cold_bytes() + at_once - 1) / at_once;
	if (layout->rotations * layout->slots > PLACES_MAX)
		layout->rotations = (PLACES_MAX + layout->slots - 1) / layout->slots;
	layout->nplaces = layout->slots * layout->rotations;
	layout->region = round_up(
	    layout->nplaces * layout->stride + (layout->nbuffers + 1) * layout->align + GAP, PAGE);
	layout->len = layout->region * layout->nbuffers;
	return 0;
}

struct iovec
bench_layout_piece(const struct bench_layout *layout, const uint8_t *base, size_t place,
    unsigned buffer, unsigned i)
{
	size_t at = buffer * layout->region + (buffer + 1) * layout->align +
		    place * layout->stride + i * layout->step;
	size_t len = layout->piece;

	if (i == layout->npieces - 1)
		len += layout->size % layout->npieces;
	return (struct iovec){ (uint8_t *)(uintptr_t)base + at, len };
}

unsigned
bench_layout_range(const struct bench_layout *layout, const struct bench_range *range,
    struct iovec *iov, unsigned max, size_t *ret_len)
{
	size_t done = 0;
	unsigned n = 0;

	while (n < max && done < range->len) {
		size_t at = (range->from + done) % layout->size;
		size_t place = range->place + (range->from + done) / layout->size;
		size_t i = at / layout->piece;
		struct iovec piece;

		if (i >= layout->npieces)
			i = layout->npieces - 1; /* the last one is longer */
		piece = bench_layout_piece(layout, range->base, place, range->buffer, (unsigned)i);
		piece.iov_base = (uint8_t *)piece.iov_base + (at - i * layout->piece);
		piece.iov_len -= at - i * layout->piece;
		if (piece.iov_len > range->len - done)
			piece.iov_len = range->len - done;
		done += piece.iov_len;
		iov[n++] = piece;
	}
	*ret_len = done;
	return n;
}
