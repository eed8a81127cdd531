/* SPDX-License-Identifier: BSD-2-Clause */
/* model.c: the device as a whole: made, set up, looked at, stopped by its administrator. */
#include "tests/dsa/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE_DEFAULT     16u
#define TRANSFER_DEFAULT (2u << 20)
#define BATCH_DEFAULT    32u

static void
queue_defaults(struct dsa_queue_options *queue)
{
	if (queue->size == 0)
		queue->size = SIZE_DEFAULT;
	if (queue->threshold == 0 || queue->is_dedicated)
		queue->threshold = queue->size;
	if (queue->max_transfer == 0)
		queue->max_transfer = TRANSFER_DEFAULT;
	if (queue->max_batch == 0)
		queue->max_batch = BATCH_DEFAULT;
	if (queue->name[0] == '\0')
		snprintf(queue->name, sizeof(queue->name), "dmover");
}

static const char *
queue_complaint(const struct dsa_queue_options *queue)
{
	if (queue->size > DSA_SIZE_MAX)
		return "more entries than a device has";
	if (queue->threshold > queue->size)
		return "a threshold above the number of entries";
	if (queue->max_transfer > DSA_TRANSFER_MAX)
		return "longer transfers than a device can do";
	if (queue->max_batch > DSA_BATCH_MAX)
		return "larger batches than a device can do";
	return NULL;
}

static int
options_settle(struct dsa_model_options *options, char *why, size_t len)
{
	if (options->version == 0)
		options->version = DSA_VERSION_1;
	if (options->nqueues == 0)
		options->nqueues = 1;
	if (options->version != DSA_VERSION_1 && options->version != DSA_VERSION_2 &&
	    options->version != DSA_VERSION_3) {
		snprintf(why, len, "version %#x: not one of 0x100, 0x200, 0x300",
		    (unsigned)options->version);
		return -EINVAL;
	}
	if (options->nqueues > DSA_QUEUES_MAX) {
		snprintf(why, len, "%u queues: %u at most", options->nqueues, DSA_QUEUES_MAX);
		return -EINVAL;
	}
	for (unsigned i = 0; i < options->nqueues; i++) {
		const char *complaint;

		queue_defaults(&options->queues[i]);
		complaint = queue_complaint(&options->queues[i]);
		if (complaint != NULL) {
			snprintf(why, len, "wq%u.%u: %s", options->number, i, complaint);
			return -EINVAL;
		}
	}
	return 0;
}

/* The rule is for a queue that is there, and can do what the rule says. */
static bool
rule_has_queue(const struct dsa_model_options *options, const struct knob_rule *rule)
{
	for (unsigned i = 0; i < options->nqueues; i++)
		if ((rule->queue == -1 || rule->queue == (int)i) &&
		    (rule->action != KNOB_AGAIN || !options->queues[i].is_dedicated))
			return true;
	return false;
}

/* Parses the knobs, and finds those that no queue of the device can feel. */
static int
knobs_settle(const struct dsa_model_options *options, const char *text, struct knobs *ret_knobs,
    char *why, size_t len)
{
	struct knobs knobs;
	int err = knobs_parse(text, options->number, &knobs, why, len);

	if (err < 0)
		return err;
	for (unsigned i = 0; i < knobs.nrules; i++) {
		const struct knob_rule *rule = &knobs.rules[i];

		if (rule_has_queue(options, rule))
			continue;
		if (rule->queue >= (int)options->nqueues)
			snprintf(why, len, "wq%u.%d: the device has no such queue", options->number,
			    rule->queue);
		else
			snprintf(why, len, "again: a dedicated queue refuses nothing");
		return -EINVAL;
	}
	*ret_knobs = knobs;
	return 0;
}

static void
queue_init(struct queue *queue, unsigned number, const struct dsa_queue_options *options)
{
	queue->number = number;
	queue->options = options;
	queue->is_enabled = true;
	for (unsigned i = 0; i < options->size; i++) {
		queue->entries[i].next = queue->free;
		queue->free = &queue->entries[i];
	}
}

