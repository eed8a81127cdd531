/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * caller.c: callers for lifecycle.sh.
 *
 * device_caller work:      zeroes a page; 0 when that worked.
 * device_caller read:      prints "asleep" when it is about to sleep in read(2), then how that ended; and
 *                          what write(2) and poll(2) say afterwards.  0 when each is an error.
 * device_caller write:     the same for a write(2) at the limit (DMOVERIO_DEPTH).
 * device_caller post:      posts large work, prints "asleep", and waits for a response as "read" does;
 *                          a response, be it of work done or given up, is good as well.
 * device_caller outlast:   posts large work, prints "posted", and waits for kernel.yama.ptrace_scope to be 3.
 *                          0 when the work is done all the same, and the next write is EPERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#define LARGE (64 << 20)

static int fd;

static struct dmio_usrreq
zero_request(struct iovec *iov, void *base, size_t len)
{
	*iov = (struct iovec){ base, len };
	return (struct dmio_usrreq){ .req_outbuf = { iov, 1 }, .req_id = 1 };
}

static int
open_session(void)
{
	const char *path = getenv("DMOVERIO_PATH");
	struct dmio_setfunc dsf = { .dsf_name = "zero" };

	fd = open(path != NULL ? path : "/dev/dmoverio", O_RDWR);
	if (fd >= 0 && ioctl(fd, DMIO_SETFUNC, &dsf) == 0)
		return 0;
	printf("device_caller: cannot open a session: %s\n", strerror(errno));
	return -1;
}

static int
work(void)
{
	uint8_t page[4096];
	struct iovec iov;
	struct dmio_usrreq request = zero_request(&iov, page, sizeof(page));
	struct dmio_usrresp response;

	memset(page, 1, sizeof(page));
	if (write(fd, &request, sizeof(request)) != (ssize_t)sizeof(request) ||
	    read(fd, &response, sizeof(response)) != (ssize_t)sizeof(response) ||
	    response.resp_error != 0) {
		printf("device_caller: no work is done: %s\n", strerror(errno));
		return 1;
	}
	return page[0] == 0 && page[4095] == 0 ? 0 : 1;
}

/* After the daemon: every call on what was its session is an error at once. */
static int
expect_dead(ssize_t result, int error)
{
	struct dmio_usrresp response;
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };
	struct iovec iov;
	struct dmio_usrreq request = zero_request(&iov, NULL, 0);
	ssize_t again = write(fd, &request, sizeof(request));
	ssize_t other = read(fd, &response, sizeof(response));
	int n = poll(&pfd, 1, -1);

	printf("device_caller: the call ended with %zd (%s), write %zd, read %zd, poll %d %#x\n",
	    result, result < 0 ? strerror(error) : "no error", again, other, n,
	    (unsigned)pfd.revents);
	return result < 0 && again < 0 && other < 0 && n == 1 && (pfd.revents & (POLLERR | POLLHUP))
		   ? 0
		   : 1;
}

static int
sleep_in_read(bool is_posted)
{
	struct dmio_usrresp response;
	ssize_t n;
	int error;

	printf("asleep\n");
	n = read(fd, &response, sizeof(response));
	error = errno;
	if (is_posted && n == (ssize_t)sizeof(response)) {
		printf("device_caller: a response: %s\n", strerror(response.resp_error));
		n = -1;
	}
	return expect_dead(n, error);
}

static int
sleep_in_write(void)
{
	const char *depth = getenv("DMOVERIO_DEPTH");
	struct iovec iov;
	struct dmio_usrreq request = zero_request(&iov, NULL, 0);
	ssize_t n;

	for (int i = depth != NULL ? atoi(depth) : 1024; i > 0; i--) {
		if (write(fd, &request, sizeof(request)) != (ssize_t)sizeof(request))
			return 1;
	}
	printf("asleep\n");
	n = write(fd, &request, sizeof(request));
	return expect_dead(n, errno);
}

static int
post(void)
{
	struct iovec iov[64];
	struct dmio_usrreq request = zero_request(iov, malloc(LARGE), LARGE);

	for (int i = 1; i < 64; i++)
		iov[i] = iov[0];
	request.req_outbuf.dmbuf_iovcnt = 64;
	for (int i = 0; i < 8; i++) {
		if (write(fd, &request, sizeof(request)) != (ssize_t)sizeof(request))
			return 1;
	}
	return sleep_in_read(true);
}

static int
yama_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%d", &scope) != 1)
		scope = -1;
	fclose(file);
	return scope;
}

static int
outlast(void)
{
	struct dmio_usrresp response = { .resp_error = -1 };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint8_t *memory = malloc(LARGE);
	struct iovec iov[4];
	struct dmio_usrreq request = zero_request(iov, memory, LARGE);
	ssize_t n;

	memset(memory, 1, LARGE);
	for (int i = 1; i < 4; i++)
		iov[i] = iov[0];
	request.req_outbuf.dmbuf_iovcnt = 4;
	if (write(fd, &request, sizeof(request)) != (ssize_t)sizeof(request))
		return 1;
	printf("posted\n");
	for (int scope = 0; scope != 3;) {
		usleep(1000);
		scope = yama_scope();
		if (scope < 0)
			return 77;
	}
	if (poll(&pfd, 1, -1) != 1 ||
	    read(fd, &response, sizeof(response)) != (ssize_t)sizeof(response))
		return 1;
	request.req_outbuf.dmbuf_iovcnt = 1;
	errno = 0;
	n = write(fd, &request, sizeof(request));
	printf("device_caller: the work: %s; the next write: %s\n", strerror(response.resp_error),
	    strerror(errno));
	return response.resp_error == 0 && memory[0] == 0 && memory[LARGE - 1] == 0 && n < 0 &&
		       errno == EPERM
		   ? 0
		   : 1;
}

int
main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	if (open_session() != 0)
		return 1;
	if (strcmp(how, "work") == 0)
		return work();
	if (strcmp(how, "read") == 0)
		return sleep_in_read(false);
	if (strcmp(how, "write") == 0)
		return sleep_in_write();
	if (strcmp(how, "post") == 0)
		return post();
	if (strcmp(how, "outlast") == 0)
		return outlast();
	fprintf(stderr, "usage: device_caller work|read|write|post|outlast\n");
	return 2;
}
