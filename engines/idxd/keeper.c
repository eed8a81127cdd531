/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper.c: opens a queue, and keeps it while it is not live.
 *
 * 1. The keeper sleeps while the queue is the mover's.
 * 2. The mover puts the queue into quarantine: the CPU does what writes no memory at once.
 * 3. The keeper closes the queue, which waits for whatever the device still does.  That may take
 *    long, so each queue has a thread of its own.
 * 4. Only then nothing touches the requests' buffers any more: the CPU does what was under way.
 * 5. After a while the queue is looked up and probed afresh, and goes live again.
 *
 * A live queue that takes nothing for long is looked up as well: it may be disabled.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mover.h"
#include "queue.h"
#include "wait.h"

/* What the queue's operations can be used for. */
static uint32_t
kinds_of(const struct dsa_queue *info)
{
	uint32_t kinds = 0;

	for (int kind = 0; kind < DMOVER_NKINDS; kind++) {
		const enum idxd_opcode opcode = idxd_transfer_opcode((enum dmover_kind)kind);

		if (dmover_queue_allows(info, opcode) && (kind != DMOVER_KIND_XOR || info->has_xor))
			kinds |= DMOVER_F(kind);
	}
	return kinds;
}

/*
 * The kernel takes no batch by write(2) for devices of the first version, and therefore hides the
 * operation of these, also from those who have a portal: what they can do is then told by max_batch.
 */
static bool
may_batch(const struct dsa_queue *info, const struct idxd_wq *wq)
{
	if (info->max_batch < IDXD_BATCH_MIN)
		return false;
	if (info->version < 0x200)
		return wq->portal != NULL;
	return dmover_queue_allows(info, IDXD_OP_BATCH);
}

static unsigned
room_of(const struct dsa_queue *info)
{
	unsigned room = info->size;

	if (info->is_shared && info->threshold > 0 && info->threshold < room)
		room = info->threshold;
	return room < IDXD_TRANSFERS ? room : IDXD_TRANSFERS;
}

/* Opens what ->info says, and makes it live. */
static int
go_live(struct idxd_queue *queue, char *why, size_t len)
{
	struct idxd_mover *mover = queue->mover;
	const struct idxd_wq_plan plan = {
		.door = mover->door,
		.queue = &queue->info,
		.road = mover->args.road,
		.record = &queue->probe.record,
		.stats = &mover->stats,
	};
	const uint32_t kinds = kinds_of(&queue->info);
	int err;

	if (kinds == 0 || room_of(&queue->info) == 0 || queue->info.max_transfer == 0) {
		snprintf(why, len, "%s: allows nothing that is needed", queue->name);
		return -EOPNOTSUPP;
	}
	err = idxd_wq_open(&queue->wq, &plan, why, len);
	if (err < 0)
		return err;
	queue->is_open = true;
	atomic_store_explicit(&queue->road, idxd_wq_road(&queue->wq), memory_order_relaxed);
	queue->may_batch = may_batch(&queue->info, &queue->wq);
	queue->room = room_of(&queue->info);
	queue->strikes = 0;
	queue->full_since = 0;
	queue->doubt_at = 0;
	atomic_store_explicit(&queue->is_gone, false, memory_order_relaxed);
	queue->rest_until = 0;
	queue->opened = idxd_now();
	atomic_store_explicit(&queue->could, kinds, memory_order_relaxed);
	atomic_store_explicit(&queue->kinds, kinds, memory_order_release);
	return 0;
}

/* The queue as it is now, in QUEUES, which has room for QUEUES_MAX; NULL: it cannot be used. */
static const struct dsa_queue *
look_up(const struct idxd_queue *queue, struct dsa_queue *queues)
{
	const struct queues_roots roots = idxd_args_roots(&queue->mover->args);
	struct queues_lack lack;
	unsigned n = queue->mover->door->door_survey(&roots, queues, QUEUES_MAX, &lack);

	for (unsigned i = 0; i < n && i < QUEUES_MAX; i++)
		if (strcmp(queues[i].name, queue->name) == 0 && queues[i].is_usable)
			return &queues[i];
	return NULL;
}

/* The administrator may have made another one of it. */
static bool
survey_again(struct idxd_queue *queue)
{
	struct dsa_queue *queues = calloc(QUEUES_MAX, sizeof(*queues));
	const struct dsa_queue *info = queues != NULL ? look_up(queue, queues) : NULL;
	const bool is_usable = info != NULL;

	if (is_usable)
		queue->info = *info;
	free(queues);
	return is_usable;
}

/* The queue is the mover's, who sees what is found. */
static void
look_at(struct idxd_queue *queue)
{
	struct dsa_queue *queues = calloc(QUEUES_MAX, sizeof(*queues));

	if (queues == NULL)
		return; /* the mover asks again */
	atomic_store_explicit(
	    &queue->is_gone, look_up(queue, queues) == NULL, memory_order_relaxed);
	free(queues);
}

