/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the command line of dmover-run. */
#ifndef TOOLS_RUN_OPTIONS_H
#define TOOLS_RUN_OPTIONS_H

#include <stdbool.h>

#include "preload/settings.h"

/* The ways in which a program gets its device. */
enum run_way { RUN_AUTO, RUN_DEVICE, RUN_PRELOAD, RUN_SECCOMP };

struct run_options {
	char path[PRELOAD_PATH_MAX]; /* of the device; absolute, without "." and ".." */
	const char *library;         /* to be preloaded; NULL: it is looked for */
	char *engine;                /* as dmoverd --engine; NULL: auto */
	bool is_fault;               /* it came from --fault */
	char *trace;                 /* absolute; NULL: none */
	enum run_way way;            /* AUTO: the best that there is */
	bool is_forced;              /* not even a real device is used */
	bool has_stats;
	bool is_verbose;      /* says which way was chosen */
	unsigned queue_depth; /* 0: the default */
	char **argv;          /* the program and its arguments */
};

/* What became of the command line. */
enum run_parsed { RUN_GO, RUN_HELP, RUN_VERSION, RUN_BAD };

extern const char run_help[];

/*
 * Fills *ret_options, which run_options_free() frees.  On RUN_BAD the reason has been printed.
 */
enum run_parsed run_options_parse(int argc, char **argv, struct run_options *ret_options);
/* An option that only a service of our own can follow, by its name; NULL: there is none. */
const char *run_options_need_service(const struct run_options *options);
void run_options_free(struct run_options *options);

#endif /* TOOLS_RUN_OPTIONS_H */
