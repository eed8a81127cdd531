/* SPDX-License-Identifier: BSD-2-Clause */
/* chunk.c: the bytes of a posted request that a runner has claimed. */
#include "core/chunk.h"

#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/uio.h"

/* A uniform output is made once in this much memory, and scattered from there again and again. */
#define UNIFORM_BLOCK ((size_t)16 << 10)

/*
 * Runners claim what one table of the caller's pages describes, and do it chunk by chunk.  The
 * kernel has a lock for each such table: two runners within one wait for each other.  In the end
 * they claim their parts of what is left, because all are to end together.  But where input and
 * output meet, a request that one chunk can hold is one chunk: it is read before it is written.
 */
#define SPAN_TABLE ((size_t)2 << 20)

#define PAGE ((size_t)4096)

/* Who begins does so with short chunks: until the caller waits its memory is dear to reach. */
#define CHUNK_FIRST ((size_t)128 << 10)

/* Most bytes of each buffer that an arena takes.  What an engine with UIO fails is staged. */
static size_t
len_max(const struct dmover_stage *stage, const struct dmover_function *func, unsigned lane)
{
	unsigned buffers = func->dfn_ninputs;

	if (func->dfn_uniform)
		return STAGE_ARENA;
	if (func->dfn_has_output && !dmover_dispatch_is_inplace(stage->dispatch, lane))
		buffers++;
	return STAGE_ARENA / buffers & ~(PAGE - 1);
}

/* Where the next byte to claim lies in the caller's memory. */
static uintptr_t
address_of(const struct dmover_request *req)
{
	const struct dmover_buffer *buffer =
	    req->dreq_func->dfn_has_output ? &req->dreq_out : &req->dreq_in[0];

	return (uintptr_t)buffer->buf_uio.uio_iov->iov_base + buffer->buf_uio.uio_skip;
}

/* Locked. */
static size_t
next_span(const struct dmover_entry *entry, size_t max)
{
	size_t left = entry->ent_req.dreq_len;
	size_t share = left / (entry->ent_want > 0 ? entry->ent_want : 1);
	uintptr_t from = address_of(&entry->ent_req);
	size_t part = SPAN_TABLE - from % SPAN_TABLE;

	if (entry->ent_overlaps)
		return max < left ? max : left;
	if (share < DISPATCH_CHUNK_LEAST)
		share = DISPATCH_CHUNK_LEAST;
	if (part < DISPATCH_CHUNK_LEAST)
		part += SPAN_TABLE;
	if (part > share)
		part = share - (from + share) % PAGE;
	return part < left ? part : left;
}

/* Locked.  Copies the positions of the next bytes, and passes them. */
static void
take(struct dmover_chunk *chunk, struct dmover_entry *entry, size_t span)
{
	struct dmover_request *req = &entry->ent_req;

	chunk->is_first = req->dreq_len == entry->ent_len;
	if (chunk->is_first) /* until now it is that of no bytes at all */
		memset(req->dreq_result, 0, sizeof(req->dreq_result));
	for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++) {
		chunk->in[i] = req->dreq_in[i].buf_uio;
		dmover_uio_advance(&req->dreq_in[i].buf_uio, span);
	}
	if (req->dreq_func->dfn_has_output) {
		chunk->out = req->dreq_out.buf_uio;
		dmover_uio_advance(&req->dreq_out.buf_uio, span);
	}
	req->dreq_len -= span; /* what is left to claim */
	chunk->span = span;
	chunk->after = req->dreq_len;
}

/* On to the rest of the span. */
static void
pass(struct dmover_chunk *chunk, const struct dmover_function *func)
{
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		dmover_uio_advance(&chunk->in[i], chunk->len);
	if (func->dfn_has_output)
		dmover_uio_advance(&chunk->out, chunk->len);
	chunk->span -= chunk->len;
	chunk->is_first = false;
}

/* The first bytes of the span. */
static void
cut(struct dmover_chunk *chunk, const struct dmover_entry *entry, size_t max)
{
	const struct dmover_function *func = entry->ent_req.dreq_func;
	size_t begun = entry->ent_len - chunk->after - chunk->span;
	size_t most = (CHUNK_FIRST + begun / 2) & ~(PAGE - 1);

	if (max > most && !entry->ent_overlaps)
		max = most;
	chunk->len = chunk->span < max ? chunk->span : max;
	chunk->behind = chunk->after + chunk->span - chunk->len;
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		chunk->in[i].uio_resid = chunk->len;
	if (func->dfn_has_output)
		chunk->out.uio_resid = chunk->len;
	chunk->access_ns = 0;
}

bool
dmover_chunk_claim(struct dmover_chunk *chunk, struct dmover_stage *stage,
    struct dmover_entry *entry, unsigned lane)
{
	struct dmover_request *req = &entry->ent_req;
	size_t max = len_max(stage, req->dreq_func, lane);
	bool is_good;

