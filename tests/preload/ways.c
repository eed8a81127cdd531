/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ways.c: what a copy inside one process costs by each way of reaching its memory, in one run.
 *
 * plain: memcpy(3), which catches no fault.  checked: the same after the kernel was asked whether
 * both ranges are mapped and allowed (PROCMAP_QUERY); what another thread unmaps meanwhile is still a
 * signal.  once: process_vm_readv(2) from one place to the other.  staged: process_vm_readv(2) to a
 * buffer and process_vm_writev(2) from there, which leaves the bytes to any engine in between.
 * The last column is the device, write and read.
 */
#include "common.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define ROUNDS  15
#define LARGE   ((size_t)64 << 20)
#define CHUNK   ((size_t)256 << 10)
#define THREADS 2

/* As <linux/fs.h> of Linux 6.11 has it; older headers do not. */
struct map_query {
	uint64_t size, flags, addr, start, end, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name_addr, build_id_addr;
};

#define MAP_QUERY _IOWR('f', 17, struct map_query)

enum { WANT_READ = 1, WANT_WRITE = 2 };

static int maps_fd, device_fd;
static char *stages[THREADS];

struct part {
	pthread_t thread;
	void (*copy)(const struct part *part);
	char *to, *from, *stage;
	size_t len;
};

static void
copy_plain(const struct part *part)
{
	memcpy(part->to, part->from, part->len);
}

/* All of it is mapped, and allows what is wanted. */
static int
is_allowed(const char *at, size_t len, uint64_t want)
{
	const char *end = at + len;

	while (at < end) {
		struct map_query query = {
			.size = sizeof(query), .flags = want, .addr = (uintptr_t)at
		};

		if (ioctl(maps_fd, MAP_QUERY, &query) != 0)
			return 0;
		at = (const char *)(uintptr_t)query.end;
	}
	return 1;
}

static void
copy_checked(const struct part *part)
{
	CHECK(is_allowed(part->from, part->len, WANT_READ));
	CHECK(is_allowed(part->to, part->len, WANT_WRITE));
	memcpy(part->to, part->from, part->len);
}

static void
copy_once(const struct part *part)
{
	struct iovec to = { part->to, part->len }, from = { part->from, part->len };

	CHECK(process_vm_readv(gettid(), &to, 1, &from, 1, 0) == (ssize_t)part->len);
}

static void
copy_staged(const struct part *part)
{
	for (size_t at = 0; at < part->len; at += CHUNK) {
		size_t len = part->len - at < CHUNK ? part->len - at : CHUNK;
		struct iovec stage = { part->stage, len };
		struct iovec from = { part->from + at, len }, to = { part->to + at, len };

		CHECK(process_vm_readv(gettid(), &stage, 1, &from, 1, 0) == (ssize_t)len);
		CHECK(process_vm_writev(gettid(), &stage, 1, &to, 1, 0) == (ssize_t)len);
	}
}

static void
copy_device(const struct part *part)
{
	CHECK(device_copy(device_fd, part->to, part->from, part->len) == 0);
}

static void *
part_main(void *arg)
{
	const struct part *part = arg;

	part->copy(part);
	return NULL;
}

static void
copy(void (*way)(const struct part *part), char *to, char *from, size_t len)
{
	unsigned n = len == LARGE && way != copy_device ? THREADS : 1;
	struct part parts[THREADS];

	for (unsigned i = 0; i < n; i++) {
		size_t at = len / n * i;

		parts[i] = (struct part){ .copy = way,
			.to = to + at,
			.from = from + at,
			.stage = stages[i],
			.len = len / n };
		if (n > 1)
			CHECK(pthread_create(&parts[i].thread, NULL, part_main, &parts[i]) == 0);
		else
			part_main(&parts[i]);
	}
	for (unsigned i = 0; i < n && n > 1; i++)
		CHECK(pthread_join(parts[i].thread, NULL) == 0);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static const struct {
	const char *name;
	void (*copy)(const struct part *part);
} ways[] = {
	{ "plain", copy_plain },
	{ "checked", copy_checked },
	{ "once", copy_once },
	{ "staged", copy_staged },
	{ "device", copy_device },
};

#define NWAYS (sizeof(ways) / sizeof(ways[0]))

/* In turn, so that what else the machine does meets all. */
static void
measure(char *memory, size_t len)
{
	unsigned n = len < CHUNK ? 1000 : len < LARGE ? 20 : 1;
	double best[NWAYS];

	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < NWAYS; i++) {
			double since = now();

			for (unsigned j = 0; j < n; j++)
				copy(ways[i].copy, memory + LARGE, memory, len);
			since = (now() - since) / n;
			best[i] = round == 0 || since < best[i] ? since : best[i];
		}
	}
	printf("%9zu", len);
	for (size_t i = 0; i < NWAYS; i++)
		printf("  %s %.0f ns (%.1f GB/s)", ways[i].name, best[i], (double)len / best[i]);
	printf("\n");
}

int
main(void)
{
	static const size_t lens[] = { 4096, 65536, (size_t)1 << 20, LARGE };
	struct map_query query = { .size = sizeof(query) };
	char *memory = mmap(NULL, 2 * LARGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(memory != MAP_FAILED);
	maps_fd = open("/proc/self/maps", O_RDONLY);
	query.addr = (uintptr_t)memory;
	if (ioctl(maps_fd, MAP_QUERY, &query) != 0) {
		printf("skip: this kernel has no PROCMAP_QUERY\n");
		return 77;
	}
	for (unsigned i = 0; i < THREADS; i++)
		CHECK((stages[i] = aligned_alloc(4096, CHUNK)) != NULL);
	device_fd = device_open("copy");
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		measure(memory, lens[i]);
	for (unsigned i = 0; i < THREADS; i++)
		free(stages[i]);
	return 0;
}