static void
sync_init(struct dsa_model *model)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&model->lock, NULL);
	pthread_cond_init(&model->quiet, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&model->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void
model_free(struct dsa_model *model)
{
	pthread_cond_destroy(&model->work);
	pthread_cond_destroy(&model->quiet);
	pthread_mutex_destroy(&model->lock);
	free(model->blocks[0]);
	free(model->blocks[1]);
	free(model);
}

int
dsa_model_create(
    const struct dsa_model_options *options, struct dsa_model **ret_model, char *why, size_t len)
{
	struct dsa_model *model = calloc(1, sizeof(*model));
	int err;

	if (model == NULL) {
		snprintf(why, len, "no memory");
		return -ENOMEM;
	}
	sync_init(model);
	model->options = *options;
	model->ready.last = &model->ready.first;
	err = options_settle(&model->options, why, len);
	if (err == 0)
		err = knobs_settle(&model->options, options->knobs, &model->knobs, why, len);
	if (err < 0)
		goto free_model;
	model->options.knobs = NULL;
	for (unsigned i = 0; i < model->options.nqueues; i++)
		queue_init(&model->queues[i], i, &model->options.queues[i]);
	model->blocks[0] = malloc(EXECUTE_BLOCK);
	model->blocks[1] = malloc(EXECUTE_BLOCK);
	err = model->blocks[0] == NULL || model->blocks[1] == NULL
		  ? -ENOMEM
		  : -pthread_create(&model->thread, NULL, device_thread, model);
	if (err < 0) {
		snprintf(why, len, "no memory or thread for the device");
		goto free_model;
	}
	*ret_model = model;
	return 0;

free_model:
	model_free(model);
	return err;
}

void
dsa_model_destroy(struct dsa_model *model)
{
	if (model == NULL)
		return;
	pthread_mutex_lock(&model->lock);
	model->is_ending = true;
	pthread_cond_signal(&model->work);
	pthread_mutex_unlock(&model->lock);
	pthread_join(model->thread, NULL);
	model_free(model);
}

const struct dsa_model_options *
dsa_model_options(const struct dsa_model *model)
{
	return &model->options;
}

int
dsa_model_set_knobs(struct dsa_model *model, const char *text, char *why, size_t len)
{
	struct knobs knobs;
	int err = knobs_settle(&model->options, text, &knobs, why, len);

	if (err < 0)
		return err;
	pthread_mutex_lock(&model->lock);
	model->knobs = knobs;
	for (unsigned i = 0; i < model->options.nqueues; i++) {
		model->queues[i].refusals = 0;
		model->queues[i].has_plan = false;
	}
	pthread_mutex_unlock(&model->lock);
	return 0;
}

static void
tell(const struct dsa_model *model)
{
	if (model->options.changed != NULL)
		model->options.changed(model->options.cookie);
}

void
dsa_model_disable(struct dsa_model *model, unsigned number)
{
	struct queue *queue;

	if (number >= model->options.nqueues)
		return;
	queue = &model->queues[number];
	pthread_mutex_lock(&model->lock);
	queue->is_enabled = false;
	device_abandon(model, queue);
	while (model->running == queue)
		pthread_cond_wait(&model->quiet, &model->lock);
	pthread_mutex_unlock(&model->lock);
	tell(model);
}

void
dsa_model_enable(struct dsa_model *model, unsigned number)
{
	if (number >= model->options.nqueues)
		return;
	pthread_mutex_lock(&model->lock);
	model->queues[number].is_enabled = true;
	pthread_mutex_unlock(&model->lock);
	tell(model);
}

void
dsa_model_halt(struct dsa_model *model)
{
	pthread_mutex_lock(&model->lock);
	model->is_halted = true;
	device_abandon(model, NULL);
	while (model->running != NULL)
		pthread_cond_wait(&model->quiet, &model->lock);
	pthread_mutex_unlock(&model->lock);
	tell(model);
}

void
dsa_model_reset(struct dsa_model *model)
{
	pthread_mutex_lock(&model->lock);
	for (unsigned i = 0; i < model->options.nqueues; i++)
		model->queues[i].is_enabled = false;
	device_abandon(model, NULL);
	while (model->running != NULL)
		pthread_cond_wait(&model->quiet, &model->lock);
	model->is_halted = false;
	model->has_error = false;
	pthread_mutex_unlock(&model->lock);
	tell(model);
}

bool
dsa_model_is_enabled(struct dsa_model *model, unsigned number)
{
	bool is_enabled;

	pthread_mutex_lock(&model->lock);
	is_enabled = number < model->options.nqueues && model->queues[number].is_enabled;
	pthread_mutex_unlock(&model->lock);
	return is_enabled;
}

unsigned
dsa_model_clients(struct dsa_model *model, unsigned number)
{
	unsigned nclients;

	pthread_mutex_lock(&model->lock);
	nclients = number < model->options.nqueues ? model->queues[number].nclients : 0;
	pthread_mutex_unlock(&model->lock);
	return nclients;
}

bool
dsa_model_is_halted(struct dsa_model *model)
{
	bool is_halted;

	pthread_mutex_lock(&model->lock);
	is_halted = model->is_halted;
	pthread_mutex_unlock(&model->lock);
	return is_halted;
}

bool
dsa_model_has_error(struct dsa_model *model)
{
	bool has_error;

	pthread_mutex_lock(&model->lock);
	has_error = model->has_error;
	pthread_mutex_unlock(&model->lock);
	return has_error;
}

/* All members of struct dsa_stats are numbers of one kind. */
static void
stats_add(struct dsa_stats *sum, const struct queue *queue)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)&queue->stats;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
	sum->in_flight += queue->used;
}

void
dsa_model_stats(struct dsa_model *model, int number, struct dsa_stats *ret_stats)
{
	*ret_stats = (struct dsa_stats){ .write_calls = 0 };
	pthread_mutex_lock(&model->lock);
	for (unsigned i = 0; i < model->options.nqueues; i++)
		if (number == -1 || number == (int)i)
			stats_add(ret_stats, &model->queues[i]);
	pthread_mutex_unlock(&model->lock);
}

/* What a queue has accepted and not yet finished, the one that is being executed too. */
static bool
is_busy(const struct dsa_model *model, int number)
{
	if (number == -1)
		return model->pending > 0;
	return model->queues[number].used > 0 || model->running == &model->queues[number];
}

void
dsa_model_drain(struct dsa_model *model, int number)
{
	if (number >= (int)model->options.nqueues)
		return;
	pthread_mutex_lock(&model->lock);
	while (is_busy(model, number))
		pthread_cond_wait(&model->quiet, &model->lock);
	pthread_mutex_unlock(&model->lock);
}
