/* SPDX-License-Identifier: BSD-2-Clause */
/* client.c: one open of a queue, and the three ways to submit. */
#include "tests/dsa/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dsa/check.h"

/* The lock is held. */
static bool
is_accepting(const struct dsa_model *model, const struct queue *queue)
{
	return queue->is_enabled && !model->is_halted;
}

int
dsa_client_open(struct dsa_model *model, unsigned number, const struct dsa_memory *memory,
    struct dsa_client **ret_client)
{
	struct dsa_client *client;
	struct queue *queue;
	int err = 0;

	if (number >= model->options.nqueues)
		return -ENXIO;
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return -ENOMEM;
	queue = &model->queues[number];
	*client = (struct dsa_client){ .model = model, .queue = queue, .memory = *memory };
	pthread_mutex_lock(&model->lock);
	if (!is_accepting(model, queue))
		err = -ENXIO;
	else if (queue->options->is_dedicated && queue->nclients > 0)
		err = -EBUSY;
	else
		queue->nclients++;
	pthread_mutex_unlock(&model->lock);
	if (err < 0) {
		free(client);
		return err;
	}
	*ret_client = client;
	return 0;
}

/* The lock is held. */
static void
wait_done(const struct dsa_client *client)
{
	while (client->pending > 0)
		pthread_cond_wait(&client->model->quiet, &client->model->lock);
}

void
dsa_client_drain(struct dsa_client *client)
{
	pthread_mutex_lock(&client->model->lock);
	wait_done(client);
	pthread_mutex_unlock(&client->model->lock);
}

void
dsa_client_close(struct dsa_client *client)
{
	struct dsa_model *model;

	if (client == NULL)
		return;
	model = client->model;
	pthread_mutex_lock(&model->lock);
	wait_done(client);
	client->queue->nclients--;
	pthread_mutex_unlock(&model->lock);
	free(client);
}

/* What befalls the descriptor that comes now; after refusals, what was drawn before them. */
static struct knob_plan
plan_take(struct dsa_client *client, const struct dsa_desc *desc)
{
	struct queue *queue = client->queue;

	if (!queue->has_plan)
		return knobs_next(&client->model->knobs, queue->number, desc_opcode(desc), false);
	queue->has_plan = false;
	return queue->plan;
}

static void
take(struct dsa_client *client, const struct dsa_desc *desc, const struct knob_plan *plan)
{
	struct queue *queue = client->queue;

	queue->stats.submitted++;
	if (plan->drop) {
		queue->stats.dropped++;
		queue->stats.injected++;
	} else {
		device_accept(client->model, client, desc, plan);
	}
}

/* Nobody hears of what does not fit.  The lock is held. */
static void
post(struct dsa_client *client, const struct dsa_desc *desc)
{
	struct queue *queue = client->queue;
	struct knob_plan plan;

	if (!is_accepting(client->model, queue) || queue->used >= queue->options->size) {
		queue->stats.submitted++;
		queue->stats.dropped++;
		if (is_accepting(client->model, queue))
			device_log_error(client->model, queue);
		return;
	}
	plan = plan_take(client, desc);
	take(client, desc, &plan);
}

/* False: to be tried again.  The lock is held. */
static bool
offer(struct dsa_client *client, const struct dsa_desc *desc)
{
	struct queue *queue = client->queue;
	struct knob_plan plan;

	if (!is_accepting(client->model, queue) || queue->used >= queue->options->threshold) {
		queue->stats.refused++;
		return false;
	}
	if (queue->refusals == 0) {
		plan = plan_take(client, desc);
		if (plan.again == 0) {
			take(client, desc, &plan);
			return true;
		}
		queue->refusals = plan.again;
		plan.again = 0;
		queue->plan = plan;
		queue->has_plan = true;
		queue->stats.injected++;
	}
	queue->refusals--;
	queue->stats.refused++;
	return false;
}

/* One descriptor of a write(2).  The lock is held. */
static int
write_one(struct dsa_client *client, struct dsa_desc *desc)
{
	if (desc_opcode(desc) == DSA_OP_BATCH && client->model->options.version < DSA_VERSION_2)
		return -EINVAL;
	if ((desc_flags(desc) & DSA_FLAG_CRAV) != 0 && desc->record % DSA_RECORD_ALIGN != 0)
		return -EINVAL;
	if (client->queue->options->is_dedicated) {
		post(client, desc);
		return 0;
	}
	desc->pasid &= DSA_PASID_RESERVED; /* the kernel fills in its own */
	return offer(client, desc) ? 0 : -EAGAIN;
}

ssize_t
dsa_client_write(struct dsa_client *client, const void *descs, size_t len)
{
	const uint8_t *bytes = descs;
	size_t done = 0;
	int err = 0;

	pthread_mutex_lock(&client->model->lock);
	client->queue->stats.write_calls++;
	while (err == 0 && len - done >= DSA_DESC_SIZE) {
		struct dsa_desc desc;

		memcpy(&desc, bytes + done, sizeof(desc));
		err = write_one(client, &desc);
		if (err == 0)
			done += DSA_DESC_SIZE;
	}
	pthread_mutex_unlock(&client->model->lock);
	return done > 0 ? (ssize_t)done : err;
}

void
dsa_client_movdir64b(struct dsa_client *client, const void *bytes)
{
	struct queue *queue = client->queue;
	struct dsa_desc desc;

	memcpy(&desc, bytes, sizeof(desc));
	pthread_mutex_lock(&client->model->lock);
	if (queue->options->is_dedicated) {
		post(client, &desc);
	} else {
		queue->stats.submitted++;
		queue->stats.dropped++;
	}
	pthread_mutex_unlock(&client->model->lock);
}

bool
dsa_client_enqcmd(struct dsa_client *client, const void *bytes)
{
	struct queue *queue = client->queue;
	struct dsa_desc desc;
	bool is_taken = false;

	memcpy(&desc, bytes, sizeof(desc));
	desc.pasid = 0; /* the processor fills in its own */
	pthread_mutex_lock(&client->model->lock);
	if (!queue->options->is_dedicated)
		is_taken = offer(client, &desc);
	else
		queue->stats.refused++;
	pthread_mutex_unlock(&client->model->lock);
	return is_taken;
}
