/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h: the kernel, and libfuse, that are not there: calls on the device and their answers.
 *
 * kernel.c defines the functions of libfuse that answer a call, in front of the library's own.
 */
#ifndef TESTS_UNIT_KERNEL_H
#define TESTS_UNIT_KERNEL_H

#include <fuse_lowlevel.h>
#include <semaphore.h>

#include <dev/dmover/dmover_io.h>

#include "cuse/device.h"

#define ANSWER_MAX 4096

enum answer_type {
	ANSWER_NONE,
	ANSWER_ERROR,
	ANSWER_COUNT,
	ANSWER_BYTES,
	ANSWER_IOCTL,
	ANSWER_POLL
};

/* A call that the device is to answer, exactly once. */
struct kernel_call {
	struct dmio_call call;
	struct fuse_ctx ctx;
	sem_t answered;
	pthread_mutex_t lock;
	enum answer_type type; /* (lock) */
	size_t count;          /* (lock) bytes, poll events */
	int error;             /* (lock) positive, as FUSE has it */
	uint8_t bytes[ANSWER_MAX];
	bool was_wrong;             /* (lock) answered twice, or used after its answer */
	bool is_interrupted;        /* (lock) */
	fuse_interrupt_func_t func; /* (lock) */
	void *data;                 /* (lock) */
};

/* A running middle layer with a device on it, and one session. */
struct kernel {
	struct dmover_core core;
	struct dmio_device device;
	struct dmover_session *session;
};

/* OPTIONS may be NULL; a session with FUNC, unless that is NULL. */
void kernel_start(
    struct kernel *kernel, const struct dmover_core_options *options, const char *func);
void kernel_stop(struct kernel *kernel);
/* Options with two workers, to be changed. */
void kernel_options(struct dmover_core_options *options);

/* A call of this very thread on the session. */
void kernel_call(struct kernel *kernel, struct kernel_call *call);
/* The caller of the call gets a signal. */
void kernel_interrupt(struct kernel_call *call);
/* Waits for the answer: the count or the number of bytes, or -errno. */
ssize_t kernel_answer(struct kernel_call *call);
/* True while there is no answer. */
bool kernel_is_waiting(struct kernel_call *call);

/* read(2) and write(2) that are answered at once or waited for. */
ssize_t kernel_read(
    struct kernel *kernel, struct dmio_usrresp *responses, unsigned n, bool is_nonblocking);
ssize_t kernel_write(
    struct kernel *kernel, const struct dmio_usrreq *requests, unsigned n, bool is_nonblocking);
/* The same, begun only: the answer is waited for by kernel_answer(). */
void kernel_begin_read(struct kernel *kernel, struct kernel_call *call, unsigned n);
void kernel_begin_write(struct kernel *kernel, struct kernel_call *call,
    const struct dmio_usrreq *requests, unsigned n);
int kernel_setfunc(struct kernel *kernel, const char *name);

/* What became of poll handles, which are addresses in here. */
struct kernel_handle {
	unsigned notified, destroyed;
};

/* A copy of LEN bytes from IN to OUT, which must stay where it is. */
struct kernel_copy {
	struct dmio_usrreq request;
	struct iovec out, in;
	dmio_buffer input;
};
void kernel_copy(struct kernel_copy *copy, uint32_t id, void *out, const void *in, size_t len);

#endif /* TESTS_UNIT_KERNEL_H */
