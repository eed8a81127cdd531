/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.c: does this kernel move bytes for this process, and if not, why? */
#include "uring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ring.h"

/* Longest wait for one operation of the trial, and how many such waits. */
#define TRIAL_MS    500
#define TRIAL_WAITS 4

/* Value of the sysctl kernel.io_uring_disabled; 0: not there, or everybody may use it. */
static int
sysctl_disabled(void)
{
	char text[16] = "";
	int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoi(text);
}

static unsigned long long
lockable_memory(void)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	return (unsigned long long)limit.rlim_cur;
}

/* Why io_uring_setup(2) said ERR, in words. */
static void
explain_setup(int err, char *why, size_t len)
{
	const int disabled = sysctl_disabled();

	if (err == -ENOSYS)
		snprintf(why, len, "this kernel has no io_uring");
	else if (err == -EPERM && disabled != 0)
		snprintf(why, len, "io_uring is switched off (sysctl kernel.io_uring_disabled=%d)",
		    disabled);
	else if (err == -EPERM || err == -EACCES)
		snprintf(why, len,
		    "io_uring is forbidden to this process (a seccomp filter, or an LSM)");
	else if (err == -ENOMEM)
		snprintf(why, len, "no memory for an io_uring (RLIMIT_MEMLOCK is %llu bytes)",
		    lockable_memory());
	else
		snprintf(why, len, "io_uring_setup: %s", strerror(-err));
}

static int
check_features(struct uring_ring *ring, char *why, size_t len)
{
	static const struct {
		int opcode;
		const char *name;
	} needed[] = {
		{ IORING_OP_READ, "READ" },
		{ IORING_OP_WRITE, "WRITE" },
		{ IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL" },
	};
	const char *missing = NULL;
	struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->io);

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && missing == NULL; i++)
		if (probe == NULL || !io_uring_opcode_supported(probe, needed[i].opcode))
			missing = needed[i].name;
	if (missing != NULL && probe != NULL)
		snprintf(why, len, "this kernel's io_uring has no %s (Linux 5.6 has)", missing);
	else if (missing != NULL)
		snprintf(why, len,
		    "io_uring_register(2) does not answer (a filter, or Linux before 5.6)");
	if (probe != NULL)
		io_uring_free_probe(probe);
	return missing != NULL ? -ENODEV : 0;
}

struct trial {
	struct uring_op op;
	uint8_t from[64], by[64], to[64];
};

/* One operation, at ADDR of our own memory; bytes moved or -errno.  -ETIMEDOUT: it is still away. */
static int
try_move(struct uring_ring *ring, struct uring_op *op, bool is_write, void *addr)
{
	op->is_write = is_write;
	op->addr = (uintptr_t)addr;
	uring_ring_move(ring, op);
	/* A wait may end early. */
	for (unsigned i = 0; i < TRIAL_WAITS; i++) {
		int err = uring_ring_wait(ring, TRIAL_MS);

		if (err < 0)
			return err;
		if (uring_ring_next(ring) != NULL)
			return op->res;
	}
	return -ETIMEDOUT;
}

static int
try_both(struct uring_ring *ring, struct trial *trial)
{
	const int all = sizeof(trial->from);
	int n;

	for (int i = 0; i < all; i++)
		trial->from[i] = (uint8_t)(i * 37 + 11);
	trial->op.local = trial->by;
	trial->op.len = sizeof(trial->by);
	n = try_move(ring, &trial->op, /* is_write= */ false, trial->from);
	if (n == all)
		n = try_move(ring, &trial->op, /* is_write= */ true, trial->to);
	if (n < 0)
		return n;
	return n == all && memcmp(trial->from, trial->to, sizeof(trial->to)) == 0 ? 0 : -EIO;
}

/* A sandbox may let the set-up through only. */
static int
check_moving(struct uring_ring *ring, char *why, size_t len)
{
	struct trial *trial = calloc(1, sizeof(*trial));
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC), err;

	if (trial == NULL || fd < 0) {
		snprintf(why, len, "/proc/self/mem: %s", strerror(errno));
		err = -ENODEV;
		goto close_fd;
	}
	trial->op.fd = fd;
	err = try_both(ring, trial);
	if (err == 0)
		goto close_fd;
	snprintf(why, len, "io_uring does not move bytes of /proc/self/mem (%s)", strerror(-err));
	if (err == -ETIMEDOUT)
		trial = NULL; /* it stays: the kernel may still come back to it */
	err = -ENODEV;
close_fd:
	if (fd >= 0)
		close(fd);
	free(trial);
	return err;
}

int
uring_probe(char *why, size_t len)
{
	struct uring_ring ring;
	int err = uring_ring_open(&ring, 4);

	if (err < 0) {
		explain_setup(err, why, len);
		return -ENODEV;
	}
	err = check_features(&ring, why, len);
	if (err == 0)
		err = check_moving(&ring, why, len);
	uring_ring_close(&ring);
	return err;
}
