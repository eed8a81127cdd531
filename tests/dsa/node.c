/* SPDX-License-Identifier: BSD-2-Clause */
/* node.c: the nodes' sessions, started and stopped in order. */
#include "tests/dsa/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/dsa/front.h"

#define MODE_DEFAULT  0600
#define READY_SECONDS 10

void
front_ready(struct site *site)
{
	struct dsa_node *node = site->node;

	pthread_mutex_lock(&node->lock);
	node->nready++;
	pthread_cond_signal(&node->changed);
	pthread_mutex_unlock(&node->lock);
}

void
front_name(const struct site *site, unsigned queue, char name[32])
{
	snprintf(name, 32, "wq%u.%u", dsa_model_options(site->node->model)->number, queue);
}

/* Until the kernel has agreed to serve all sessions. */
static int
wait_ready(struct dsa_node *node, char *why, size_t len)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += READY_SECONDS;
	pthread_mutex_lock(&node->lock);
	while (node->nready < node->nsites && err == 0)
		err = -pthread_cond_timedwait(&node->changed, &node->lock, &until);
	pthread_mutex_unlock(&node->lock);
	if (err < 0)
		snprintf(why, len, "the kernel does not answer");
	return err;
}

static int
site_start(struct dsa_node *node, char *why, size_t len)
{
	struct site *site = &node->sites[node->nsites];
	int err;

	*site = (struct site){ .node = node, .queue = node->nsites };
	node->nsites++;
	err = node->options.is_cuse ? front_cuse_start(site, why, len)
				    : front_fuse_start(site, why, len);
	if (err == 0) {
		err = serve_start(site->se, &site->serve);
		if (err < 0)
			snprintf(why, len, "no thread: %s", strerror(-err));
	}
	return err;
}

static int
node_start(struct dsa_node *node, char *why, size_t len)
{
	const unsigned nsites = node->options.is_cuse ? dsa_model_options(node->model)->nqueues : 1;
	int err = 0;

	while (err == 0 && node->nsites < nsites)
		err = site_start(node, why, len);
	if (err == 0)
		err = wait_ready(node, why, len);
	for (unsigned i = 0; err == 0 && node->options.is_cuse && i < nsites; i++)
		err = front_cuse_publish(&node->sites[i], why, len);
	return err;
}

int
dsa_node_open(struct dsa_model *model, const struct dsa_node_options *options,
    struct dsa_node **ret_node, char *why, size_t len)
{
	struct dsa_node *node = calloc(1, sizeof(*node));
	int err = -ENOMEM;

	if (node == NULL)
		goto no_memory;
	node->dir = strdup(options->dir);
	if (node->dir == NULL)
		goto no_memory;
	node->model = model;
	node->options = *options;
	if (node->options.mode == 0)
		node->options.mode = MODE_DEFAULT;
	calls_init(&node->calls, model);
	node->calls.changed = options->changed;
	node->calls.cookie = options->cookie;
	pthread_mutex_init(&node->lock, NULL);
	pthread_cond_init(&node->changed, NULL);
	err = node_start(node, why, len);
	if (err < 0) {
		dsa_node_close(node);
		return err;
	}
	*ret_node = node;
	return 0;

no_memory:
	free(node);
	snprintf(why, len, "no memory");
	return err;
}

void
dsa_node_wake(struct dsa_node *node)
{
	calls_wake(&node->calls);
}

void
dsa_node_close(struct dsa_node *node)
{
	if (node == NULL)
		return;
	/* What is late must not keep the threads that wait for it. */
	dsa_model_halt(node->model);
	for (unsigned i = 0; i < node->nsites; i++)
		serve_stop(node->sites[i].serve);
	calls_fini(&node->calls);
	for (unsigned i = 0; i < node->nsites; i++)
		if (node->options.is_cuse)
			front_cuse_stop(&node->sites[i]);
		else
			front_fuse_stop(&node->sites[i]);
	pthread_cond_destroy(&node->changed);
	pthread_mutex_destroy(&node->lock);
	free(node->dir);
	free(node);
}
