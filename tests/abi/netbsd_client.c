/* SPDX-License-Identifier: BSD-2-Clause */
/* netbsd_client.c: a program as one writes it for NetBSD; must compile as it is. */
#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <dev/dmover/dmover_io.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NBLOCKS 3
#define BLOCK   512

static u_char blocks[NBLOCKS][BLOCK], parity[BLOCK];

int
main(int argc, char *argv[])
{
	struct dmio_setfunc dsf;
	struct dmio_usrreq req;
	struct dmio_usrresp resp;
	dmio_buffer inbuf[NBLOCKS], *dbp;
	struct iovec iov[NBLOCKS + 1];
	u_int i;
	int fd;

	if ((fd = open(argc > 1 ? argv[1] : "/dev/dmoverio", O_RDWR, 0)) == -1)
		err(EXIT_FAILURE, "open");
	(void)strncpy(dsf.dsf_name, "xor3", DMIO_MAX_FUNCNAME);
	if (ioctl(fd, DMIO_SETFUNC, &dsf) == -1)
		err(EXIT_FAILURE, "DMIO_SETFUNC");

	(void)memset(&req, 0, sizeof(req));
	for (i = 0; i < NBLOCKS; i++) {
		iov[i].iov_base = (void *)blocks[i];
		iov[i].iov_len = sizeof(blocks[i]);
		dbp = &inbuf[i];
		dbp->dmbuf_iov = &iov[i];
		dbp->dmbuf_iovcnt = 1;
	}
	iov[i].iov_base = (void *)parity;
	iov[i].iov_len = sizeof(parity);
	req.req_outbuf.dmbuf_iov = &iov[i];
	req.req_outbuf.dmbuf_iovcnt = 1;
	req.req_inbuf = inbuf;
	req.req_id = (uint32_t)getpid();

	if (write(fd, &req, sizeof(req)) != (ssize_t)sizeof(req))
		err(EXIT_FAILURE, "write");
	if (read(fd, &resp, sizeof(resp)) != (ssize_t)sizeof(resp))
		err(EXIT_FAILURE, "read");
	if (resp.resp_id != req.req_id || resp.resp_error != 0)
		errx(EXIT_FAILURE, "request %u: %s", resp.resp_id, strerror(resp.resp_error));
#ifndef DMIO_ABI_2002
	(void)printf("%02x\n", resp.resp_immediate[0]);
#endif
	return close(fd) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