	pthread_mutex_lock(&entry->ent_lock);
	if (req->dreq_error == 0 && atomic_load(&entry->ent_batch->bat_session->ses_is_closing)) {
		STATS_ADD(stage->stats->st_dropped, 1);
		req->dreq_error = -EINTR;
	}
	is_good = req->dreq_error == 0;
	if (is_good && chunk->span > chunk->len)
		pass(chunk, req->dreq_func);
	else if (is_good && req->dreq_len > 0)
		take(chunk, entry, next_span(entry, max));
	else
		is_good = false;
	pthread_mutex_unlock(&entry->ent_lock);
	if (is_good)
		cut(chunk, entry, max);
	return is_good;
}

/* A slot for LEN bytes of the chunk, without buffers; who is told when it is done stays. */
static void
slot_begin(struct dmover_chunk *chunk, struct dmover_entry *entry, size_t len)
{
	struct dmover_request *req = &chunk->slot.req;
	void (*done)(struct dmover_request * dreq) = req->dreq_done;
	void *arg = req->dreq_arg;

	dmover_slot_init(&chunk->slot, /* arena= */ NULL, entry, len);
	req->dreq_done = done;
	req->dreq_arg = arg;
	/* Only the first piece of an input goes on from the caller's result. */
	if (req->dreq_func->dfn_join != NULL && !chunk->is_first)
		memset(req->dreq_immediate, 0, DMOVER_IMMEDIATE_LEN);
}

void
dmover_chunk_aim(
    struct dmover_chunk *chunk, struct dmover_entry *entry, struct stage_arena *arena, bool shares)
{
	const struct dmover_function *func = entry->ent_req.dreq_func;
	struct stage_slot *slot = &chunk->slot;
	size_t len = chunk->len;
	uint8_t *at = arena->memory;

	if (func->dfn_uniform && len > UNIFORM_BLOCK)
		len = UNIFORM_BLOCK;
	slot_begin(chunk, entry, len);
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		slot->in[i].buf_type = DMOVER_BUF_LINEAR;
		slot->in[i].buf_linear = at;
		at += stage_aligned(len);
	}
	if (func->dfn_has_output) {
		slot->req.dreq_out.buf_type = DMOVER_BUF_LINEAR;
		slot->req.dreq_out.buf_linear =
		    shares && func->dfn_ninputs > 0 ? arena->memory : at;
	}
	chunk->is_uio = false;
}

void
dmover_chunk_aim_uio(struct dmover_chunk *chunk, struct dmover_entry *entry)
{
	const struct dmover_function *func = entry->ent_req.dreq_func;
	struct stage_slot *slot = &chunk->slot;

	slot_begin(chunk, entry, chunk->len);
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		slot->in[i].buf_type = DMOVER_BUF_UIO;
		slot->in[i].buf_uio = chunk->in[i];
	}
	if (func->dfn_has_output) {
		slot->req.dreq_out.buf_type = DMOVER_BUF_UIO;
		slot->req.dreq_out.buf_uio = chunk->out;
	}
	chunk->is_uio = true;
}

int
dmover_chunk_gather(struct dmover_chunk *chunk)
{
	int64_t start = dmover_now();
	int err = 0;

	for (unsigned i = 0; i < chunk->slot.req.dreq_func->dfn_ninputs && err == 0; i++) {
		struct dmover_uio uio = chunk->in[i];

		err = dmover_uiomove(chunk->slot.in[i].buf_linear, chunk->len, &uio);
	}
	chunk->access_ns += dmover_now() - start;
	return err;
}

/* Scatters a block of BLOCK bytes, again and again. */
static int
scatter_uniform(struct stage_arena *arena, size_t block, struct dmover_uio *uio)
{
	struct dmover_space *space = uio->uio_space;

	while (uio->uio_resid > 0) {
		unsigned pieces, n = 0;
		size_t want = dmover_uio_window(
		    uio, uio->uio_resid, arena->remote, DMOVER_UIO_PIECES, &pieces);
		ssize_t done;

		for (size_t left = want; left > 0; n++) {
			size_t part = left < block ? left : block;

			arena->local[n] = (struct iovec){ arena->memory, part };
			left -= part;
		}
		done = space->spc_ops->spo_writev(space, arena->local, n, arena->remote, pieces);
		if (done != (ssize_t)want)
			return done < 0 ? (int)done : -EFAULT;
		dmover_uio_advance(uio, want);
	}
	return 0;
}

int
dmover_chunk_scatter(struct dmover_chunk *chunk, struct stage_arena *arena)
{
	const struct dmover_request *req = &chunk->slot.req;
	struct dmover_uio out = chunk->out;
	int64_t start = dmover_now();
	int err = 0;

	if (req->dreq_func->dfn_uniform)
		err = scatter_uniform(arena, req->dreq_len, &out);
	else if (req->dreq_func->dfn_has_output)
		err = dmover_uiomove(req->dreq_out.buf_linear, req->dreq_len, &out);
	chunk->access_ns += dmover_now() - start;
	return err;
}
