/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: dmover-bench --bars: the device against the floor, as ratios taken in one run. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/bench/bench.h"

#define LARGE  ((size_t)64 << 20)
#define SMALL  4096
#define ROUNDS 15   /* of a large row, device and floor in turn */
#define SMALLS 2001 /* of a small row */

/* What a row compares; BAR is the least ratio floor / device that is good enough. */
struct bar {
	const char *name;
	double bar;
	double device, floor; /* seconds, medians */
};

struct setup {
	const char *path;
	unsigned threads;
	struct bench_floor *floor;
	struct bench_round_trip *trip;
	uint8_t *out, *in;
};

static const char help[] =
    "usage: dmover-bench [--bars] [--path=PATH] [--threads=N]\n"
    "Measures a running dmoverd against the floor: the barest accesses that must be paid.\n"
    "\n"
    "  --bars        the rows that the project promises, each with its bar (what it does now)\n"
    "  --path=PATH   the device (/dev/dmoverio)\n"
    "  --threads=N   threads of the floor: as many as dmoverd has workers (processors)\n"
    "\n"
    "Exit status 1 when a row is below its bar.  Example:\n"
    "  dmoverd && dmover-bench --bars\n";

/* Large rows: throughput; the floor takes its best chunk. */
static void
bar_large(const struct setup *setup, const char *function, struct bar *bar)
{
	struct bench_device *device = bench_device_open(setup->path, function);
	uint8_t *in = strcmp(function, "copy") == 0 ? setup->in : NULL;
	double device_times[ROUNDS], best = 0;

	bench_device_run(device, setup->out, in, LARGE, 1);
	for (size_t chunk = 64 << 10; chunk <= 1 << 20; chunk *= 2) {
		double times[ROUNDS];

		for (unsigned i = 0; i < ROUNDS; i++)
			times[i] = in != NULL
				       ? bench_floor_copy(setup->floor, chunk, setup->threads)
				       : bench_floor_write(setup->floor, chunk, setup->threads);
		double median = bench_median(times, ROUNDS);

		if (best == 0 || median < best)
			best = median;
		for (unsigned i = 0; i < ROUNDS; i++)
			device_times[i] = bench_device_run(device, setup->out, in, LARGE, 1);
		median = bench_median(device_times, ROUNDS);
		if (bar->device == 0 || median < bar->device)
			bar->device = median;
	}
	bar->floor = best;
	bench_device_close(device);
}

/* Small rows: latency of one write and one read. */
static void
bar_small(const struct setup *setup, unsigned n, struct bar *bar)
{
	static double device_times[SMALLS], floor_times[SMALLS];
	struct bench_device *device = bench_device_open(setup->path, "copy");

	for (unsigned i = 0; i < SMALLS; i++) {
		device_times[i] = bench_device_run(device, setup->out, setup->in, SMALL, n);
		floor_times[i] = bench_round_trip_run(setup->trip, (size_t)n * 40, (size_t)n * 16) +
				 bench_floor_calls(setup->floor, SMALL, n);
	}
	bar->device = bench_median(device_times, SMALLS);
	bar->floor = bench_median(floor_times, SMALLS);
	bench_device_close(device);
}

static int
print_bars(const struct bar *bars, unsigned n)
{
	int status = 0;

	printf("%-34s %12s %12s %8s %6s\n", "work", "device us", "floor us", "ratio", "bar");
	for (unsigned i = 0; i < n; i++) {
		double ratio = bars[i].floor / bars[i].device;

		printf("%-34s %12.1f %12.1f %8.2f %6.2f %s\n", bars[i].name, bars[i].device * 1e6,
		    bars[i].floor * 1e6, ratio, bars[i].bar, ratio >= bars[i].bar ? "" : "below");
		if (ratio < bars[i].bar)
			status = 1;
	}
	return status;
}

static int
run_bars(struct setup *setup)
{
	struct bar bars[] = {
		{ .name = "64 x 4 KiB copy, one write and read", .bar = 1 / 1.5 },
		{ .name = "1 x 4 KiB copy, one write and read", .bar = 1 / 1.5 },
		{ .name = "64 MiB zero", .bar = 0.85 },
		{ .name = "64 MiB copy, posted", .bar = 0.45 },
	};

	setup->out =
	    mmap(NULL, 2 * LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (setup->out == MAP_FAILED)
		err(1, "memory");
	setup->in = setup->out + LARGE;
	memset(setup->out, 3, 2 * LARGE);
	setup->floor = bench_floor_create(LARGE);
	setup->trip = bench_round_trip_create();
	if (setup->trip == NULL)
		return 2;
	bar_small(setup, 64, &bars[0]);
	bar_small(setup, 1, &bars[1]);
	bar_large(setup, "zero", &bars[2]);
	bar_large(setup, "copy", &bars[3]);
	bench_round_trip_destroy(setup->trip);
	bench_floor_destroy(setup->floor);
	munmap(setup->out, 2 * LARGE);
	return print_bars(bars, sizeof(bars) / sizeof(bars[0]));
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bars", no_argument, NULL, 'b' },
		{ "path", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct setup setup = { .path = "/dev/dmoverio" };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int option;

	setup.threads = cpus > 0 ? (unsigned)cpus : 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			setup.path = optarg;
			break;
		case 't':
			setup.threads = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'b':
			break;
		default:
			return 2;
		}
	}
	if (setup.threads < 1 || setup.threads > 64)
		errx(2, "--threads: 1 to 64");
	return run_bars(&setup);
}
