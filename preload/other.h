/* SPDX-License-Identifier: BSD-2-Clause */
/* other.h: the memory of another process that has written to one of our sessions. */
#ifndef PRELOAD_OTHER_H
#define PRELOAD_OTHER_H

#include <sys/types.h>

#include <dev/dmover/dmover.h>

/* Processes whose memory is kept at hand. */
#define PRELOAD_OTHERS 16

/* In the place of a pidfd: the kernel says that the process has ended. */
#define PRELOAD_OTHER_GONE (-2)

/* Zeroed before the first use; of one thread at a time. */
struct preload_others {
	struct dmover_space *spaces[PRELOAD_OTHERS]; /* referenced, or NULL */
	unsigned next;                               /* the one that makes room */
};

/*
 * The memory that process PID has now; PIDFD is of the process that wrote, GONE, or -1 where
 * the kernel gave none, and is taken over.  One reference; NULL: no memory.  Of a process that is gone, or that
 * may not be accessed, it is a space in which nothing is ever moved.
 */
struct dmover_space *preload_other_get(struct preload_others *others, pid_t pid, int pidfd);

/* Programs are executed: which memory is whose has to be found out anew. */
void preload_others_forget(struct preload_others *others);

#endif /* PRELOAD_OTHER_H */
