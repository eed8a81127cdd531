/* SPDX-License-Identifier: BSD-2-Clause */
/* man2002_client.c: uses every name of the manual page of 2002, the members of its union included. */
#include <sys/ioctl.h>
#include <dev/dmover/dmover_io.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int dm_fill(void *buf, size_t len, int value);
int dm_copy(void *to, void *from, size_t len);

static int
dm_session(const char *name)
{
	struct dmio_setfunc dsf;
	int fd;

	fd = open("/dev/dmoverio", O_RDWR, 0666);
	if (fd == -1)
		return (-1);
	strcpy(dsf.dsf_name, name);
	if (ioctl(fd, DMIO_SETFUNC, &dsf) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

static int
dm_run(int fd, struct dmio_usrreq *req)
{
	static uint32_t reqid;
	struct dmio_usrresp resp;

	req->req_id = reqid++;
	if (write(fd, req, sizeof(*req)) != (ssize_t)sizeof(*req))
		return (-1);
	if (read(fd, &resp, sizeof(resp)) != (ssize_t)sizeof(resp))
		return (-1);
	return (resp.resp_id == req->req_id && resp.resp_error == 0 ? 0 : -1);
}

int
dm_fill(void *buf, size_t len, int value)
{
	struct dmio_usrreq req;
	struct iovec iov;
	int fd, error;

	if ((fd = dm_session("fill8")) == -1)
		return (-1);
	iov.iov_base = buf;
	iov.iov_len = len;
	req.req_outbuf.dmbuf_iov = &iov;
	req.req_outbuf.dmbuf_iovcnt = 1;
	memset(req.req_immediate, 0, sizeof(req.req_immediate));
	req.req_immediate[0] = (uint8_t)value;
	error = dm_run(fd, &req);
	close(fd);
	return (error);
}

int
dm_copy(void *to, void *from, size_t len)
{
	struct dmio_usrreq req;
	struct iovec iov[2];
	dmio_buffer in;
	int fd, error;

	if ((fd = dm_session("copy")) == -1)
		return (-1);
	iov[0].iov_base = from;
	iov[0].iov_len = len;
	iov[1].iov_base = to;
	iov[1].iov_len = len;
	in.dmbuf_iov = &iov[0];
	in.dmbuf_iovcnt = 1;
	req.req_outbuf.dmbuf_iov = &iov[1];
	req.req_outbuf.dmbuf_iovcnt = 1;
	req.req_inbuf = &in;
	error = dm_run(fd, &req);
	close(fd);
	return (error);
}
