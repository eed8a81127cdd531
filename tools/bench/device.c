/* SPDX-License-Identifier: BSD-2-Clause */
/* device.c: the device, from the side of a program that uses it. */
#include "tools/bench/device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#include "tools/bench/clock.h"
#include "tools/bench/crew.h"

#define BATCH_MAX 1024

/* At most one request in flight; the next one of this slot is at the next of its places. */
struct slot {
	double start; /* 0: none */
	size_t rotation;
};

struct session {
	struct device *device;
	int fd;
	size_t batch, depth, first_slot;
	uint64_t batches;
	struct bench_latency latency;
	struct dmio_usrreq requests[BATCH_MAX];
	struct dmio_usrresp responses[BATCH_MAX];
};

struct device {
	struct bench_site *site;
	struct slot *slots;
	struct dmio_usrreq *requests; /* of every place */
	dmio_buffer *inputs;
	struct iovec *iov; /* of the outputs of all places, and behind them of the inputs */
	unsigned nsessions;
	struct session *sessions;
};

static void
write_all(int fd, const void *from, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)from + done, len - done);

		if (n < 0)
			err(1, "write");
		if (n == 0)
			errx(1, "write: nothing was taken");
		done += (size_t)n;
	}
}

static void
read_all(int fd, void *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)to + done, len - done);

		if (n < 0)
			err(1, "read");
		if (n == 0)
			errx(1, "read: nothing came");
		done += (size_t)n;
	}
}

/* The first free slots, in their order: the arrays that describe a batch lie in one piece. */
static void
write_batch(struct session *session)
{
	struct device *device = session->device;
	const struct bench_layout *layout = &device->site->layout;
	size_t slot = session->first_slot;
	double start;

	for (size_t i = 0; i < session->batch; i++, slot++) {
		while (device->slots[slot].start > 0)
			slot++;
		session->requests[i] =
		    device->requests[device->slots[slot].rotation * layout->slots + slot];
	}
	start = bench_now();
	for (size_t i = 0; i < session->batch; i++)
		device->slots[session->requests[i].req_id % layout->slots].start = start;
	write_all(session->fd, session->requests, session->batch * sizeof(session->requests[0]));
}

static void
take_response(struct session *session, const struct dmio_usrresp *response, double now)
{
	struct device *device = session->device;
	const struct bench_layout *layout = &device->site->layout;
	struct slot *slot = &device->slots[response->resp_id % layout->slots];

	errno = response->resp_error;
	if (errno != 0)
		err(1, "a request failed");
	if (response->resp_id >= layout->nplaces || slot->start <= 0)
		errx(1, "a response for a request that is not there: %u", response->resp_id);
	bench_latency_add(&session->latency, now - slot->start, 1);
	slot->start = 0;
	if (++slot->rotation == layout->rotations)
		slot->rotation = 0;
	bench_site_note(device->site, response->resp_id, response->resp_immediate);
}

static void
read_batch(struct session *session)
{
	double now;

	read_all(session->fd, session->responses, session->batch * sizeof(session->responses[0]));
	now = bench_now();
	for (size_t i = 0; i < session->batch; i++)
		take_response(session, &session->responses[i], now);
}

static void
work(void *arg, unsigned i)
{
	struct session *session = &((struct device *)arg)->sessions[i];
	uint64_t written = 0, done = 0;

	while (done < session->batches) {
		while (written < session->batches && written - done < session->depth) {
			write_batch(session);
			written++;
		}
		read_batch(session);
		done++;
	}
}

static double
device_run(struct bench_lane *lane, uint64_t passes, struct bench_latency *latency)
{
	struct device *device = lane->state;
	double seconds;

	for (unsigned i = 0; i < device->nsessions; i++) {
		struct session *session = &device->sessions[i];

		session->batches = passes * session->depth;
		memset(&session->latency, 0, sizeof(session->latency));
	}
	seconds = bench_crew_run(device->nsessions, work, device);
	for (unsigned i = 0; i < device->nsessions; i++)
		bench_latency_merge(latency, &device->sessions[i].latency);
	return seconds;
}

static void
device_free(struct device *device)
{
	for (unsigned i = 0; device->sessions != NULL && i < device->nsessions; i++) {
		if (device->sessions[i].fd >= 0)
			close(device->sessions[i].fd);
	}
	free(device->sessions);
	free(device->slots);
	free(device->requests);
	free(device->inputs);
	free(device->iov);
	free(device);
}

