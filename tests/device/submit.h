/* SPDX-License-Identifier: BSD-2-Clause */
/* submit.h: reads and writes that are not made by read(2) and write(2); no library behind them. */
#ifndef TESTS_DEVICE_SUBMIT_H
#define TESTS_DEVICE_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum submit_way {
	SUBMIT_AIO,    /* io_submit(2) */
	SUBMIT_URING,  /* io_uring, in the submitting thread where the kernel can */
	SUBMIT_WORKER, /* io_uring, in a worker thread of the kernel's */
	SUBMIT_POLLED, /* io_uring with a kernel thread that looks for work (IORING_SETUP_SQPOLL) */
	SUBMIT_WAYS
};

/* Of one thread at a time. */
struct submit {
	enum submit_way way;
	int ring_fd;
	void *ring, *entries;
	size_t ring_size, entries_size;
	unsigned *sq_tail, *sq_flags, *cq_head, *cq_tail, *sq_array;
	unsigned mask, cq_mask;
	void *completions;
	unsigned long aio;
};

/* "aio", "uring", "worker", "polled"; NULL past the last. */
const char *submit_name(enum submit_way way);
/* The way of that name; SUBMIT_WAYS: none. */
enum submit_way submit_find(const char *name);

/* 0 or -errno: this kernel, or a filter, does not have it. */
int submit_open(struct submit *submit, enum submit_way way);
/* What is under way goes on, or is cancelled, as the kernel likes. */
void submit_close(struct submit *submit);

/* Hands one call in.  0, or -errno: it was refused and there is nothing to wait for. */
int submit_call(struct submit *submit, bool is_write, int fd, void *buf, size_t len);
/* Waits for one result: bytes or -errno. */
ssize_t submit_wait(struct submit *submit);

#endif /* TESTS_DEVICE_SUBMIT_H */
