/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.h: a process that was forked: its memory is a copy of its parent's, and the service's threads
 * are not in it.
 *
 * fork(3) tells us.  Where a process came to be past it (_Fork(3), clone(2)), a page that the
 * kernel empties in a new process tells at the next call of the device.
 */
#ifndef PRELOAD_FORK_H
#define PRELOAD_FORK_H

/* From now on; again, it does nothing.  Under the service's lock. */
void preload_fork_watch(void);

/* In a process that was not known to be new: it is now.  Any thread, signals are blocked. */
void preload_fork_look(void);

#endif /* PRELOAD_FORK_H */
