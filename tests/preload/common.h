/* SPDX-License-Identifier: BSD-2-Clause */
/* common.h: one copy through the device, checked; what every program of these tests does. */
#ifndef TESTS_PRELOAD_COMMON_H
#define TESTS_PRELOAD_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition,        \
			    strerror(errno));                                                      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static inline const char *
device_path(void)
{
	const char *path = getenv("DMOVERIO_PATH");

	return path != NULL ? path : "/dev/dmoverio";
}

static inline int
device_open(const char *function)
{
	struct dmio_setfunc dsf;
	int fd = open(device_path(), O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	memset(&dsf, 0, sizeof(dsf));
	strncpy(dsf.dsf_name, function, sizeof(dsf.dsf_name) - 1);
	CHECK(ioctl(fd, DMIO_SETFUNC, &dsf) == 0);
	return fd;
}

/* Copies LEN bytes on a session of "copy": resp_error. */
static inline int
device_copy(int fd, void *to, const void *from, size_t len)
{
	struct iovec out = { to, len }, in = { (void *)(size_t)from, len };
	dmio_buffer input = { &in, 1 };
	struct dmio_usrreq req;
	struct dmio_usrresp resp;

	memset(&req, 0, sizeof(req));
	req.req_outbuf.dmbuf_iov = &out;
	req.req_outbuf.dmbuf_iovcnt = 1;
	req.req_inbuf = &input;
	req.req_id = 77;
	CHECK(write(fd, &req, sizeof(req)) == (ssize_t)sizeof(req));
	CHECK(read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp));
	CHECK(resp.resp_id == 77);
	return resp.resp_error;
}

/* Copies and compares LEN bytes that depend on SEED. */
static inline void
device_check(int fd, size_t len, unsigned seed)
{
	unsigned char *from = (unsigned char *)calloc(1, len), *to = (unsigned char *)malloc(len);

	CHECK(from != NULL && to != NULL);
	for (size_t i = 0; i < len; i++)
		from[i] = (unsigned char)((i * 31 + seed * 7 + (i >> 8)) & 0xff);
	CHECK(device_copy(fd, to, from, len) == 0);
	CHECK(memcmp(from, to, len) == 0);
	free(from);
	free(to);
}

#endif /* TESTS_PRELOAD_COMMON_H */
