/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.c: the device's thread: it takes what is queued, in order or as knobs say, and executes it.
 *
 * An entry goes from the ready list, perhaps by way of the held ones, to the thread.  It is free again
 * before the record's status is written: whoever sees that may submit the next.
 */
#include "tests/dsa/device.h"

#include <time.h>

#include "tests/dsa/check.h"

#define REORDER_NS UINT64_C(1000000)
#define NEVER      UINT64_MAX

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
ready_append(struct dsa_model *model, struct entry *entry)
{
	entry->next = NULL;
	*model->ready.last = entry;
	model->ready.last = &entry->next;
}

static struct entry *
ready_take(struct dsa_model *model)
{
	struct entry *entry = model->ready.first;

	if (entry == NULL)
		return NULL;
	model->ready.first = entry->next;
	if (model->ready.first == NULL)
		model->ready.last = &model->ready.first;
	return entry;
}

static void
held_add(struct dsa_model *model, struct entry *entry, uint64_t due_ns)
{
	entry->due_ns = due_ns;
	entry->next = model->held;
	model->held = entry;
}

void
device_accept(struct dsa_model *model, struct dsa_client *client, const struct dsa_desc *desc,
    const struct knob_plan *plan)
{
	struct queue *queue = client->queue;
	struct entry *entry = queue->free;

	queue->free = entry->next;
	*entry = (struct entry){
		.queue = queue,
		.client = client,
		.desc = *desc,
		.plan = *plan,
		.seq = model->seq++,
		.is_behind = plan->reorder,
	};
	client->pending++;
	model->pending++;
	queue->stats.injected += plan->late_us > 0 || plan->reorder;
	if (++queue->used > queue->stats.in_flight_most)
		queue->stats.in_flight_most = queue->used;
	if (plan->late_us > 0)
		held_add(model, entry, now_ns() + UINT64_C(1000) * plan->late_us);
	else if (plan->reorder)
		held_add(model, entry, now_ns() + REORDER_NS);
	else
		ready_append(model, entry);
	pthread_cond_signal(&model->work);
}

void
device_log_error(struct dsa_model *model, struct queue *queue)
{
	queue->stats.sw_errors++;
	if (!model->has_error) {
		model->has_error = true;
		model->has_news = true;
		pthread_cond_signal(&model->work);
	}
}

static void
entry_free(struct entry *entry)
{
	struct queue *queue = entry->queue;

	entry->next = queue->free;
	queue->free = entry;
	queue->used--;
}

/* Its submitter waits for it no longer. */
static void
client_done(struct dsa_model *model, struct dsa_client *client)
{
	client->pending--;
	model->pending--;
	pthread_cond_broadcast(&model->quiet);
}

static void
entry_abandon(struct dsa_model *model, struct entry *entry)
{
	entry->queue->stats.abandoned++;
	entry_free(entry);
	client_done(model, entry->client);
}

void
device_abandon(struct dsa_model *model, const struct queue *queue)
{
	struct entry *ready = model->ready.first, *held = model->held, *next;

	model->ready = (struct list_head){ NULL, &model->ready.first };
	model->held = NULL;
	for (; ready != NULL; ready = next) {
		next = ready->next;
		if (queue == NULL || ready->queue == queue)
			entry_abandon(model, ready);
		else
			ready_append(model, ready);
	}
	for (; held != NULL; held = next) {
		next = held->next;
		if (queue == NULL || held->queue == queue)
			entry_abandon(model, held);
		else
			held_add(model, held, held->due_ns);
	}
}

/* An earlier one of the same client is held: a DRAIN has to wait for it. */
static bool
must_wait(const struct dsa_model *model, const struct entry *drain)
{
	if (desc_opcode(&drain->desc) != DSA_OP_DRAIN)
		return false;
	for (const struct entry *held = model->held; held != NULL; held = held->next)
		if (held->client == drain->client && held->seq < drain->seq)
			return true;
	return false;
}

/* It waits for a later one of its queue, and there is one. */
static bool
is_overtaken(const struct dsa_model *model, const struct entry *held)
{
	if (!held->is_behind || held->due_ns == 0)
		return false;
	for (const struct entry *ready = model->ready.first; ready != NULL; ready = ready->next)
		if (ready->queue == held->queue && ready->seq > held->seq)
			return true;
	return false;
}

/* One that is held and may run now; else when the next one may. */
static struct entry *
held_take(struct dsa_model *model, uint64_t *ret_due_ns)
{
	const uint64_t now = model->held != NULL ? now_ns() : 0;
	struct entry **link, *entry;

	*ret_due_ns = NEVER;
	for (link = &model->held; (entry = *link) != NULL; link = &entry->next) {
		if (entry->due_ns <= now && !must_wait(model, entry) &&
		    !is_overtaken(model, entry)) {
			*link = entry->next;
			return entry;
		}
		if (entry->due_ns > now && entry->due_ns < *ret_due_ns)
			*ret_due_ns = entry->due_ns;
	}
	return NULL;
}

