/* SPDX-License-Identifier: BSD-2-Clause */
/* front.h: the ways to put the device where callers can open it. */
#ifndef CUSE_FRONT_H
#define CUSE_FRONT_H

#include "cuse/device.h"
#include "cuse/options.h"

struct dmio_front;

struct dmio_front_ops {
	const char *name; /* "cuse", "fuse" */

	/* 0 when this machine has what it takes; else WHY tells what is missing and the cure. */
	int (*probe)(const struct dmio_options *options, char *why, size_t len);

	/* Makes ->se, ready for the loop.  On failure WHY tells what failed and the cure. */
	int (*start)(struct dmio_front *front, char *why, size_t len);

	/* After ->is_ready, with the loop running: callers may come. */
	int (*publish)(struct dmio_front *front, char *why, size_t len);

	/* Takes away what start and publish made; both may have failed. */
	void (*stop)(struct dmio_front *front);
};

extern const struct dmio_front_ops dmio_front_cuse, dmio_front_fuse;

struct dmio_front {
	const struct dmio_front_ops *ops;
	const struct dmio_options *options;
	struct dmio_device *device;
	struct fuse_session *se;
	bool is_mounted; /* se has its file */
	bool has_made;   /* the path is ours to remove */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ready; /* (lock) the kernel has agreed to serve */
	bool is_ended; /* (lock) the kernel has ended it */
};

/* For the front ends: the kernel's answer came. */
void dmio_front_ready(struct dmio_front *front);

#endif /* CUSE_FRONT_H */
