/* SPDX-License-Identifier: BSD-2-Clause */
/* session.h: a session of the suite, and requests for it. */
#ifndef TESTS_DEVICE_SESSION_H
#define TESTS_DEVICE_SESSION_H

#include <poll.h>

#include "suite.h"

/* A request with one vector for each buffer; its address must not change once it has been filled in. */
struct request {
	struct dmio_usrreq wire;
	dmio_buffer in[INPUTS_MAX];
	struct iovec out_iov;
	struct iovec in_iov[INPUTS_MAX];
};

/* A request that keeps a daemon busy for long: the same memory again and again. */
struct long_request {
	struct dmio_usrreq wire;
	struct iovec iov[VECTORS_MAX];
	uint8_t *memory;
};

/* Opens a session; with FUNCTION NULL it has none yet.  Blocking. */
int session_open(const char *function);
/* ioctl(DMIO_SETFUNC): 0 or -1 with errno. */
int session_set(int fd, const char *function);
void session_nonblock(int fd, bool on);
/* What poll(2) says at once of POLLIN and POLLOUT. */
short session_ready(int fd);
/* Waits until poll(2) reports one of the events. */
void session_wait(int fd, short events);
/* Writes N requests, which must all be taken. */
void session_write(int fd, const struct dmio_usrreq *requests, size_t n);
/* Waits for one response and reads it. */
struct dmio_usrresp session_response(int fd);
/* Writes one request, reads its response, and returns resp_error. */
int session_run(int fd, const struct dmio_usrreq *request);
/* Submits N requests of length zero, which are done at once, with identifiers from FIRST on. */
void session_fill(int fd, uint32_t first, unsigned n);
/* Reads N responses, each within the deadline. */
void session_drain(int fd, unsigned n);

void request_init(struct request *request, uint32_t id);
void request_out(struct request *request, void *base, size_t len);
void request_in(struct request *request, unsigned input, const void *base, size_t len);
/* "zero" of a length of zero. */
void request_empty(struct request *request, uint32_t id);
/* "zero" of 64 GiB in all. */
void request_long(struct long_request *request, uint32_t id);

#endif /* TESTS_DEVICE_SESSION_H */