/* What writes no memory need not wait for the close: it leaves a record in the transfer's slot at most. */
static void
end_early(struct idxd_queue *queue)
{
	for (unsigned i = 0; i < queue->nflight; i++)
		if (!queue->flight[i]->dreq->dreq_func->dfn_has_output)
			idxd_mover_end_early(queue->mover, queue->flight[i]);
}

/* Closes the queue and ends what was under way in it. */
static void
clear(struct idxd_queue *queue)
{
	const uint64_t lived = idxd_now() - queue->opened;
	const unsigned n = queue->nflight;

	end_early(queue);
	idxd_wq_close(&queue->wq);
	queue->is_open = false;
	queue->entries = 0;
	queue->nflight = 0;
	queue->nbatches = 0;
	for (unsigned i = 0; i < IDXD_BATCHES; i++) {
		queue->batches[i].is_out = false;
		queue->batches[i].nmembers = 0;
	}
	for (unsigned i = 0; i < n; i++) {
		queue->flight[i]->batch = NULL;
		idxd_mover_end_by_cpu(queue->mover, queue->flight[i]);
	}
	if (lived > IDXD_BACKOFF_LAST)
		queue->backoff = IDXD_BACKOFF_FIRST;
}

/* False: the engine is closed. */
static bool
sleep_for(struct idxd_queue *queue, uint64_t ns)
{
	const struct timespec until = idxd_at(idxd_now() + ns);
	bool goes_on;
	int err = 0;

	pthread_mutex_lock(&queue->lock);
	while (!queue->is_stopping && err == 0)
		err = pthread_cond_timedwait(&queue->wake, &queue->lock, &until);
	goes_on = !queue->is_stopping;
	pthread_mutex_unlock(&queue->lock);
	return goes_on;
}

/* Tries again and again, less and less often.  False: the engine is closed. */
static bool
bring_back(struct idxd_queue *queue)
{
	char why[128];

	do {
		if (!sleep_for(queue, queue->backoff))
			return false;
		if (queue->backoff < IDXD_BACKOFF_LAST)
			queue->backoff *= 2;
	} while (!survey_again(queue) || go_live(queue, why, sizeof(why)) < 0);
	IDXD_COUNT(&queue->mover->stats, reopened, 1);
	return true;
}

/* Looks the queue up for the mover, as often as that is asked.  False: the engine is closed. */
static bool
wait_for_queue(struct idxd_queue *queue)
{
	bool is_mine;

	pthread_mutex_lock(&queue->lock);
	while (!queue->is_keepers && !queue->is_stopping) {
		if (!queue->is_doubted) {
			pthread_cond_wait(&queue->wake, &queue->lock);
			continue;
		}
		pthread_mutex_unlock(&queue->lock);
		look_at(queue);
		pthread_mutex_lock(&queue->lock);
		queue->is_doubted = false;
	}
	is_mine = queue->is_keepers;
	queue->is_keepers = false;
	queue->is_doubted = false;
	pthread_mutex_unlock(&queue->lock);
	return is_mine;
}

static void *
keeper_main(void *arg)
{
	struct idxd_queue *queue = arg;

	do {
		if (!wait_for_queue(queue))
			break;
		clear(queue);
	} while (bring_back(queue));
	return NULL;
}

/* The process's signals are for other threads, but those that an instruction here raises. */
static int
start_keeper(struct idxd_queue *queue)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = -pthread_create(&queue->keeper, NULL, keeper_main, queue);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static struct idxd_queue *
allocate(struct idxd_mover *mover, const struct dsa_queue *info)
{
	struct idxd_queue *queue = aligned_alloc(64, sizeof(*queue));
	pthread_condattr_t attr;

	if (queue == NULL)
		return NULL;
	/* Now the pages are there for the device. */
	memset(queue, 0, sizeof(*queue));
	queue->mover = mover;
	queue->info = *info;
	memcpy(queue->name, info->name, sizeof(queue->name));
	queue->backoff = IDXD_BACKOFF_FIRST;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->wake, &attr);
	pthread_condattr_destroy(&attr);
	return queue;
}

static void
release(struct idxd_queue *queue)
{
	/* What the probe left behind is over when the queue is closed. */
	if (queue->is_open)
		idxd_wq_close(&queue->wq);
	pthread_cond_destroy(&queue->wake);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

int
idxd_queue_create(struct idxd_mover *mover, const struct dsa_queue *info,
    struct idxd_queue **ret_queue, char *why, size_t len)
{
	struct idxd_queue *queue = allocate(mover, info);
	int err;

	if (queue == NULL) {
		snprintf(why, len, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	err = go_live(queue, why, len);
	if (err == 0) {
		err = start_keeper(queue);
		if (err < 0)
			snprintf(why, len, "no thread: %s", strerror(-err));
	}
	if (err < 0) {
		release(queue);
		return err;
	}
	*ret_queue = queue;
	return 0;
}

void
idxd_queue_destroy(struct idxd_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->is_stopping = true;
	pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
	pthread_join(queue->keeper, NULL);
	release(queue);
}
