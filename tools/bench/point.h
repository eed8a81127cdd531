/* SPDX-License-Identifier: BSD-2-Clause */
/* point.h: one point of what can be measured: a value for each axis. */
#ifndef TOOLS_BENCH_POINT_H
#define TOOLS_BENCH_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

/* The axes, in the order in which a plan varies them: the last one fastest. */
enum bench_axis {
	BENCH_FUNCTION,  /* place in the table of functions */
	BENCH_PAGES,     /* enum bench_pages */
	BENCH_FOOTPRINT, /* enum bench_footprint */
	BENCH_ALIGN,     /* bytes by which buffers are off a page's start */
	BENCH_IOVECS,    /* pieces of each buffer */
	BENCH_SESSIONS,  /* sessions, each with a thread; direct: threads */
	BENCH_DEPTH,     /* writes of a session without their read */
	BENCH_BATCH,     /* requests of a write; direct: submitted at once */
	BENCH_SIZE,      /* bytes of each input and of the output */
	BENCH_NAXES
};

enum bench_pages { BENCH_PAGES_4K, BENCH_PAGES_2M };
enum bench_footprint { BENCH_HOT, BENCH_COLD };

struct bench_point {
	bool is_direct; /* at the engine, not through the device */
	uint64_t value[BENCH_NAXES];
};

/* The name of an axis: that of its option, its column and its member. */
const char *bench_axis_name(enum bench_axis axis);

/* A value of an axis from text ("64K", "copy", "cold"); -EINVAL. */
int bench_axis_parse(enum bench_axis axis, const char *text, uint64_t *ret_value);

/* A number of bytes up to MAX, with K, M or G or without; -EINVAL. */
int bench_size_parse(const char *text, uint64_t max, uint64_t *ret_size);

/* And back.  Returns TEXT. */
const char *bench_axis_text(enum bench_axis axis, uint64_t value, char *text, size_t len);

const struct dmover_function *bench_point_function(const struct bench_point *point);

/* Requests that are in flight at once, over all sessions. */
size_t bench_point_slots(const struct bench_point *point);

/* "device copy 64K batch=64": axes that have their usual value are left out.  Returns TEXT. */
const char *bench_point_text(const struct bench_point *point, char *text, size_t len);

#endif /* TOOLS_BENCH_POINT_H */
