/* SPDX-License-Identifier: BSD-2-Clause */
/* device.c: the device, from the caller's side. */
#include "tools/bench/bench.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#define BATCH_MAX 1024

struct bench_device {
	int fd;
	struct dmio_usrreq requests[BATCH_MAX];
	struct dmio_usrresp responses[BATCH_MAX];
	struct iovec out[BATCH_MAX], in[BATCH_MAX];
	dmio_buffer inbufs[BATCH_MAX];
};

struct bench_device *
bench_device_open(const char *path, const char *function)
{
	struct bench_device *device = calloc(1, sizeof(*device));
	struct dmio_setfunc setfunc = { 0 };

	if (device == NULL)
		err(1, "memory");
	device->fd = open(path, O_RDWR | O_CLOEXEC);
	if (device->fd < 0)
		err(1, "%s (is dmoverd running? --path names another place)", path);
	strncpy(setfunc.dsf_name, function, sizeof(setfunc.dsf_name) - 1);
	if (ioctl(device->fd, DMIO_SETFUNC, &setfunc) != 0)
		err(1, "%s: %s", path, function);
	return device;
}

void
bench_device_close(struct bench_device *device)
{
	close(device->fd);
	free(device);
}

double
bench_device_run(struct bench_device *device, uint8_t *out, uint8_t *in, size_t len, unsigned n)
{
	double start;

	for (unsigned i = 0; i < n; i++) {
		device->out[i] = (struct iovec){ out + i * len, len };
		device->requests[i] =
		    (struct dmio_usrreq){ .req_outbuf = { &device->out[i], 1 }, .req_id = i };
		if (in != NULL) {
			device->in[i] = (struct iovec){ in + i * len, len };
			device->inbufs[i] = (dmio_buffer){ &device->in[i], 1 };
			device->requests[i].req_inbuf = &device->inbufs[i];
		}
	}
	start = bench_now();
	if (write(device->fd, device->requests, n * sizeof(device->requests[0])) !=
	    (ssize_t)(n * sizeof(device->requests[0])))
		err(1, "write");
	if (read(device->fd, device->responses, n * sizeof(device->responses[0])) !=
	    (ssize_t)(n * sizeof(device->responses[0])))
		err(1, "read");
	start = bench_now() - start;
	for (unsigned i = 0; i < n; i++) {
		errno = device->responses[i].resp_error;
		if (errno != 0)
			err(1, "request %u", device->responses[i].resp_id);
	}
	return start;
}
