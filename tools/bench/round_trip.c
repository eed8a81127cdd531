/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * round_trip.c: a FUSE file served by the least code that can: one thread, one read and one write
 * of /dev/fuse for each request, nothing allocated, nothing looked up.
 */
#include "tools/bench/bench.h"

#include <err.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef FOPEN_STREAM
#define FOPEN_STREAM (1 << 4)
#endif

#define REQUEST_MAX (256 << 10)
#define MAX_WRITE   (128 << 10)

struct bench_round_trip {
	char path[64];
	int fuse_fd, file_fd;
	pthread_t thread;
	uint8_t request[REQUEST_MAX], data[MAX_WRITE];
};

static void
reply(const struct bench_round_trip *trip, uint64_t unique, const void *body, size_t len, int error)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len), .error = error, .unique = unique
	};
	struct iovec iov[2] = { { &out, sizeof(out) }, { (void *)(uintptr_t)body, len } };

	if (writev(trip->fuse_fd, iov, len > 0 ? 2 : 1) < 0)
		return; /* the caller is gone */
}

static void
answer_setup(struct bench_round_trip *trip, const struct fuse_in_header *in)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = MAX_WRITE };
	struct fuse_attr_out attr = { .attr_valid = 3600,
		.attr = { .ino = FUSE_ROOT_ID, .mode = S_IFREG | 0600, .nlink = 1 } };
	struct fuse_open_out open_out = { .open_flags = FOPEN_DIRECT_IO | FOPEN_STREAM };

	switch (in->opcode) {
	case FUSE_INIT:
		reply(trip, in->unique, &init, sizeof(init), 0);
		break;
	case FUSE_GETATTR:
		reply(trip, in->unique, &attr, sizeof(attr), 0);
		break;
	case FUSE_OPEN:
		reply(trip, in->unique, &open_out, sizeof(open_out), 0);
		break;
	default:
		reply(trip, in->unique, NULL, 0, 0);
	}
}

static void *
serve(void *arg)
{
	struct bench_round_trip *trip = arg;
	const struct fuse_in_header *in = (const struct fuse_in_header *)trip->request;

	while (read(trip->fuse_fd, trip->request, sizeof(trip->request)) > 0) {
		const void *body = in + 1;

		if (in->opcode == FUSE_WRITE) {
			struct fuse_write_out out = {
				.size = ((const struct fuse_write_in *)body)->size
			};

			reply(trip, in->unique, &out, sizeof(out), 0);
		} else if (in->opcode == FUSE_READ) {
			reply(trip, in->unique, trip->data,
			    ((const struct fuse_read_in *)body)->size, 0);
		} else {
			answer_setup(trip, in);
		}
	}
	return NULL;
}

struct bench_round_trip *
bench_round_trip_create(void)
{
	struct bench_round_trip *trip = calloc(1, sizeof(*trip));
	char options[128];
	int fd;

	if (trip == NULL)
		err(1, "memory");
	snprintf(trip->path, sizeof(trip->path), "/tmp/dmover-bench.XXXXXX");
	fd = mkstemp(trip->path);
	trip->fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(
	    options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0", trip->fuse_fd);
	if (fd < 0 || trip->fuse_fd < 0 ||
	    mount("bench", trip->path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
		warn("no bare round trip (run as root)");
		unlink(trip->path);
		free(trip);
		return NULL;
	}
	close(fd);
	if (pthread_create(&trip->thread, NULL, serve, trip) != 0)
		errx(1, "cannot start a thread");
	trip->file_fd = open(trip->path, O_RDWR | O_CLOEXEC);
	if (trip->file_fd < 0)
		err(1, "%s", trip->path);
	return trip;
}

void
bench_round_trip_destroy(struct bench_round_trip *trip)
{
	close(trip->file_fd);
	umount2(trip->path, MNT_DETACH);
	pthread_join(trip->thread, NULL);
	close(trip->fuse_fd);
	unlink(trip->path);
	free(trip);
}

double
bench_round_trip_run(struct bench_round_trip *trip, size_t write_len, size_t read_len)
{
	static uint8_t buf[MAX_WRITE];
	double start = bench_now();

	if (write(trip->file_fd, buf, write_len) != (ssize_t)write_len)
		err(1, "bare write");
	if (read(trip->file_fd, buf, read_len) != (ssize_t)read_len)
		err(1, "bare read");
	return bench_now() - start;
}
