/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * piece.c: a part of a transfer that is being moved, and the memory that it goes through.
 *
 * First the inputs are read, all spans at once; then the CPU computes, unless the bytes are only
 * moved; then the output is written.  A WRITE linked to its READ would spare a turn of the mover's
 * thread, but was no faster once four pieces were at work (0.91 to 1.05 of it); and the kernel may
 * take one half of a link and leave the other half for the next time, when it would write what was
 * never read.  Neither did registered memory or files make a difference: the kernel moves the
 * bytes of such a file through a page of its own.
 */
#include "piece.h"

#include <errno.h>
#include <string.h>

#include "span.h"

#define PAGE 4096u

static void
computed(struct dmover_request *dreq)
{
	sem_post(dreq->dreq_arg);
}

void
uring_piece_init(struct uring_piece *piece, struct uring_ring *ring, const struct uring_cpu *cpu,
    uint8_t *memory)
{
	*piece = (struct uring_piece){ .ring = ring, .cpu = cpu, .memory = memory };
	piece->dreq.dreq_in = piece->in;
	piece->dreq.dreq_done = computed;
	piece->dreq.dreq_arg = &piece->computed;
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++)
		piece->in[i].buf_type = DMOVER_BUF_LINEAR;
	for (unsigned i = 0; i < URING_OPS; i++)
		piece->ops[i].owner = piece;
	sem_init(&piece->computed, /* pshared= */ 0, 0);
}

void
uring_piece_fini(struct uring_piece *piece)
{
	sem_destroy(&piece->computed);
}

static bool
is_inplace(const struct uring_piece *piece)
{
	return (piece->cpu->engine->eng_flags & DMOVER_ENGINE_INPLACE) != 0;
}

/* Most bytes of each buffer that fit into the memory. */
static size_t
stride(const struct uring_piece *piece, const struct dmover_function *func)
{
	size_t nplaces = func->dfn_ninputs;
	size_t each;

	if (nplaces == 0 || (func->dfn_has_output && !is_inplace(piece)))
		nplaces++;
	each = URING_MEMORY / nplaces & ~(size_t)(PAGE - 1);
	return each < URING_PIECE ? each : URING_PIECE;
}

/* The transfer's uios, one after the other; NULL behind the last one. */
static struct dmover_uio *
next_uio(struct uring_transfer *transfer, unsigned *i)
{
	while (*i <= DMOVER_INPUTS_MAX) {
		struct dmover_buffer *buffer =
		    *i < DMOVER_INPUTS_MAX ? &transfer->in[*i] : &transfer->out;

		++*i;
		if (buffer->buf_type == DMOVER_BUF_UIO)
			return &buffer->buf_uio;
	}
	return NULL;
}

/* How many of the next LEN bytes have no more spans than there are operations. */
static size_t
window(struct uring_transfer *transfer, size_t len)
{
	unsigned nspans = 0, nuios = 0;
	const struct dmover_uio *uio;

	if (len > transfer->left)
		len = transfer->left;
	for (unsigned i = 0; (uio = next_uio(transfer, &i)) != NULL; nuios++)
		nspans += uring_span_count(uio, len, URING_OPS + 1);
	if (nspans <= URING_OPS)
		return len;
	for (unsigned i = 0; (uio = next_uio(transfer, &i)) != NULL;)
		len = uring_span_reach(uio, len, URING_OPS / nuios);
	return len;
}

/* Says where the bytes of each buffer are while the piece has them. */
static void
place(struct uring_piece *piece, size_t step)
{
	const struct uring_transfer *transfer = piece->transfer;
	const struct dmover_function *func = piece->dreq.dreq_func;
	struct dmover_buffer *out = &piece->dreq.dreq_out;
	uint8_t *at = piece->memory;

	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		if (transfer->in[i].buf_type == DMOVER_BUF_LINEAR) {
			piece->in[i].buf_linear = transfer->in[i].buf_linear;
			continue;
		}
		piece->in[i].buf_linear = at;
		at += step;
	}
	out->buf_type = func->dfn_has_output ? DMOVER_BUF_LINEAR : DMOVER_BUF_NONE;
	if (!func->dfn_has_output)
		return;
	if (transfer->out.buf_type == DMOVER_BUF_LINEAR)
		out->buf_linear = transfer->out.buf_linear;
	else if (func->dfn_ninputs > 0 && transfer->in[0].buf_type == DMOVER_BUF_UIO &&
		 is_inplace(piece))
		out->buf_linear = piece->in[0].buf_linear;
	else
		out->buf_linear = at;
	if (func->dfn_kind != DMOVER_KIND_COPY)
		return;
	/* A copy is in one place only. */
	if (transfer->out.buf_type == DMOVER_BUF_LINEAR)
		piece->in[0].buf_linear = out->buf_linear;
	else
		out->buf_linear = piece->in[0].buf_linear;
}

