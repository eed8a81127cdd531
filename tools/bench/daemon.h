/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.h: daemons of our own, one for each setting of --engine, each at a path of its own. */
#ifndef TOOLS_BENCH_DAEMON_H
#define TOOLS_BENCH_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bench_daemon {
	char engine[64];
	char path[256]; /* where callers open it */
	pid_t pid;
};

struct bench_daemons;

/*
 * BINARY is a dmoverd, or NULL: the one of this build or installation, else that of PATH.  NULL with
 * the reason in WHY.  Nothing is started yet.
 */
struct bench_daemons *bench_daemons_create(
    const char *binary, unsigned workers, char *why, size_t len);
/* Stops all.  NULL is allowed. */
void bench_daemons_destroy(struct bench_daemons *daemons);

/* The daemon with this engine, started now if need be; NULL with the reason in WHY. */
const struct bench_daemon *bench_daemons_get(
    struct bench_daemons *daemons, const char *engine, char *why, size_t len);

/* The process id of the only dmoverd that runs, or 0 when there is none, or more than one. */
pid_t bench_daemon_find(void);

#endif /* TOOLS_BENCH_DAEMON_H */
