/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member.h: the services of a process and of the children that it forked: who of them lives, and how
 * one wakes another one up.
 *
 * They have no descriptor in common that the program could not close.  So both go through memory that is
 * mapped before the first open, shared, and inherited by fork(2): a robust mutex that the service's
 * thread has for its life, which the kernel takes away at its end, whatever that is; and a futex.
 */
#ifndef PRELOAD_MEMBER_H
#define PRELOAD_MEMBER_H

#include <stdbool.h>
#include <sys/types.h>

/* Processes of a family that have a service at once. */
#define PRELOAD_MEMBERS 1024

/* Maps the memory, once.  0 or -errno.  Under the service's lock. */
int preload_members_init(void);

/* Service thread: this process, PID, has a service from now on.  -ENFILE: too many have. */
int preload_member_enter(pid_t pid);
/* Service thread, which has entered and does not start. */
void preload_member_leave(void);
/* In a forked child: it has not entered. */
void preload_member_forked(void);

/* Whether the process has a service.  Any thread. */
bool preload_member_lives(pid_t pid);

/* Wakes the one up that waits in process PID, if it lives, or in our own.  Any thread, signal handlers. */
void preload_member_ring(pid_t pid);
void preload_member_ring_own(void);
/* Waits until it rings; *seen says what was heard, and is 0 at first.  One thread. */
void preload_member_wait(unsigned *seen);

#endif /* PRELOAD_MEMBER_H */