/* Takes the next bytes of the buffer; LOCAL is where they are while the piece has them. */
static void
take(struct uring_piece *piece, struct dmover_buffer *buffer, uint8_t *local, bool is_write)
{
	size_t left = piece->dreq.dreq_len;
	struct dmover_uio *uio = &buffer->buf_uio;

	if (buffer->buf_type == DMOVER_BUF_LINEAR)
		buffer->buf_linear += left;
	if (buffer->buf_type != DMOVER_BUF_UIO)
		return;
	while (left > 0) {
		struct uring_op *op = &piece->ops[piece->nops++];

		op->fd = uio->uio_space->spc_ops->spo_file(uio->uio_space);
		op->is_write = is_write;
		op->local = local;
		op->len = uring_span_next(uio, left, &op->addr);
		op->res = 0;
		local += op->len;
		left -= op->len;
	}
}

/* True when the memory holds what is asked for, from the piece before. */
static bool
is_made(const struct uring_piece *piece, const struct dmover_request *dreq, size_t len)
{
	return piece->is_uniform && piece->dreq.dreq_func == dreq->dreq_func &&
	       piece->dreq.dreq_len >= len &&
	       memcmp(piece->dreq.dreq_immediate, dreq->dreq_immediate, DMOVER_IMMEDIATE_LEN) == 0;
}

void
uring_piece_aim(struct uring_piece *piece, struct uring_transfer *transfer)
{
	struct dmover_request *dreq = &piece->dreq;
	const struct dmover_function *func = transfer->dreq->dreq_func;
	const size_t step = stride(piece, func);
	const size_t len = window(transfer, step);

	piece->is_uniform = is_made(piece, transfer->dreq, len);
	piece->transfer = transfer;
	piece->is_first = transfer->left == transfer->dreq->dreq_len;
	piece->phase = URING_READING;
	piece->nops = 0;
	dreq->dreq_func = func;
	dreq->dreq_len = len;
	place(piece, step);
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		take(piece, &transfer->in[i], piece->in[i].buf_linear, /* is_write= */ false);
	piece->nreads = piece->nops;
	take(piece, &transfer->out, dreq->dreq_out.buf_linear, /* is_write= */ true);
	transfer->left -= len;
	transfer->npieces++;
	piece->behind = transfer->left;
}

/* Queues what is left of the operations from FIRST up to END.  1; 0: nothing is; or an error. */
static int
move(struct uring_piece *piece, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (piece->ops[i].res < 0)
			return piece->ops[i].res;
	for (unsigned i = first; i < end; i++) {
		if (piece->ops[i].len == 0)
			continue;
		uring_ring_move(piece->ring, &piece->ops[i]);
		piece->naway++;
	}
	return piece->naway > 0 ? 1 : 0;
}

static int
compute(struct uring_piece *piece)
{
	struct uring_transfer *transfer = piece->transfer;
	const struct dmover_function *func = piece->dreq.dreq_func;
	int err;

	if (func->dfn_kind == DMOVER_KIND_COPY || piece->is_uniform)
		return 0;
	memcpy(piece->dreq.dreq_immediate, transfer->dreq->dreq_immediate, DMOVER_IMMEDIATE_LEN);
	if (func->dfn_join != NULL && !piece->is_first)
		memset(piece->dreq.dreq_immediate, 0, DMOVER_IMMEDIATE_LEN);
	err = piece->cpu->engine->eng_submit(piece->cpu->state, &piece->dreq);
	if (err == 0) {
		/* The CPU's engines are done by now, but nothing promises it. */
		while (sem_wait(&piece->computed) != 0)
			continue;
		err = piece->dreq.dreq_error;
	}
	if (err != 0)
		return -EIO;
	if (func->dfn_join != NULL)
		func->dfn_join(transfer->result, piece->dreq.dreq_result, piece->behind);
	piece->is_uniform = func->dfn_uniform;
	return 0;
}

int
uring_piece_go(struct uring_piece *piece)
{
	struct uring_transfer *transfer = piece->transfer;
	int err;

	if (transfer->error != 0)
		return transfer->error;
	if (piece->phase == URING_READING) {
		err = move(piece, 0, piece->nreads);
		if (err != 0)
			return err;
		piece->phase = URING_COMPUTING;
	}
	if (piece->phase == URING_COMPUTING) {
		err = compute(piece);
		if (err != 0)
			return err;
		piece->phase = URING_WRITING;
	}
	return move(piece, piece->nreads, piece->nops);
}

/*
 * mem_rw() of the kernel's fs/proc/base.c: EIO when the first byte is not accessible, 0 when the
 * address space is gone, fewer bytes when a later one is not.  EFAULT would be our own memory.
 * (The 0 of a WRITE comes as EAGAIN, by io_write() of io_uring/rw.c.  That is no answer for the
 * caller, since others may mean it, too: the CPU finds out.)
 */
static int
error_of(int res)
{
	if (res == 0)
		return -ESRCH;
	if (res == -EFAULT)
		return -EIO;
	return res == -EIO ? -EFAULT : res;
}

bool
uring_piece_back(struct uring_piece *piece, struct uring_op *op)
{
	if (op->res > 0) {
		op->local += op->res;
		op->addr += (uint64_t)op->res;
		op->len -= (size_t)op->res;
	} else {
		op->res = error_of(op->res);
	}
	return --piece->naway == 0;
}

void
uring_piece_cancel(struct uring_piece *piece)
{
	for (unsigned i = 0; i < piece->nops; i++)
		if (piece->ops[i].is_away)
			uring_ring_cancel(piece->ring, &piece->ops[i]);
}
