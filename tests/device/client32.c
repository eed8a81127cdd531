/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client32.c: a program of another word size or layout: selects functions and has them work on a
 * few kilobytes, small and posted.  Built with -m32, with and without DMIO_ABI_2002.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#define LEN (1 << 20)

static int failures;
static uint8_t a[LEN], b[LEN], out[LEN];

static void
expect(int ok, const char *function, size_t len, const char *what)
{
	if (ok)
		return;
	printf("client32: %s of %zu bytes: %s (%s)\n", function, len, what, strerror(errno));
	failures++;
}

static int
open_session(const char *function)
{
	const char *path = getenv("DMOVERIO_PATH");
	struct dmio_setfunc dsf = { .dsf_name = "" };
	int fd = open(path != NULL ? path : "/dev/dmoverio", O_RDWR);

	strncpy(dsf.dsf_name, function, sizeof(dsf.dsf_name) - 1);
	if (fd < 0 || ioctl(fd, DMIO_SETFUNC, &dsf) != 0) {
		printf("client32: cannot open a session for %s: %s\n", function, strerror(errno));
		exit(1);
	}
	return fd;
}

/* Runs one request; the response is in *ret_response. */
static void
run(const char *function, struct dmio_usrreq *request, size_t len,
    struct dmio_usrresp *ret_response)
{
	const char *slow = getenv("DMOVERIO_TEST_SLOW");
	struct pollfd pfd = { .events = POLLIN };

	pfd.fd = open_session(function);
	request->req_id = 0x12345678;
	memset(ret_response, 0xa5, sizeof(*ret_response));
	errno = 0;
	expect(write(pfd.fd, request, sizeof(*request)) == (ssize_t)sizeof(*request), function, len,
	    "write");
	expect(poll(&pfd, 1, 5000 * (slow != NULL && *slow != '\0' ? atoi(slow) : 1)) == 1,
	    function, len, "poll");
	if (pfd.revents & POLLIN)
		expect(read(pfd.fd, ret_response, sizeof(*ret_response)) ==
			   (ssize_t)sizeof(*ret_response),
		    function, len, "read");
	expect(ret_response->resp_id == 0x12345678, function, len, "identifier");
	close(pfd.fd);
}

static void
fill(void)
{
	for (size_t i = 0; i < LEN; i++) {
		a[i] = (uint8_t)(i * 7 + (i >> 8));
		b[i] = (uint8_t)(i * 13 + (i >> 9));
	}
	memset(out, 0xa5, LEN);
}

/* One function over the first LEN bytes of the arrays, its buffers cut in two. */
static void
try(const char *function, unsigned inputs, size_t len)
{
	struct iovec out_iov[2] = { { out, len / 3 }, { out + len / 3, len - len / 3 } };
	struct iovec a_iov[2] = { { a, len / 2 }, { a + len / 2, len - len / 2 } },
		     b_iov = { b, len };
	dmio_buffer in[2] = { { a_iov, 2 }, { &b_iov, 1 } };
	struct dmio_usrreq request;
	struct dmio_usrresp response;
	int good = 1;

	fill();
	memset(&request, 0, sizeof(request));
	request.req_outbuf.dmbuf_iov = out_iov;
	request.req_outbuf.dmbuf_iovcnt = 2;
	if (inputs > 0)
		request.req_inbuf = in;
	run(function, &request, len, &response);
	errno = response.resp_error;
	expect(response.resp_error == 0, function, len, "resp_error");
	for (size_t i = 0; i < LEN; i++) {
		uint8_t wanted = inputs == 2 ? a[i] ^ b[i] : inputs == 1 ? a[i] : 0;

		good = good && out[i] == (i < len ? wanted : 0xa5);
	}
	expect(good, function, len, "result");
}

#ifndef DMIO_ABI_2002
/* The layout of 2002 has no room for both an input and an immediate, nor for the result. */
static void
try_crc(void)
{
	static char digits[] = "123456789";
	struct iovec iov = { digits, 9 };
	dmio_buffer in = { &iov, 1 };
	struct dmio_usrreq request;
	struct dmio_usrresp response;

	memset(&request, 0, sizeof(request));
	request.req_inbuf = &in;
	run("iscsi-crc32c", &request, 9, &response);
	expect(response.resp_error == 0 &&
		   memcmp(response.resp_immediate, "\x83\x92\x06\xe3\0\0\0\0", 8) == 0,
	    "iscsi-crc32c", 9, "result");
}
#endif

static void
try_errors(void)
{
	struct iovec iov = { (void *)(uintptr_t)4096, 100 };
	struct dmio_usrreq request;
	struct dmio_usrresp response;
	int fd = open_session("zero");

	memset(&request, 0, sizeof(request));
	request.req_outbuf.dmbuf_iov = &iov;
	request.req_outbuf.dmbuf_iovcnt = 1;
	run("zero", &request, 100, &response);
	expect(
	    response.resp_error == EFAULT, "zero", 100, "no EFAULT for memory that is not there");
	request.req_outbuf.dmbuf_iovcnt = 1025;
	expect(write(fd, &request, sizeof(request)) == -1 && errno == EINVAL, "zero", 100,
	    "no EINVAL");
	request.req_outbuf.dmbuf_iovcnt = 1;
	request.req_outbuf.dmbuf_iov = (struct iovec *)16;
	expect(write(fd, &request, sizeof(request)) == -1 && errno == EFAULT, "zero", 100,
	    "no EFAULT");
	close(fd);
}

int
main(void)
{
	static const size_t lens[] = { 0, 1, 5000, LEN };

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		try("zero", 0, lens[i]);
		try("copy", 1, lens[i]);
		try("xor2", 2, lens[i]);
	}
#ifndef DMIO_ABI_2002
	try_crc();
#endif
	try_errors();
	if (failures == 0)
		printf("client32: requests of %zu bytes work\n", sizeof(struct dmio_usrreq));
	return failures != 0;
}