static void
device_close(struct bench_lane *lane)
{
	device_free(lane->state);
}

/* The request of a place, its arrays and its vectors. */
static void
request_init(struct device *device, size_t place)
{
	const struct bench_layout *layout = &device->site->layout;
	struct dmio_usrreq *request = &device->requests[place];
	const size_t noutputs = layout->nbuffers - layout->ninputs;
	struct iovec *out = &device->iov[place * noutputs * layout->npieces];
	struct iovec *in =
	    &device->iov[(layout->nplaces * noutputs + place * layout->ninputs) * layout->npieces];

	request->req_id = (uint32_t)place;
	request->req_inbuf = layout->ninputs > 0 ? &device->inputs[place * layout->ninputs] : NULL;
	memcpy(request->req_immediate, device->site->immediate, sizeof(request->req_immediate));
	for (unsigned b = 0; b < layout->nbuffers; b++) {
		const bool is_input = b < layout->ninputs;
		const dmio_buffer buffer = { is_input ? in : out, layout->npieces };

		for (unsigned i = 0; i < layout->npieces; i++)
			buffer.dmbuf_iov[i] =
			    bench_layout_piece(layout, device->site->area.base, place, b, i);
		if (is_input) {
			request->req_inbuf[b] = buffer;
			in += layout->npieces;
		} else {
			request->req_outbuf = buffer;
		}
	}
}

static int
session_open(struct session *session, const char *path, size_t first_slot)
{
	const struct bench_site *site = session->device->site;
	struct dmio_setfunc setfunc = { 0 };

	session->batch = site->point.value[BENCH_BATCH];
	session->depth = site->point.value[BENCH_DEPTH];
	session->first_slot = first_slot;
	session->fd = open(path, O_RDWR | O_CLOEXEC);
	if (session->fd < 0)
		return -errno;
	snprintf(setfunc.dsf_name, sizeof(setfunc.dsf_name), "%s", site->work.function->dfn_name);
	return ioctl(session->fd, DMIO_SETFUNC, &setfunc) == 0 ? 0 : -errno;
}

static int
device_prepare(struct device *device, const char *path)
{
	const struct bench_layout *layout = &device->site->layout;
	size_t per_session = layout->slots / device->nsessions;
	int err = 0;

	device->slots = calloc(layout->slots, sizeof(device->slots[0]));
	device->requests = calloc(layout->nplaces, sizeof(device->requests[0]));
	device->inputs = calloc(layout->nplaces * layout->ninputs + 1, sizeof(device->inputs[0]));
	device->iov =
	    calloc(layout->nplaces * layout->nbuffers * layout->npieces, sizeof(device->iov[0]));
	device->sessions = calloc(device->nsessions, sizeof(device->sessions[0]));
	if (device->slots == NULL || device->requests == NULL || device->inputs == NULL ||
	    device->iov == NULL || device->sessions == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < device->nsessions; i++) {
		device->sessions[i].device = device;
		device->sessions[i].fd = -1;
	}
	for (size_t place = 0; place < layout->nplaces; place++)
		request_init(device, place);
	for (unsigned i = 0; i < device->nsessions && err == 0; i++)
		err = session_open(&device->sessions[i], path, i * per_session);
	return err;
}

int
bench_device_open(
    struct bench_lane *lane, struct bench_site *site, const char *path, char *why, size_t len)
{
	struct device *device;
	int error;

	if (site->point.value[BENCH_BATCH] * site->point.value[BENCH_DEPTH] > BATCH_MAX) {
		snprintf(why, len, "more than %d requests of a session", BATCH_MAX);
		return -E2BIG;
	}
	device = calloc(1, sizeof(*device));
	if (device == NULL)
		err(1, "memory");
	device->site = site;
	device->nsessions = (unsigned)site->point.value[BENCH_SESSIONS];
	error = device_prepare(device, path);
	if (error < 0) {
		snprintf(why, len, "%s: %s", path, strerror(-error));
		device_free(device);
		return error;
	}
	*lane = (struct bench_lane){
		.name = "device",
		.role = BENCH_ENGINE,
		.site = site,
		.requests = site->layout.slots,
		.bytes = site->layout.size,
		.run = device_run,
		.close = device_close,
		.state = device,
	};
	return 0;
}
