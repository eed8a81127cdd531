/* SPDX-License-Identifier: BSD-2-Clause */
/* feed.c: which queue gets what is ready, and in how many descriptors. */
#include <errno.h>

#include "mover.h"
#include "wait.h"

/*
 * A queue that took nothing is asked again after a part of the time since which it takes nothing,
 * in these bounds: ENQCMD takes long to say no.  Since FULL_MOST, and the CPU does what could go
 * nowhere else.
 */
#define REST_PART  4
#define REST_LEAST UINT64_C(20000)
#define REST_MOST  (4 * IDXD_NS_PER_MS)
#define FULL_MOST  (1 * IDXD_NS_PER_MS)
/* A shared queue that is disabled looks like a full one: so long, and the keeper looks it up. */
#define DOUBT_FIRST (10 * IDXD_NS_PER_MS)
#define DOUBT_NEXT  (200 * IDXD_NS_PER_MS)

/* Small requests are not spread over more queues than this makes of them: each is a call. */
#define SHARE_LEAST 16u

/* Entries that are worth a submission now. */
static unsigned
free_entries(const struct idxd_mover *mover, const struct idxd_queue *queue)
{
	const unsigned n = queue->room - queue->entries;
	const unsigned nready = mover->ready.n + mover->held.n;
	unsigned worth = queue->room / 2;

	if (queue->rest_until > mover->fed)
		return 0;
	/* One by one, as places become free, costs a call for each. */
	if (worth > nready)
		worth = nready;
	return n >= worth ? n : 0;
}

static uint32_t
kind_of(const struct idxd_transfer *transfer)
{
	return DMOVER_F(transfer->dreq->dreq_func->dfn_kind);
}

/* Others fill it, and that is no matter of a moment. */
static bool
is_stuck(const struct idxd_queue *queue)
{
	return queue->entries == 0 && queue->full_since != 0 &&
	       queue->mover->now - queue->full_since >= FULL_MOST;
}

/* The queue for the transfer with the least under way.  NULL; *ret_wait: one should have room. */
static struct idxd_queue *
choose(struct idxd_mover *mover, const struct idxd_transfer *transfer, bool *ret_wait)
{
	struct idxd_queue *best = NULL;

	*ret_wait = false;
	for (unsigned i = 0; i < mover->nqueues; i++) {
		struct idxd_queue *queue = mover->queues[i];

		if ((atomic_load_explicit(&queue->kinds, memory_order_acquire) &
			kind_of(transfer)) == 0)
			continue;
		if (free_entries(mover, queue) == 0) {
			*ret_wait |= !is_stuck(queue);
			continue;
		}
		if (best == NULL || queue->nflight < best->nflight)
			best = queue;
	}
	return best;
}

/* What the queue gets of what is ready, so that the other queues have something, too. */
static unsigned
share_of(const struct idxd_mover *mover, const struct idxd_queue *queue)
{
	unsigned nopen = 0, n = free_entries(mover, queue), share;

	for (unsigned i = 0; i < mover->nqueues; i++)
		if (idxd_queue_is_live(mover->queues[i]) &&
		    free_entries(mover, mover->queues[i]) > 0)
			nopen++;
	share = nopen > 0 ? (mover->ready.n + nopen - 1) / nopen : 1;
	if (share < SHARE_LEAST && mover->ready.first->dreq->dreq_len <= IDXD_SMALL)
		share = SHARE_LEAST;
	if (queue->may_batch)
		n *= IDXD_BATCH_MAX;
	if (n > share)
		n = share;
	if (n > IDXD_SUBMIT_MAX)
		n = IDXD_SUBMIT_MAX;
	return n < IDXD_TRANSFERS - queue->nflight ? n : IDXD_TRANSFERS - queue->nflight;
}

/* Takes transfers for the queue from what is ready, at most N, and makes their descriptors. */
static unsigned
pick(struct idxd_queue *queue, struct idxd_transfer **transfers, unsigned n)
{
	const uint32_t kinds = atomic_load_explicit(&queue->kinds, memory_order_relaxed);
	struct idxd_list *ready = &queue->mover->ready;
	unsigned i = 0;

	while (i < n && ready->first != NULL && (kind_of(ready->first) & kinds) != 0) {
		transfers[i] = idxd_list_take(ready);
		idxd_transfer_prepare(transfers[i], &queue->info);
		i++;
	}
	return i;
}

/* They were not submitted, and what their descriptors say is still to be done. */
static void
put_back(struct idxd_queue *queue, struct idxd_transfer **transfers, unsigned n)
{
	while (n-- > 0) {
		transfers[n]->is_resumed = true;
		idxd_list_push(&queue->mover->ready, transfers[n]);
	}
}

static void
take_off(struct idxd_queue *queue, struct idxd_transfer *transfer, struct idxd_batch *batch)
{
	transfer->batch = batch;
	transfer->deadline = queue->mover->now + queue->mover->args.deadline_ns;
	queue->flight[queue->nflight++] = transfer;
	IDXD_COUNT(&queue->mover->stats, descriptors, 1);
}

/* The queue has taken nothing.  That is load, and no error, unless it is a queue no more. */
static void
is_full(struct idxd_queue *queue)
{
	const uint64_t now = queue->mover->now;
	uint64_t rest;

	IDXD_COUNT(&queue->mover->stats, full, 1);
	/* What is under way makes room, or is late. */
	if (queue->entries > 0 || queue->full_since == 0)
		queue->full_since = now;
	rest = (now - queue->full_since) / REST_PART;
	if (rest < REST_LEAST)
		rest = REST_LEAST;
	queue->rest_until = now + (rest < REST_MOST ? rest : REST_MOST);
	if (queue->doubt_at == 0)
		queue->doubt_at = now + DOUBT_FIRST;
	if (now < queue->doubt_at || !queue->info.is_shared)
		return;
	queue->doubt_at = now + DOUBT_NEXT;
	idxd_queue_doubt(queue);
}

