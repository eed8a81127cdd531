/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.c: one request inside this engine, and what of it has not been begun. */
#include "transfer.h"

#include <errno.h>
#include <string.h>

#include "piece.h"
#include "span.h"

/* Spans shorter than this on average cost more here, one by one, than vectored calls do. */
#define SPAN_MIN 4096u

void
uring_queue_init(struct uring_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

void
uring_queue_put(struct uring_queue *queue, struct uring_transfer *transfer)
{
	transfer->next = NULL;
	*queue->end = transfer;
	queue->end = &transfer->next;
}

struct uring_transfer *
uring_queue_take(struct uring_queue *queue)
{
	struct uring_transfer *transfer = queue->first;

	if (transfer != NULL)
		uring_queue_remove(queue, transfer);
	return transfer;
}

void
uring_queue_remove(struct uring_queue *queue, struct uring_transfer *transfer)
{
	struct uring_transfer **link = &queue->first;

	while (*link != transfer)
		link = &(*link)->next;
	*link = transfer->next;
	if (*link == NULL)
		queue->end = link;
}

/* The inputs of a request, then its output; NULL behind the last one. */
static const struct dmover_buffer *
buffer_at(const struct dmover_request *dreq, unsigned i)
{
	const struct dmover_function *func = dreq->dreq_func;

	if (i < func->dfn_ninputs)
		return &dreq->dreq_in[i];
	return i == func->dfn_ninputs && func->dfn_has_output ? &dreq->dreq_out : NULL;
}

bool
uring_transfer_has_uio(const struct dmover_request *dreq)
{
	const struct dmover_buffer *buffer;

	for (unsigned i = 0; (buffer = buffer_at(dreq, i)) != NULL; i++)
		if (buffer->buf_type == DMOVER_BUF_UIO)
			return true;
	return false;
}

static bool
has_file(const struct dmover_uio *uio)
{
	const struct dmover_space_ops *ops = uio->uio_space->spc_ops;

	return ops->spo_file != NULL && ops->spo_allowed != NULL &&
	       ops->spo_file(uio->uio_space) >= 0;
}

/* Every uio has a file and holds what the request says, in spans that are worth it. */
static bool
is_suitable(const struct dmover_request *dreq)
{
	const size_t most = dreq->dreq_len / SPAN_MIN;
	const struct dmover_buffer *buffer;
	size_t nspans = 0, nuios = 0;

	for (unsigned i = 0; (buffer = buffer_at(dreq, i)) != NULL; i++) {
		if (buffer->buf_type != DMOVER_BUF_UIO)
			continue;
		if (!has_file(&buffer->buf_uio) || buffer->buf_uio.uio_resid < dreq->dreq_len)
			return false;
		nspans += uring_span_count(&buffer->buf_uio, dreq->dreq_len, UINT32_MAX);
		nuios++;
	}
	return nspans <= URING_OPS || nspans / nuios <= most;
}

/*
 * True when the output may have an address in common with an input.  What fails here is done again
 * from the inputs, which must still be there then.
 */
static bool
is_overlapping(const struct uring_transfer *transfer)
{
	const struct dmover_function *func = transfer->dreq->dreq_func;

	if (transfer->out.buf_type != DMOVER_BUF_UIO)
		return false;
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		if (transfer->in[i].buf_type == DMOVER_BUF_UIO &&
		    uring_span_meet(&transfer->in[i].buf_uio, &transfer->out.buf_uio))
			return true;
	return false;
}

/* A copy of FROM that holds LEN bytes. */
static struct dmover_buffer
first_of(const struct dmover_buffer *from, size_t len)
{
	struct dmover_buffer buffer = *from;

	if (buffer.buf_type == DMOVER_BUF_UIO)
		buffer.buf_uio.uio_resid = len;
	return buffer;
}

int
uring_transfer_init(struct uring_transfer *transfer, struct dmover_request *dreq)
{
	const struct dmover_function *func = dreq->dreq_func;

	if (!is_suitable(dreq))
		return -EOPNOTSUPP;
	*transfer = (struct uring_transfer){ .dreq = dreq, .left = dreq->dreq_len };
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		transfer->in[i] = first_of(&dreq->dreq_in[i], dreq->dreq_len);
	if (func->dfn_has_output)
		transfer->out = first_of(&dreq->dreq_out, dreq->dreq_len);
	return is_overlapping(transfer) ? -EOPNOTSUPP : 0;
}

int
uring_transfer_allowed(const struct uring_transfer *transfer)
{
	const struct dmover_function *func = transfer->dreq->dreq_func;
	int err = 0;

	for (unsigned i = 0; i < func->dfn_ninputs && err == 0; i++)
		if (transfer->in[i].buf_type == DMOVER_BUF_UIO)
			err = uring_span_allowed(&transfer->in[i].buf_uio, /* is_write= */ false);
	if (err == 0 && transfer->out.buf_type == DMOVER_BUF_UIO)
		err = uring_span_allowed(&transfer->out.buf_uio, /* is_write= */ true);
	return err;
}

/* The caller's memory is what failed: nobody else could do better. */
static bool
is_answer(int err)
{
	return err == -EFAULT || err == -ESRCH;
}

void
uring_transfer_fail(struct uring_transfer *transfer, int err)
{
	if (transfer->error == 0 || (is_answer(err) && !is_answer(transfer->error)))
		transfer->error = err;
}

bool
uring_transfer_is_over(const struct uring_transfer *transfer)
{
	return transfer->npieces == 0 && (transfer->left == 0 || transfer->error != 0);
}

struct dmover_request *
uring_transfer_conclude(const struct uring_transfer *transfer)
{
	struct dmover_request *dreq = transfer->dreq;

	dreq->dreq_error = transfer->error;
	if (is_answer(transfer->error))
		dreq->dreq_error_final = true;
	if (transfer->error == 0 && dreq->dreq_func->dfn_join != NULL)
		memcpy(dreq->dreq_result, transfer->result, sizeof(dreq->dreq_result));
	return dreq;
}
