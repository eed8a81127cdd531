/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.h: what dmover-run says to the object that it preloads: a few variables of the
 * environment, read once, when the object is loaded.  A service that dmover-run itself holds, for
 * programs that nothing is preloaded into, is told in the same way.  It has checked their lengths.
 */
#ifndef PRELOAD_SETTINGS_H
#define PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#define PRELOAD_PATH_MAX   4096
#define PRELOAD_ENGINE_MAX 512

struct preload_settings {
	char path[PRELOAD_PATH_MAX]; /* absolute, without "." and "..": DMOVER_RUN_PATH */
	size_t path_len;
	const char *base;                /* its last component */
	char engine[PRELOAD_ENGINE_MAX]; /* as dmover_core_options; DMOVER_RUN_ENGINE */
	unsigned depth;                  /* requests of a session; DMOVER_RUN_QUEUE_DEPTH */
	bool has_stats;                  /* DMOVER_RUN_STATS=1 */
	bool is_verbose;    /* the service says what it cannot do: DMOVER_RUN_VERBOSE=1 */
	bool is_for_others; /* the sessions are other processes': preload_settings_read() */
	char trace[PRELOAD_PATH_MAX]; /* file, or ""; DMOVER_RUN_TRACE */
};

/* Constant from the first call on.  Any thread. */
const struct preload_settings *preload_settings(void);

/*
 * Reads the variables anew, in a process that serves others and none of its own programs.  Before
 * the service starts.
 */
void preload_settings_read(void);

#endif /* PRELOAD_SETTINGS_H */
