/* SPDX-License-Identifier: BSD-2-Clause */
/* device.h: what a model consists of; for model.c, client.c and worker.c alone. */
#ifndef TESTS_DSA_DEVICE_H
#define TESTS_DSA_DEVICE_H

#include <pthread.h>

#include "tests/dsa/execute.h"
#include "tests/dsa/knobs.h"
#include "tests/dsa/model.h"

/* A descriptor that was accepted, from then until its record is about to be written. */
struct entry {
	struct entry *next; /* in the list that it is on */
	struct queue *queue;
	struct dsa_client *client;
	struct dsa_desc desc;
	struct knob_plan plan;
	uint64_t seq;    /* order of acceptance */
	uint64_t due_ns; /* held: when it is executed at last */
	bool is_behind;  /* held: until a later one of its queue is done */
};

struct list_head {
	struct entry *first, **last;
};

/* All of it under the device's lock. */
struct queue {
	unsigned number;
	const struct dsa_queue_options *options;
	bool is_enabled;
	unsigned nclients;
	unsigned used; /* entries */
	struct entry *free;
	unsigned refusals; /* that a knob has in store */
	bool has_plan;     /* PLAN is for the descriptor that comes after them */
	struct knob_plan plan;
	struct dsa_stats stats;
	struct entry entries[DSA_SIZE_MAX];
};

struct dsa_client {
	struct dsa_model *model;
	struct queue *queue;
	struct dsa_memory memory;
	unsigned pending; /* (lock) accepted, and the record not yet written */
};

struct dsa_model {
	struct dsa_model_options options;
	pthread_t thread;
	pthread_mutex_t lock; /* leaf; all that follows is under it */
	pthread_cond_t work;  /* a descriptor, a halt, news or the end: the device's thread waits */
	pthread_cond_t quiet; /* a descriptor is done or abandoned: close, drain and disable wait */
	bool is_ending;
	bool is_halted;
	bool has_error;
	bool has_news; /* changed() is to be called */
	uint64_t seq;
	uint64_t pending;            /* as the clients' */
	const struct queue *running; /* the queue whose descriptor is being executed */
	struct knobs knobs;
	struct list_head ready; /* in order */
	struct entry *held;     /* late, reordered and drains, in no order */
	struct queue queues[DSA_QUEUES_MAX];
	uint8_t *blocks[2]; /* the thread's own */
};

/* The lock is held for all of these. */

/* Links a new entry where it belongs, and counts it. */
void device_accept(struct dsa_model *model, struct dsa_client *client, const struct dsa_desc *desc,
    const struct knob_plan *plan);

/* Logs a software error. */
void device_log_error(struct dsa_model *model, struct queue *queue);

/* Gives up what is queued in QUEUE; NULL: everywhere. */
void device_abandon(struct dsa_model *model, const struct queue *queue);

/* The thread; its argument is the model. */
void *device_thread(void *model);

#endif /* TESTS_DSA_DEVICE_H */