/*
 * ANSWER is what idxd_wq_submit() said of N descriptors; those that it took are taken off.  The
 * queue may be gone after this.
 */
static void
heed(struct idxd_queue *queue, int answer, unsigned n)
{
	if (answer < 0 || answer > (int)n) {
		idxd_queue_quarantine(queue);
	} else if (answer > 0) {
		queue->full_since = 0;
		queue->doubt_at = 0;
	} else if (atomic_load_explicit(&queue->is_gone, memory_order_relaxed)) {
		idxd_queue_quarantine(queue);
	} else {
		is_full(queue);
	}
}

/* The first of DESCS, N of them, to the queue; deadlines count from after the call. */
static int
submit(struct idxd_queue *queue, const struct idxd_desc *descs, unsigned n)
{
	const int answer = idxd_wq_submit(&queue->wq, descs, n);

	queue->mover->now = idxd_now();
	return answer;
}

static void
send_singly(struct idxd_queue *queue, struct idxd_transfer **transfers, unsigned n)
{
	struct idxd_desc descs[IDXD_SUBMIT_MAX];
	unsigned taken;
	int answer;

	for (unsigned i = 0; i < n; i++)
		descs[i] = transfers[i]->slot->desc;
	answer = submit(queue, descs, n);
	for (taken = 0; taken < n && answer > (int)taken; taken++) {
		take_off(queue, transfers[taken], /* batch= */ NULL);
		queue->entries++;
	}
	put_back(queue, transfers + taken, n - taken);
	heed(queue, answer, n);
}

static struct idxd_batch *
spare_batch(struct idxd_queue *queue)
{
	for (unsigned i = 0; i < IDXD_BATCHES; i++)
		if (!queue->batches[i].is_out && queue->batches[i].nmembers == 0)
			return &queue->batches[i];
	return NULL;
}

static void
send_batch(struct idxd_queue *queue, struct idxd_transfer **transfers, unsigned n,
    struct idxd_batch *batch)
{
	int answer;

	for (unsigned i = 0; i < n; i++)
		batch->list[i] = transfers[i]->slot->desc;
	idxd_desc_batch(&batch->slot.desc, batch->list, n, &batch->slot.record);
	idxd_record_clear(&batch->slot.record);
	answer = submit(queue, &batch->slot.desc, 1);
	if (answer <= 0) {
		put_back(queue, transfers, n);
		if (answer == -EINVAL)
			queue->may_batch = false; /* the kernel lets none through */
		else
			heed(queue, answer, 1);
		return;
	}
	IDXD_COUNT(&queue->mover->stats, batches, 1);
	batch->is_out = true;
	batch->nmembers = n;
	queue->nbatches++;
	batch->deadline = queue->mover->now + queue->mover->args.deadline_ns;
	queue->entries++;
	for (unsigned i = 0; i < n; i++)
		take_off(queue, transfers[i], batch);
	heed(queue, answer, 1);
}

/* How many of the first ones may go as one batch. */
static unsigned
batch_len(const struct idxd_queue *queue, struct idxd_transfer *const *transfers, unsigned n)
{
	unsigned most =
	    queue->info.max_batch < IDXD_BATCH_MAX ? queue->info.max_batch : IDXD_BATCH_MAX;
	unsigned len = 0;

	while (len < n && len < most && !transfers[len]->is_alone &&
	       transfers[len]->slot->desc.size <= IDXD_SMALL)
		len++;
	return queue->may_batch && len >= IDXD_BATCH_MIN ? len : 0;
}

/* Sends some of what is ready to the queue. */
static void
send(struct idxd_queue *queue)
{
	struct idxd_transfer *transfers[IDXD_SUBMIT_MAX];
	const unsigned entries = free_entries(queue->mover, queue);
	unsigned n = pick(queue, transfers, share_of(queue->mover, queue));
	const unsigned len = batch_len(queue, transfers, n);
	struct idxd_batch *batch = len > 0 ? spare_batch(queue) : NULL;
	unsigned first = batch != NULL ? len : n < entries ? n : entries;

	/* A batch behind this is left for the next turn. */
	put_back(queue, transfers + first, n - first);
	if (batch != NULL)
		send_batch(queue, transfers, first, batch);
	else
		send_singly(queue, transfers, first);
}

/* What was held comes before what is ready still. */
static void
release_held(struct idxd_mover *mover)
{
	idxd_list_join(&mover->held, &mover->ready);
	idxd_list_join(&mover->ready, &mover->held);
}

bool
idxd_mover_feed(struct idxd_mover *mover)
{
	struct idxd_transfer *transfer;
	uint32_t held = 0; /* those of a kind keep their order */
	bool may_wait, is_ended = false;

	/* No queue says twice in a turn that it is full. */
	mover->fed = mover->now;
	while (!is_ended && (transfer = mover->ready.first) != NULL) {
		struct idxd_queue *queue = NULL;

		may_wait = (held & kind_of(transfer)) != 0;
		if (!may_wait)
			queue = choose(mover, transfer, &may_wait);
		if (queue != NULL) {
			send(queue);
		} else if (may_wait) {
			held |= kind_of(transfer);
			idxd_list_put(&mover->held, idxd_list_take(&mover->ready));
		} else {
			/* One at a time: meanwhile records may have come, and room. */
			idxd_mover_end_by_cpu(mover, idxd_list_take(&mover->ready));
			is_ended = true;
		}
	}
	release_held(mover);
	return is_ended;
}
