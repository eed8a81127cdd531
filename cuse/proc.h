/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.h: what /proc tells of a thread (proc(5)).
 *
 * An open file of /proc/TID stays with the thread that had the number then: it is never about
 * another one that gets the number later.  A number is good only while its thread is known to live.
 */
#ifndef CUSE_PROC_H
#define CUSE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What "stat" says. */
struct dmio_proc_stat {
	uint64_t faults; /* page faults of its process so far, those of ended threads too */
	uint64_t start;  /* clock ticks after boot */
};

/* Opens /proc/TID/FILE.  Any thread.  A descriptor, or -errno; no access is -EPERM. */
int dmio_proc_open(pid_t tid, const char *file, int flags);

/*
 * The beginning of /proc/TID/FILE: at most SIZE - 1 bytes, and a NUL behind them.  Any thread.  How
 * many they are, or -errno.
 */
ssize_t dmio_proc_read(pid_t tid, const char *file, void *buf, size_t size);

/* From FD, an open /proc/TID/stat, as it is now.  Any thread.  False: the thread is gone. */
bool dmio_proc_stat(int fd, struct dmio_proc_stat *ret_stat);

/* The process of a thread; 0: not known. */
pid_t dmio_proc_process(pid_t tid);

#endif /* CUSE_PROC_H */
