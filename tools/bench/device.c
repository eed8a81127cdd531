/* SPDX-License-Identifier: BSD-2-Clause */
/* device.c: the device, from the side of a program that uses it. */
#include "tools/bench/device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#include "tools/bench/clock.h"

#define BATCH_MAX    1024
#define SESSIONS_MAX 64

/* A request in flight; the next one of this slot is at the next of its places. */
struct slot {
	double start;
	size_t rotation;
};

struct session {
	struct device *device;
	int fd;
	size_t batch, depth;
	size_t nfree;
	size_t *free; /* slots */
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
	struct iovec *iov;
	unsigned nsessions;
	struct session *sessions;
	pthread_barrier_t start;
};

static void
write_all(int fd, const void *from, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)from + done, len - done);

		if (n < 0)
			err(1, "write");
		done += (size_t)n;
	}
}

static void
read_all(int fd, void *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)to + done, len - done);

		if (n <= 0)
			err(1, "read");
		done += (size_t)n;
	}
}

static void
write_batch(struct session *session)
{
	struct device *device = session->device;
	const struct bench_layout *layout = &device->site->layout;
	double start;

	for (size_t i = 0; i < session->batch; i++) {
		size_t slot = session->free[--session->nfree];

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
	if (response->resp_id >= layout->nplaces || slot->start == 0)
		errx(1, "a response for a request that is not there: %u", response->resp_id);
	bench_latency_add(&session->latency, now - slot->start, 1);
	slot->start = 0;
	if (++slot->rotation == layout->rotations)
		slot->rotation = 0;
	bench_site_note(device->site, response->resp_id, response->resp_immediate);
	session->free[session->nfree++] = response->resp_id % layout->slots;
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
work(struct session *session)
{
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

static void *
work_together(void *arg)
{
	struct session *session = arg;

	pthread_barrier_wait(&session->device->start);
	work(session);
	return NULL;
}

static double
run_sessions(struct device *device)
{
	pthread_t ids[SESSIONS_MAX] = { 0 };
	double start;

	for (unsigned i = 0; i < device->nsessions; i++)
		if (pthread_create(&ids[i], NULL, work_together, &device->sessions[i]) != 0)
			errx(1, "cannot start a thread");
	pthread_barrier_wait(&device->start);
	start = bench_now();
	for (unsigned i = 0; i < device->nsessions; i++)
		pthread_join(ids[i], NULL);
	return bench_now() - start;
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
	if (device->nsessions == 1) {
		seconds = bench_now();
		work(&device->sessions[0]);
		seconds = bench_now() - seconds;
	} else {
		seconds = run_sessions(device);
	}
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
		free(device->sessions[i].free);
	}
	pthread_barrier_destroy(&device->start);
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
	struct iovec *iov = &device->iov[place * layout->nbuffers * layout->npieces];

	request->req_id = (uint32_t)place;
	request->req_inbuf = layout->ninputs > 0 ? &device->inputs[place * layout->ninputs] : NULL;
	memcpy(request->req_immediate, device->site->immediate, sizeof(request->req_immediate));
	for (unsigned b = 0; b < layout->nbuffers; b++) {
		const dmio_buffer buffer = { iov, layout->npieces };

		for (unsigned i = 0; i < layout->npieces; i++)
			*iov++ = bench_layout_piece(layout, device->site->area.base, place, b, i);
		if (b < layout->ninputs)
			request->req_inbuf[b] = buffer;
		else
			request->req_outbuf = buffer;
	}
}

static int
session_open(struct session *session, const char *path, size_t first_slot)
{
	const struct bench_site *site = session->device->site;
	struct dmio_setfunc setfunc = { 0 };

	session->batch = site->point.value[BENCH_BATCH];
	session->depth = site->point.value[BENCH_DEPTH];
	session->free = calloc(session->batch * session->depth, sizeof(session->free[0]));
	if (session->free == NULL)
		return -ENOMEM;
	/* From the end: the first that is taken is the first in memory. */
	while (session->nfree < session->batch * session->depth) {
		size_t last = first_slot + session->batch * session->depth - 1;

		session->free[session->nfree] = last - session->nfree;
		session->nfree++;
	}
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
	pthread_barrier_init(&device->start, NULL, device->nsessions + 1);
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
