/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the command line of dmover-bench. */
#ifndef TOOLS_BENCH_OPTIONS_H
#define TOOLS_BENCH_OPTIONS_H

#include "tools/bench/point.h"

#define BENCH_VALUES_MAX  32
#define BENCH_ENGINES_MAX 24
#define BENCH_ENGINE_TEXT 256 /* of NAME:ARGS */

enum bench_action { BENCH_RUN, BENCH_BARS, BENCH_LIST, BENCH_HELP, BENCH_VERSION };

/* The values of an axis; none: as the preset says. */
struct bench_values {
	unsigned n;
	uint64_t value[BENCH_VALUES_MAX];
};

struct bench_options {
	enum bench_action action;
	bool is_quick, is_direct, is_device; /* neither of the last two: both */
	bool is_verifying;
	bool is_served_apart; /* the bare FUSE file has a process of its own */
	struct bench_values axes[BENCH_NAXES];
	unsigned nengines; /* 0: as the preset says */
	char engines[BENCH_ENGINES_MAX][BENCH_ENGINE_TEXT];
	const char *path;    /* of a running daemon; NULL: daemons of our own */
	const char *dmoverd; /* NULL: found */
	pid_t daemon_pid;    /* of the running one; 0: found, if there is one only */
	unsigned threads;
	unsigned rounds; /* 0: as the preset says */
	double seconds;  /* 0: as the preset says */
	size_t memory;   /* bytes of buffers */
	/* NULL: not wanted; "-": the standard output. */
	const char *json, *csv, *report;
	const char *compare, *compare_with; /* with: NULL: what is measured now */
};

extern const char bench_help[];

/* -EINVAL, with the reason in WHY, when the command line makes no sense. */
int bench_options_parse(
    struct bench_options *options, int argc, char **argv, char *why, size_t len);

/* Values from a list "4K,64K"; "all" is each function.  -EINVAL, and WHY names the bad one. */
int bench_values_parse(
    struct bench_values *values, enum bench_axis axis, const char *list, char *why, size_t len);

#endif /* TOOLS_BENCH_OPTIONS_H */
