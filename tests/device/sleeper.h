/* SPDX-License-Identifier: BSD-2-Clause */
/* sleeper.h: one system call, made by a thread of its own, that is expected to sleep. */
#ifndef TESTS_DEVICE_SLEEPER_H
#define TESTS_DEVICE_SLEEPER_H

#include <pthread.h>
#include <stdatomic.h>

#include "suite.h"

struct sleeper {
	/* Set by the caller. */
	int fd;
	ssize_t (*call)(int fd, void *buf, size_t len);
	void *buf;
	size_t len;
	/* Set by the thread. */
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
	ssize_t result;
	int error;
};

/* Values of call: read(2), write(2), poll(2) for POLLIN or POLLOUT (the result is revents). */
ssize_t sleeper_read(int fd, void *buf, size_t len);
ssize_t sleeper_write(int fd, void *buf, size_t len);
ssize_t sleeper_poll_in(int fd, void *buf, size_t len);
ssize_t sleeper_poll_out(int fd, void *buf, size_t len);

/* Starts the thread. */
void sleeper_start(struct sleeper *sleeper);
/* Waits until the call sleeps; and then it must still do so after the daemon has served another. */
void sleeper_wait_asleep(struct sleeper *sleeper);
/* Waits for the end of the call. */
void sleeper_join(struct sleeper *sleeper);

/* Whether a thread of a process sleeps in a system call on a file descriptor. */
bool sleeper_is_asleep(pid_t pid, pid_t tid);
/* Waits until the only thread of a child sleeps in a system call. */
void sleeper_wait_child(pid_t child);
/* Waits for the end of a child; returns the status of waitpid(2). */
int sleeper_reap(pid_t child);

#endif /* TESTS_DEVICE_SLEEPER_H */
