/* SPDX-License-Identifier: BSD-2-Clause */
/* floor.c: the barest accesses to another process's memory. */
#include "tools/bench/bench.h"

#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define CALLS_MAX   1024

struct bench_floor {
	pid_t pid;
	size_t len;
	uint8_t *out, *in; /* in the other process */
};

struct mover {
	const struct bench_floor *floor;
	size_t from, to, chunk;
	bool reads;
	uint8_t *stage;
};

double
bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(double *times, unsigned n)
{
	qsort(times, n, sizeof(times[0]), compare);
	return times[n / 2];
}

static uint8_t *
area(size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "memory");
	return p;
}

struct bench_floor *
bench_floor_create(size_t len)
{
	struct bench_floor *floor = calloc(1, sizeof(*floor));
	int fds[2];
	char byte;

	if (floor == NULL || pipe(fds) != 0)
		err(1, "floor");
	floor->len = len;
	floor->out = area(len);
	floor->in = area(len);
	floor->pid = fork();
	if (floor->pid < 0)
		err(1, "fork");
	if (floor->pid == 0) {
		memset(floor->out, 1, len);
		memset(floor->in, 2, len);
		if (write(fds[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(fds[0], &byte, 1) != 1)
		err(1, "floor");
	close(fds[0]);
	close(fds[1]);
	return floor;
}

void
bench_floor_destroy(struct bench_floor *floor)
{
	kill(floor->pid, SIGKILL);
	waitpid(floor->pid, NULL, 0);
	munmap(floor->out, floor->len);
	munmap(floor->in, floor->len);
	free(floor);
}

static void *
move(void *arg)
{
	const struct mover *mover = arg;

	for (size_t at = mover->from; at < mover->to; at += mover->chunk) {
		struct iovec local = { mover->stage, mover->chunk };
		struct iovec in = { mover->floor->in + at, mover->chunk };
		struct iovec out = { mover->floor->out + at, mover->chunk };

		if (mover->reads && process_vm_readv(mover->floor->pid, &local, 1, &in, 1, 0) !=
					(ssize_t)mover->chunk)
			err(1, "process_vm_readv");
		if (process_vm_writev(mover->floor->pid, &local, 1, &out, 1, 0) !=
		    (ssize_t)mover->chunk)
			err(1, "process_vm_writev");
	}
	return NULL;
}

static double
run(struct bench_floor *floor, size_t chunk, unsigned threads, bool reads)
{
	struct mover movers[THREADS_MAX];
	pthread_t ids[THREADS_MAX];
	double start;

	for (unsigned i = 0; i < threads; i++) {
		movers[i] = (struct mover){
			.floor = floor,
			.from = floor->len / threads * i,
			.to = floor->len / threads * (i + 1),
			.chunk = chunk,
			.reads = reads,
			.stage = malloc(chunk),
		};
		if (movers[i].stage == NULL)
			err(1, "memory");
		memset(movers[i].stage, 0, chunk);
	}
	start = bench_now();
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, move, &movers[i]) != 0)
			errx(1, "cannot start a thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	start = bench_now() - start;
	for (unsigned i = 0; i < threads; i++)
		free(movers[i].stage);
	return start;
}

double
bench_floor_write(struct bench_floor *floor, size_t chunk, unsigned threads)
{
	return run(floor, chunk, threads, false);
}

double
bench_floor_copy(struct bench_floor *floor, size_t chunk, unsigned threads)
{
	return run(floor, chunk, threads, true);
}

double
bench_floor_calls(struct bench_floor *floor, size_t len, unsigned n)
{
	static struct iovec local[CALLS_MAX], remote[CALLS_MAX];
	static uint8_t stage[CALLS_MAX * 4096];
	double start = bench_now();

	/* Descriptors: 16 bytes for each vector or input buffer; two of them in the first call. */
	for (int call = 0; call < 2; call++) {
		unsigned pieces = call == 0 && 2 * n <= CALLS_MAX ? 2 * n : n;

		for (unsigned i = 0; i < pieces; i++) {
			local[i] = (struct iovec){ stage + i * 16, 16 };
			remote[i] = (struct iovec){ floor->in + i * 16, 16 };
		}
		if (process_vm_readv(floor->pid, local, pieces, remote, pieces, 0) < 0)
			err(1, "process_vm_readv");
	}
	local[0] = (struct iovec){ stage, n * len };
	for (unsigned i = 0; i < n; i++)
		remote[i] = (struct iovec){ floor->in + i * len, len };
	if (process_vm_readv(floor->pid, local, 1, remote, n, 0) != (ssize_t)(n * len))
		err(1, "process_vm_readv");
	for (unsigned i = 0; i < n; i++)
		remote[i] = (struct iovec){ floor->out + i * len, len };
	if (process_vm_writev(floor->pid, local, 1, remote, n, 0) != (ssize_t)(n * len))
		err(1, "process_vm_writev");
	return bench_now() - start;
}
