/* SPDX-License-Identifier: BSD-2-Clause */
/* cleanup.h: what must not stay behind, however the program ends: processes, mounts, files. */
#ifndef TOOLS_BENCH_CLEANUP_H
#define TOOLS_BENCH_CLEANUP_H

#include <sys/types.h>

/*
 * Before any thread is started.  From now on all that is kept goes away at exit(3), and at SIGINT,
 * SIGTERM and SIGHUP, which end the program with 128 and the signal's number.
 */
void bench_cleanup_init(void);

/* In a child that was just forked: the signals as they were.  It must leave with _exit(2). */
void bench_cleanup_forked(void);

/* A thing to be removed: each member may be 0 or NULL. */
struct bench_thing {
	pid_t pid;        /* a child: SIGTERM, and after some seconds SIGKILL */
	const char *path; /* a file, perhaps with a mount over it */
	const char *dir;  /* a folder, empty by then */
};

/*
 * Keeps a thing and returns its number; ends the program when there are too many.  The texts must
 * stay until it is dropped.  Any thread.
 */
int bench_cleanup_keep(const struct bench_thing *thing);

/* Removes a thing now, and forgets it. */
void bench_cleanup_drop(int number);

#endif /* TOOLS_BENCH_CLEANUP_H */
