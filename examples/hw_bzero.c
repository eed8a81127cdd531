/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hw_bzero.c: the client of the dmoverio(4) manual page of 2002, with a main() that tries it.
 *
 * hw_bzero() is the page's text.  What a rendering of the page as plain text loses has been put
 * back: the return type, the braces, and close(2) before each return.
 */
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

int hw_bzero(void *buf, size_t len);

int
hw_bzero(void *buf, size_t len)
{
	static uint32_t reqid;

	struct dmio_setfunc dsf;
	struct iovec iov;
	struct dmio_usrreq req;
	struct dmio_usrresp resp;
	int fd;

	fd = open("/dev/dmoverio", O_RDWR, 0666);
	if (fd == -1)
		return (-1);

	strcpy(dsf.dsf_name, "zero");

	if (ioctl(fd, DMIO_SETFUNC, &dsf) == -1) {
		close(fd);
		return (-1);
	}

	iov.iov_base = buf;
	iov.iov_len = len;

	req.req_outbuf.dmbuf_iov = &iov;
	req.req_outbuf.dmbuf_iovcnt = 1;
	req.req_id = reqid++;

	if (write(fd, &req, sizeof(req)) != sizeof(req)) {
		close(fd);
		return (-1);
	}

	/* Application can do other work here. */

	if (read(fd, &resp, sizeof(resp)) != sizeof(resp)) {
		close(fd);
		return (-1);
	}

	if (resp.resp_id != req.req_id) {
		close(fd);
		return (-1);
	}

	if (resp.resp_error != 0) {
		close(fd);
		return (-1);
	}

	close(fd);

	return (0);
}

/* How many bytes at the start of BUF are zero. */
static size_t
count_zero(const unsigned char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len && buf[i] == 0; i++)
		continue;
	return i;
}

int
main(void)
{
	const size_t len = 1000003; /* no multiple of anything */
	unsigned char *buf = malloc(len + 1);
	size_t nzero;
	int ret = 1;

	if (buf == NULL) {
		perror("hw_bzero: malloc");
		return 1;
	}
	memset(buf, 0xa5, len + 1);
	errno = 0;
	if (hw_bzero(buf, len) != 0) {
		fprintf(stderr, "hw_bzero: /dev/dmoverio: %s\n",
		    errno != 0 ? strerror(errno) : "the request failed");
		goto out;
	}
	nzero = count_zero(buf, len);
	if (nzero != len || buf[len] != 0xa5) {
		fprintf(stderr, "hw_bzero: wrong byte at offset %zu of %zu\n", nzero, len);
		goto out;
	}
	printf("hw_bzero: /dev/dmoverio cleared %zu bytes, and no byte more\n", len);
	ret = 0;
out:
	free(buf);
	return ret;
}
