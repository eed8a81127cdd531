/* SPDX-License-Identifier: BSD-2-Clause */
/* front.h: between node.c and the two ways to make nodes. */
#ifndef TESTS_DSA_FRONT_H
#define TESTS_DSA_FRONT_H

#include <pthread.h>

#include "tests/dsa/calls.h"
#include "tests/dsa/node.h"
#include "tests/dsa/serve.h"

/* One session: all nodes with FUSE, one of them with CUSE. */
struct site {
	struct dsa_node *node;
	unsigned queue; /* CUSE */
	struct fuse_session *se;
	struct serve *serve;
	bool is_mounted, has_made;
};

struct dsa_node {
	struct dsa_model *model;
	struct dsa_node_options options;
	char *dir;
	struct calls calls;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned nready; /* (lock) sessions that the kernel has agreed to serve */
	unsigned nsites;
	struct site sites[DSA_QUEUES_MAX];
};

/* Mounts a session; the caller serves it.  -errno; WHY. */
int front_fuse_start(struct site *site, char *why, size_t len);
int front_cuse_start(struct site *site, char *why, size_t len);

/* CUSE: makes the node, once the kernel has the device.  -errno; WHY. */
int front_cuse_publish(struct site *site, char *why, size_t len);

/* Undoes start and publish; the session is not served any more. */
void front_fuse_stop(struct site *site);
void front_cuse_stop(struct site *site);

/* For both: the kernel's answer to the start came. */
void front_ready(struct site *site);

/* "wqN.M" */
void front_name(const struct site *site, unsigned queue, char name[32]);

#endif /* TESTS_DSA_FRONT_H */