/* The next to execute; NULL: nothing before RET_DUE_NS. */
static struct entry *
entry_take(struct dsa_model *model, uint64_t *ret_due_ns)
{
	struct entry *entry = held_take(model, ret_due_ns);

	while (entry == NULL && (entry = ready_take(model)) != NULL) {
		if (!must_wait(model, entry))
			break;
		held_add(model, entry, 0);
		entry = NULL;
	}
	return entry;
}

/* What waited for a later one of its queue has had one. */
static void
held_release(struct dsa_model *model, const struct queue *queue, uint64_t seq)
{
	for (struct entry *held = model->held; held != NULL; held = held->next)
		if (held->is_behind && held->queue == queue && held->seq < seq)
			held->due_ns = 0;
}

/* What the thread tells about members: to which device and queue they belong. */
struct site {
	struct dsa_model *model;
	struct queue *queue;
};

static struct knob_plan
member_plan(void *cookie, unsigned opcode)
{
	const struct site *site = cookie;
	struct knob_plan plan;

	pthread_mutex_lock(&site->model->lock);
	plan = knobs_next(&site->model->knobs, site->queue->number, opcode, true);
	pthread_mutex_unlock(&site->model->lock);
	return plan;
}

static void
count(struct dsa_stats *stats, const struct execution *e)
{
	const unsigned opcode = desc_opcode(&e->desc);

	stats->failed += e->has_failed;
	stats->injected += e->injected;
	stats->bytes += e->bytes;
	if (opcode < DSA_OP_COUNT)
		stats->by_opcode[opcode]++;
}

static void
count_record(struct dsa_model *model, struct queue *queue, enum record_fate fate, bool is_planned)
{
	if (fate == RECORD_READY)
		queue->stats.records++;
	if (fate == RECORD_LOST) {
		queue->stats.lost++;
		if (!is_planned)
			device_log_error(model, queue);
	}
}

static void
member_done(void *cookie, const struct execution *member, enum record_fate fate)
{
	const struct site *site = cookie;

	pthread_mutex_lock(&site->model->lock);
	site->queue->stats.members++;
	count(&site->queue->stats, member);
	count_record(site->model, site->queue, fate, member->plan.never);
	pthread_mutex_unlock(&site->model->lock);
}

/* Without the lock, but for what is counted.  The entry is free after this, its client not yet. */
static void
entry_execute(struct dsa_model *model, struct entry *entry)
{
	struct site site = { model, entry->queue };
	struct execution e = {
		.device = &model->options,
		.queue = entry->queue->options,
		.memory = entry->client->memory,
		.desc = entry->desc,
		.plan = entry->plan,
		.blocks = { model->blocks[0], model->blocks[1] },
		.plan_member = member_plan,
		.member_done = member_done,
		.cookie = &site,
	};
	enum record_fate fate;

	execute_desc(&e);
	fate = execute_begin_record(&e);
	pthread_mutex_lock(&model->lock);
	site.queue->stats.completed++;
	count(&site.queue->stats, &e);
	count_record(model, site.queue, fate, e.plan.never);
	held_release(model, site.queue, entry->seq);
	entry_free(entry);
	pthread_mutex_unlock(&model->lock);
	if (fate == RECORD_READY)
		execute_finish_record(&e);
}

static void
entry_run(struct dsa_model *model, struct entry *entry)
{
	struct dsa_client *client = entry->client;

	if (entry->plan.halt) {
		model->is_halted = true;
		model->has_news = true;
		entry->queue->stats.injected++;
		entry_abandon(model, entry);
		device_abandon(model, NULL);
		return;
	}
	model->running = entry->queue;
	pthread_mutex_unlock(&model->lock);
	entry_execute(model, entry);
	pthread_mutex_lock(&model->lock);
	model->running = NULL;
	client_done(model, client);
}

static void
wait_for_work(struct dsa_model *model, uint64_t due_ns)
{
	const struct timespec due = {
		.tv_sec = (time_t)(due_ns / 1000000000u),
		.tv_nsec = (long)(due_ns % 1000000000u),
	};

	if (due_ns == NEVER)
		pthread_cond_wait(&model->work, &model->lock);
	else
		pthread_cond_timedwait(&model->work, &model->lock, &due);
}

static void
tell_news(struct dsa_model *model)
{
	model->has_news = false;
	if (model->options.changed == NULL)
		return;
	pthread_mutex_unlock(&model->lock);
	model->options.changed(model->options.cookie);
	pthread_mutex_lock(&model->lock);
}

void *
device_thread(void *arg)
{
	struct dsa_model *model = arg;

	pthread_mutex_lock(&model->lock);
	while (!model->is_ending) {
		uint64_t due_ns = NEVER;
		struct entry *entry;

		if (model->has_news) {
			tell_news(model);
			continue;
		}
		entry = entry_take(model, &due_ns);
		if (entry != NULL)
			entry_run(model, entry);
		else
			wait_for_work(model, due_ns);
	}
	pthread_mutex_unlock(&model->lock);
	return NULL;
}
