/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.c: what is under way in a live queue, and what becomes of it. */
#include "queue.h"

#include "mover.h"
#include "wait.h"

/* Takes number I of those under way out. */
static struct idxd_transfer *
take_flight(struct idxd_queue *queue, unsigned i)
{
	struct idxd_transfer *transfer = queue->flight[i];

	queue->flight[i] = queue->flight[--queue->nflight];
	if (transfer->batch == NULL)
		queue->entries--;
	else
		transfer->batch->nmembers--;
	transfer->batch = NULL;
	return transfer;
}

void
idxd_queue_quarantine(struct idxd_queue *queue)
{
	atomic_store_explicit(&queue->kinds, 0, memory_order_relaxed);
	/* Who sees the count sees a queue that is not live; who sees a request end sees the count. */
	atomic_fetch_add_explicit(&queue->mover->stats.quarantines, 1, memory_order_release);
	pthread_mutex_lock(&queue->lock);
	queue->is_keepers = true;
	pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
}

void
idxd_queue_doubt(struct idxd_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->is_doubted = true;
	pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
}

bool
idxd_queue_strike(struct idxd_queue *queue)
{
	queue->good = 0;
	if (++queue->strikes < IDXD_STRIKES)
		return false;
	idxd_queue_quarantine(queue);
	return true;
}

static void
praise(struct idxd_queue *queue)
{
	if (queue->strikes > 0 && ++queue->good >= IDXD_GOOD) {
		queue->good = 0;
		queue->strikes--;
	}
}

/* The transfer has another descriptor. */
static void
go_on(struct idxd_queue *queue, struct idxd_transfer *transfer, const struct idxd_outcome *outcome)
{
	if (outcome->status == IDXD_ST_FAULT) {
		IDXD_COUNT(&queue->mover->stats, faults, 1);
		idxd_transfer_touch(transfer, outcome->is_write);
	}
	idxd_list_push(&queue->mover->ready, transfer);
}

/* The record of TRANSFER, which is under way no more, has come.  False: the queue is gone. */
static bool
record_is_back(struct idxd_queue *queue, struct idxd_transfer *transfer)
{
	struct idxd_mover *mover = queue->mover;
	struct idxd_outcome outcome;

	idxd_record_read((const uint8_t *)&transfer->slot->record, &outcome);
	switch (idxd_transfer_back(transfer, &outcome)) {
	case IDXD_DONE:
		praise(queue);
		idxd_transfer_conclude(transfer);
		idxd_mover_end(mover, transfer);
		return true;
	case IDXD_AGAIN:
		go_on(queue, transfer, &outcome);
		return true;
	case IDXD_CPU:
		idxd_mover_end_by_cpu(mover, transfer);
		return true;
	default:
		IDXD_COUNT(&mover->stats, bad, 1);
		idxd_mover_end_by_cpu(mover, transfer);
		return !idxd_queue_strike(queue);
	}
}

/* The batch was not begun, or not ended: its members that have no record go alone. */
static void
dissolve(struct idxd_queue *queue, const struct idxd_batch *batch)
{
	for (unsigned i = 0; i < queue->nflight;) {
		struct idxd_transfer *transfer = queue->flight[i];

		if (transfer->batch != batch || idxd_record_is_there(&transfer->slot->record)) {
			i++;
			continue;
		}
		take_flight(queue, i);
		transfer->is_alone = true;
		/* It may have been done all the same, and its record lost: an XOR begins anew. */
		transfer->is_resumed = false;
		transfer->stage = 0;
		idxd_list_push(&queue->mover->ready, transfer);
	}
}

/* The device says that it has not begun the batch, or where it stopped: the rest is not under way. */
static bool
has_stopped(uint8_t status)
{
	return status == IDXD_ST_BATCH_FAULT ||
	       (status >= IDXD_ST_INVALID_FIRST && status <= IDXD_ST_INVALID_LAST);
}

/* The record of the batch itself, which comes after those of its members.  False: as above. */
static bool
batch_is_back(struct idxd_queue *queue, struct idxd_batch *batch)
{
	struct idxd_outcome outcome;

	idxd_record_read((const uint8_t *)&batch->slot.record, &outcome);
	batch->is_out = false;
	queue->nbatches--;
	queue->entries--;
	if (outcome.status == IDXD_ST_SUCCESS || outcome.status == IDXD_ST_BATCH_FAIL)
		return true; /* each member says what became of it */
	if (outcome.status != IDXD_ST_BATCH_FAULT)
		IDXD_COUNT(&queue->mover->stats, bad, 1);
	if (!has_stopped(outcome.status)) {
		/* Its members may be done yet, so nobody else may have their records. */
		idxd_queue_quarantine(queue);
		return false;
	}
	dissolve(queue, batch);
	if (outcome.status == IDXD_ST_BATCH_FAULT)
		return true;
	queue->may_batch = false;
	return !idxd_queue_strike(queue);
}

unsigned
idxd_queue_poll(struct idxd_queue *queue)
{
	unsigned n = 0;

	for (unsigned i = 0; i < queue->nflight;) {
		if (!idxd_record_is_there(&queue->flight[i]->slot->record)) {
			i++;
			continue;
		}
		n++;
		if (!record_is_back(queue, take_flight(queue, i)))
			return n;
	}
	for (unsigned i = 0; queue->nbatches > 0 && i < IDXD_BATCHES; i++) {
		struct idxd_batch *batch = &queue->batches[i];

		if (!batch->is_out || !idxd_record_is_there(&batch->slot.record))
			continue;
		n++;
		if (!batch_is_back(queue, batch))
			return n;
	}
	return n;
}

void
idxd_queue_look_for_late(struct idxd_queue *queue, uint64_t now)
{
	unsigned nlate = 0;

	for (unsigned i = 0; i < queue->nflight; i++)
		if (now > queue->flight[i]->deadline)
			nlate++;
	for (unsigned i = 0; queue->nbatches > 0 && i < IDXD_BATCHES; i++)
		if (queue->batches[i].is_out && now > queue->batches[i].deadline)
			nlate++;
	if (nlate == 0)
		return;
	IDXD_COUNT(&queue->mover->stats, late, nlate);
	idxd_queue_quarantine(queue);
}
