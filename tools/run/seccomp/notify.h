/* SPDX-License-Identifier: BSD-2-Clause */
/* notify.h: answers the system calls that the filter stopped. */
#ifndef TOOLS_RUN_SECCOMP_NOTIFY_H
#define TOOLS_RUN_SECCOMP_NOTIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct run_notify;

struct run_notify_counts {
	atomic_uint_fast64_t calls;    /* that were stopped */
	atomic_uint_fast64_t opened;   /* that got a session */
	atomic_uint_fast64_t selected; /* DMIO_SETFUNC of a session */
};

/*
 * LISTENER is borrowed; IS_PATIENT as of run_filter_install().  A thread answers from now on, until
 * nobody has the filter.  0, or -errno.
 */
int run_notify_create(
    int listener, bool is_patient, bool is_verbose, struct run_notify **ret_notify);
/* Nobody has the filter any more.  NULL is allowed. */
void run_notify_destroy(struct run_notify *notify);

/* Any thread. */
const struct run_notify_counts *run_notify_counts(const struct run_notify *notify);

/* Gives the thread that waits for ID the descriptor FD, which stays ours: 0 or -errno. */
int run_notify_give(int listener, uint64_t id, int fd, bool is_cloexec);

#endif /* TOOLS_RUN_SECCOMP_NOTIFY_H */
