/* SPDX-License-Identifier: BSD-2-Clause */
/* session.c: a session of the suite, and requests for it. */
#include "session.h"

#include <fcntl.h>
#include <poll.h>

#include "memory.h"

#define LONG_LEN (64 * MIB)

int
session_open(const char *function)
{
	int fd = open(suite_path(), O_RDWR);

	ck_assert_msg(fd >= 0, "open %s: %s", suite_path(), strerror(errno));
	if (function != NULL) {
		int err = session_set(fd, function);

		ck_assert_msg(err == 0, "DMIO_SETFUNC %s: %s", function, strerror(errno));
	}
	return fd;
}

int
session_set(int fd, const char *function)
{
	struct dmio_setfunc dsf = { .dsf_name = "" };

	memcpy(dsf.dsf_name, function, strnlen(function, sizeof(dsf.dsf_name)));
	return ioctl(fd, DMIO_SETFUNC, &dsf);
}

void
session_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	ck_assert_int_ge(flags, 0);
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	ck_assert_int_eq(fcntl(fd, F_SETFL, flags), 0);
}

short
session_ready(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };

	ck_assert_int_ge(poll(&pfd, 1, 0), 0);
	return pfd.revents;
}

void
session_wait(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n = poll(&pfd, 1, suite_deadline_ms());

	ck_assert_msg(n == 1, "poll: %d: nothing within the deadline", n);
	ck_assert_msg((pfd.revents & events) != 0, "poll: %#x, not %#x", pfd.revents, events);
}

void
session_write(int fd, const struct dmio_usrreq *requests, size_t n)
{
	ssize_t len = (ssize_t)(n * sizeof(*requests));
	ssize_t written = write(fd, requests, (size_t)len);

	ck_assert_msg(written == len, "write of %zd: %zd (%s)", len, written,
	    written < 0 ? strerror(errno) : "short");
}

struct dmio_usrresp
session_response(int fd)
{
	struct dmio_usrresp response;
	ssize_t n;

	memset(&response, 0xa5, sizeof(response));
	session_wait(fd, POLLIN);
	n = read(fd, &response, sizeof(response));
	ck_assert_msg(
	    n == (ssize_t)sizeof(response), "read: %zd (%s)", n, n < 0 ? strerror(errno) : "short");
	return response;
}

int
session_run(int fd, const struct dmio_usrreq *request)
{
	struct dmio_usrresp response;

	session_write(fd, request, 1);
	response = session_response(fd);
	ck_assert_uint_eq(response.resp_id, request->req_id);
	return response.resp_error;
}

void
session_fill(int fd, uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct request request;

		request_empty(&request, first + i);
		session_write(fd, &request.wire, 1);
	}
}

void
session_drain(int fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(session_response(fd).resp_error, 0);
}

void
request_init(struct request *request, uint32_t id)
{
	memset(request, 0, sizeof(*request));
	for (unsigned i = 0; i < INPUTS_MAX; i++)
		request->in[i].dmbuf_iov = &request->in_iov[i];
	request->wire.req_inbuf = request->in;
	request->wire.req_id = id;
}

void
request_out(struct request *request, void *base, size_t len)
{
	request->out_iov = (struct iovec){ .iov_base = base, .iov_len = len };
	request->wire.req_outbuf.dmbuf_iov = &request->out_iov;
	request->wire.req_outbuf.dmbuf_iovcnt = 1;
}

void
request_in(struct request *request, unsigned input, const void *base, size_t len)
{
	/* The interface has one iovec for both directions; inputs are only read. */
	request->in_iov[input] =
	    (struct iovec){ .iov_base = (void *)(uintptr_t)base, .iov_len = len };
	request->in[input].dmbuf_iovcnt = 1;
}

void
request_empty(struct request *request, uint32_t id)
{
	request_init(request, id);
	request_out(request, NULL, 0);
}

void
request_long(struct long_request *request, uint32_t id)
{
	request->memory = memory_map(LONG_LEN);
	for (unsigned i = 0; i < VECTORS_MAX; i++)
		request->iov[i] =
		    (struct iovec){ .iov_base = request->memory, .iov_len = LONG_LEN };
	request->wire = (struct dmio_usrreq){
		.req_outbuf = { .dmbuf_iov = request->iov, .dmbuf_iovcnt = VECTORS_MAX },
		.req_id = id,
	};
}
