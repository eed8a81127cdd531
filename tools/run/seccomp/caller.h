/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * caller.h: the thread that waits in a system call for our answer: its memory and its descriptors.
 *
 * It may be killed at any moment, and its number be given to another thread.  So what was read
 * counts only if the kernel says afterwards that the thread still waits.  Nothing is ever written.
 */
#ifndef TOOLS_RUN_SECCOMP_CALLER_H
#define TOOLS_RUN_SECCOMP_CALLER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct run_caller {
	int listener;
	uint64_t id; /* of the notification */
	pid_t tid;   /* in our pid namespace */
};

/*
 * Copies LEN bytes at its address ADDR.  0; -EFAULT; -EPERM: it may not be accessed; -ESRCH: it
 * does not wait any more.
 */
int run_caller_read(const struct run_caller *caller, uint64_t addr, void *buf, size_t len);
/* The same for a string of at most SIZE bytes with its NUL; -ENAMETOOLONG. */
int run_caller_string(const struct run_caller *caller, uint64_t addr, char *buf, size_t size);

/* The inode of its descriptor FD if that is a socket, else 0; -ESRCH as above. */
int run_caller_socket(const struct run_caller *caller, int fd, ino_t *ret_ino);

#endif /* TOOLS_RUN_SECCOMP_CALLER_H */
