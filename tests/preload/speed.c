/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: what is measured of the device at a path: speed.c NAME, one number a line.
 *
 * small: nanoseconds of a write and a read of one 4 KiB copy.  large: MB/s of a 64 MiB copy, and of
 * the same by process_vm_readv(2) and its twin through a buffer, with as many threads.  paths:
 * nanoseconds that an open of another path costs more than the C library's own.
 */
#include "common.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#define ROUNDS      15
#define LARGE       ((size_t)64 << 20)
#define CHUNK       ((size_t)256 << 10)
#define THREADS_MAX 16

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int
measure_small(void)
{
	enum { N = 2000 };
	static char from[4096], to[4096];
	int fd = device_open("copy");
	double best = 1e18;

	for (int round = 0; round < ROUNDS; round++) {
		double since = now();

		for (int i = 0; i < N; i++)
			CHECK(device_copy(fd, to, from, sizeof(to)) == 0);
		since = (now() - since) / N;
		best = since < best ? since : best;
	}
	printf("%.0f\n", best);
	return 0;
}

struct part {
	pthread_t thread;
	char *from, *to;
	size_t len;
};

/* The barest loop that must be paid: out of the program's memory, and into it. */
static void *
staged(void *arg)
{
	struct part *part = arg;
	char *stage = malloc(CHUNK);

	CHECK(stage != NULL);
	for (size_t at = 0; at < part->len; at += CHUNK) {
		struct iovec local = { stage, CHUNK };
		struct iovec from = { part->from + at, CHUNK }, to = { part->to + at, CHUNK };

		CHECK(process_vm_readv(gettid(), &local, 1, &from, 1, 0) == (ssize_t)CHUNK);
		CHECK(process_vm_writev(gettid(), &local, 1, &to, 1, 0) == (ssize_t)CHUNK);
	}
	free(stage);
	return NULL;
}

static void
floor_copy(char *to, char *from, unsigned n)
{
	struct part parts[THREADS_MAX];
	size_t len = LARGE / n / CHUNK * CHUNK;

	for (unsigned i = 0; i < n; i++) {
		parts[i] = (struct part){ .from = from + i * len, .to = to + i * len, .len = len };
		CHECK(pthread_create(&parts[i].thread, NULL, staged, &parts[i]) == 0);
	}
	for (unsigned i = 0; i < n; i++)
		CHECK(pthread_join(parts[i].thread, NULL) == 0);
}

static int
measure_large(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX : (unsigned)cpus;
	char *memory = mmap(NULL, 2 * LARGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	double device = 1e18, bare = 1e18, since;
	int fd = device_open("copy");

	CHECK(memory != MAP_FAILED);
	/* In turn, so that what else the machine does meets both. */
	for (int round = 0; round < ROUNDS; round++) {
		since = now();
		CHECK(device_copy(fd, memory + LARGE, memory, LARGE) == 0);
		since = now() - since;
		device = since < device ? since : device;
		since = now();
		floor_copy(memory + LARGE, memory, n);
		since = now() - since;
		bare = since < bare ? since : bare;
	}
	printf("%.0f %.0f\n", LARGE / device * 1e3, LARGE / bare * 1e3);
	return 0;
}

static int
measure_paths(void)
{
	enum { N = 20000 };
	const char *path = "/nowhere/of/a/usual/length/file.txt";
	double best = 1e18, bare = 1e18, since;
	void *library = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), *symbol;
	int (*libc_open)(const char *, int, ...);

	CHECK(library != NULL && (symbol = dlsym(library, "open")) != NULL);
	memcpy(&libc_open, &symbol, sizeof(symbol));
	for (int round = 0; round < 3 * ROUNDS; round++) {
		since = now();
		for (int i = 0; i < N; i++)
			CHECK(open(path, O_RDONLY) == -1);
		since = (now() - since) / N;
		best = since < best ? since : best;
		since = now();
		for (int i = 0; i < N; i++)
			CHECK(libc_open(path, O_RDONLY) == -1);
		since = (now() - since) / N;
		bare = since < bare ? since : bare;
	}
	printf("%.0f\n", best - bare);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "small") == 0)
		return measure_small();
	if (argc > 1 && strcmp(argv[1], "large") == 0)
		return measure_large();
	if (argc > 1 && strcmp(argv[1], "paths") == 0)
		return measure_paths();
	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	return 2;
}
