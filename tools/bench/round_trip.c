/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * round_trip.c: a FUSE file served by the least code that can: one thread, one read and one write
 * of /dev/fuse for each request, nothing allocated, nothing looked up.
 */
#include "tools/bench/round_trip.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/bench/cleanup.h"

#ifndef FOPEN_STREAM
#define FOPEN_STREAM (1 << 4)
#endif

#define REQUEST_MAX (256 << 10)
#define MAX_WRITE   (128 << 10)

struct bench_round_trip {
	char path[256];
	int fuse_fd, file_fd;
	bool is_process;
	int kept; /* number of cleanup.h */
	pthread_t thread;
	uint8_t request[REQUEST_MAX], data[MAX_WRITE];
	uint8_t mine[MAX_WRITE]; /* what the caller writes and reads */
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
	case FUSE_FLUSH:
		/*
		 * None from now on.  A process that ends closes its files while its server's thread
		 * is gone: a flush would wait for ever.
		 */
		reply(trip, in->unique, NULL, 0, -ENOSYS);
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

/* In a process of its own there is no pthread_join(): it ends with the connection. */
static void
start_server(struct bench_round_trip *trip)
{
	struct bench_thing thing = { .path = trip->path };

	if (!trip->is_process) {
		if (pthread_create(&trip->thread, NULL, serve, trip) != 0)
			errx(1, "cannot start a thread");
		trip->kept = bench_cleanup_keep(&thing);
		return;
	}
	thing.pid = fork();
	if (thing.pid < 0)
		err(1, "fork");
	if (thing.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bench_cleanup_forked();
		serve(trip);
		_exit(0);
	}
	trip->kept = bench_cleanup_keep(&thing);
	close(trip->fuse_fd);
	trip->fuse_fd = -1;
}

/* A file with nothing in it, and the bare file system over it. */
static int
mount_over(struct bench_round_trip *trip)
{
	const char *tmp = getenv("TMPDIR");
	char options[128];
	int fd, err;

	snprintf(trip->path, sizeof(trip->path), "%s/dmover-bench.XXXXXX",
	    tmp != NULL && strlen(tmp) < 200 ? tmp : "/tmp");
	fd = mkstemp(trip->path);
	if (fd < 0)
		return -errno;
	close(fd);
	trip->fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(
	    options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0", trip->fuse_fd);
	if (trip->fuse_fd >= 0 &&
	    mount("bench", trip->path, "fuse", MS_NOSUID | MS_NODEV, options) == 0)
		return 0;
	err = -errno;
	if (trip->fuse_fd >= 0)
		close(trip->fuse_fd);
	unlink(trip->path);
	return err;
}

struct bench_round_trip *
bench_round_trip_create(bool is_process, char *why, size_t len)
{
	struct bench_round_trip *trip = calloc(1, sizeof(*trip));
	int error;

	if (trip == NULL)
		err(1, "memory");
	trip->is_process = is_process;
	error = mount_over(trip);
	if (error < 0) {
		snprintf(why, len, "no bare FUSE file: %s (run as root)", strerror(-error));
		free(trip);
		return NULL;
	}
	start_server(trip);
	/* The first close tells the kernel that this file is never flushed. */
	close(open(trip->path, O_RDWR | O_CLOEXEC));
	trip->file_fd = open(trip->path, O_RDWR | O_CLOEXEC);
	if (trip->file_fd < 0)
		err(1, "%s", trip->path);
	return trip;
}

void
bench_round_trip_destroy(struct bench_round_trip *trip)
{
	if (trip == NULL)
		return;
	close(trip->file_fd);
	if (!trip->is_process) {
		/* The last reference to the file system goes: the server reads ENODEV. */
		umount2(trip->path, MNT_DETACH);
		pthread_join(trip->thread, NULL);
		close(trip->fuse_fd);
	}
	bench_cleanup_drop(trip->kept);
	free(trip);
}

void
bench_round_trip_write(struct bench_round_trip *trip, size_t len)
{
	if (write(trip->file_fd, trip->mine, len) != (ssize_t)len)
		err(1, "bare write");
}

void
bench_round_trip_read(struct bench_round_trip *trip, size_t len)
{
	if (read(trip->file_fd, trip->mine, len) != (ssize_t)len)
		err(1, "bare read");
}
