/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c: where the buffers of a request lie, how they are cut, and what the oracle makes of them. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/uio.h"
#include "oracle.h"
#include "rig.h"

#define FENCE 64u /* bytes between buffers */
#define GAP   4u  /* fewer bytes than this lie between two vectors */

unsigned
plan_buffers(const struct plan *plan)
{
	return plan->func->dfn_ninputs + (plan->func->dfn_has_output ? 1 : 0);
}

size_t
plan_traffic(const struct dmover_function *func, size_t len)
{
	return func->dfn_ninputs > 0 ? func->dfn_ninputs * len : len;
}

bool
plan_is_typical(const struct dmover_function *func)
{
	const unsigned n = func->dfn_ninputs;

	return func->dfn_kind != DMOVER_KIND_XOR || n == 2 || n == 5 || n == DMOVER_INPUTS_MAX;
}

/* Lengths that add up to LEN, some of them 0. */
static void
cut(struct iovec *iov, unsigned pieces, size_t len, uint32_t *seed)
{
	for (unsigned i = 0; i < pieces; i++) {
		const size_t fair = len / (pieces - i);
		size_t part = i + 1 == pieces ? len : rig_random(seed, 2 * (uint32_t)fair + 2);

		if (part > len)
			part = len;
		iov[i].iov_len = part;
		len -= part;
	}
}

/* One behind the other, from offset AT on. */
static void
place_joined(const struct caller *caller, struct iovec *iov, unsigned pieces, size_t at)
{
	for (unsigned i = 0; i < pieces; i++) {
		iov[i].iov_base = caller->base + at;
		at += iov[i].iov_len;
	}
}

/* Upwards or downwards, with bytes between them that nobody names.  The offset behind them. */
static size_t
place_spread(
    const struct caller *caller, struct iovec *iov, unsigned pieces, size_t at, uint32_t *seed)
{
	const bool is_down = rig_random(seed, 2) == 1;

	for (unsigned i = 0; i < pieces; i++) {
		struct iovec *piece = &iov[is_down ? pieces - 1 - i : i];

		piece->iov_base = caller->base + at;
		at += piece->iov_len + rig_random(seed, GAP);
	}
	return at;
}

/* Where buffer B of the plan begins, in memory that is not used yet. */
static size_t
begin_of(const struct caller *caller, const struct plan *plan, unsigned b)
{
	const size_t unit = plan->on_own_pages ? CALLER_PAGE : FENCE;

	return (caller->used + FENCE + unit - 1) / unit * unit + (plan->skew + 7 * b) % 64;
}

struct builder {
	struct caller *caller;
	const struct plan *plan;
	uint32_t seed;
	struct iovec *iov; /* next that is free */
};

/* Cuts a buffer and places it apart from all others; AT is SIZE_MAX, or it is joined there. */
static void
build_buffer(struct builder *builder, unsigned b, struct dmover_buffer *buffer, size_t at)
{
	const struct plan *plan = builder->plan;
	struct caller *caller = builder->caller;
	const bool is_out = b == plan->func->dfn_ninputs;
	unsigned pieces = is_out ? plan->out_pieces : plan->in_pieces;

	pieces = pieces == 0 ? 1 : pieces;
	cut(builder->iov, pieces, plan->len, &builder->seed);
	if (at != SIZE_MAX)
		place_joined(caller, builder->iov, pieces, at);
	else
		caller->used = place_spread(
		    caller, builder->iov, pieces, begin_of(caller, plan, b), &builder->seed);
	rig_demand(caller->used <= caller->size, "the caller needs more memory");
	buffer->buf_type = DMOVER_BUF_UIO;
	dmover_uio_init(&buffer->buf_uio, caller->space,
	    is_out ? DMOVER_UIO_READ : DMOVER_UIO_WRITE, builder->iov, pieces, plan->len);
	builder->iov += pieces;
}

/* Where input 0, the alias and the output begin, when they share memory; SIZE_MAX: they do not. */
static size_t
shared_memory(struct builder *builder, size_t *ret_out)
{
	const struct plan *plan = builder->plan;
	struct caller *caller = builder->caller;
	const size_t distance = (size_t)labs(plan->shift);
	size_t in;

	*ret_out = SIZE_MAX;
	if (plan->shape == PLAN_APART)
		return SIZE_MAX;
	in = begin_of(caller, plan, 0);
	*ret_out = in;
	if (plan->shape == PLAN_OVERLAP) {
		caller->used = in + distance + plan->len;
		if (plan->shift > 0)
			*ret_out = in + distance;
		else
			in += distance;
	} else {
		caller->used = in + plan->len;
	}
	return in;
}

static void
build_entry(struct builder *builder, struct dmover_entry *entry)
{
	const struct plan *plan = builder->plan;
	struct dmover_request *req = &entry->ent_req;
	size_t out, in = shared_memory(builder, &out);

	req->dreq_func = plan->func;
	req->dreq_len = plan->len;
	memcpy(req->dreq_immediate, plan->immediate, DMOVER_IMMEDIATE_LEN);
	memcpy(req->dreq_result, plan->immediate, plan->func->dfn_immediate_out);
	for (unsigned b = 0; b < plan->func->dfn_ninputs; b++)
		build_buffer(builder, b, &req->dreq_in[b], b == plan->alias ? in : SIZE_MAX);
	if (plan->func->dfn_has_output)
		build_buffer(builder, plan->func->dfn_ninputs, &req->dreq_out, out);
	if (plan->on_own_pages)
		builder->caller->used =
		    (builder->caller->used + CALLER_PAGE - 1) & ~(size_t)(CALLER_PAGE - 1);
}

/* Inputs, and vectors, of all the plans. */
static void
count(const struct plan *plans, unsigned n, unsigned *ret_inputs, unsigned *ret_iovs)
{
	*ret_inputs = *ret_iovs = 0;
	for (unsigned e = 0; e < n; e++) {
		const unsigned in = plans[e].in_pieces, out = plans[e].out_pieces;

		*ret_inputs += plans[e].func->dfn_ninputs;
		*ret_iovs += plans[e].func->dfn_ninputs * (in == 0 ? 1 : in) + (out == 0 ? 1 : out);
	}
}

struct dmover_batch *
plan_build(struct caller *caller, const struct plan *plans, unsigned n)
{
	struct dmover_batch *batch = dmover_batch_create();
	struct builder builder = { .caller = caller };
	unsigned ninputs, niovs, input = 0;

	count(plans, n, &ninputs, &niovs);
	ck_assert_ptr_nonnull(batch);
	ck_assert_int_eq(dmover_batch_resize(batch, n, ninputs + 1), 0);
	ck_assert_int_eq(dmover_batch_resize_iovs(batch, niovs), 0);
	builder.iov = batch->bat_iovs;
	for (unsigned e = 0; e < n; e++) {
		struct dmover_entry *entry = &batch->bat_entries[e];

		*entry = (struct dmover_entry){ .ent_batch = batch, .ent_id = e };
		entry->ent_req.dreq_in = batch->bat_buffers + input;
		builder.plan = &plans[e];
		builder.seed = plans[e].seed + 1;
		build_entry(&builder, entry);
		input += plans[e].func->dfn_ninputs;
		batch->bat_bytes += plan_traffic(plans[e].func, plans[e].len);
	}
	batch->bat_nentries = n;
	batch->bat_space = caller->space;
	return batch;
}

/* Moves the bytes of a buffer between MEMORY, by offset, and FLAT. */
static void
flatten(const struct caller *caller, const struct dmover_uio *uio, uint8_t *memory, uint8_t *flat)
{
	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		const struct iovec *iov = &uio->uio_iov[i];
		uint8_t *at = memory + ((uint8_t *)iov->iov_base - caller->base);

		if (uio->uio_rw == DMOVER_UIO_READ)
			memcpy(at, flat, iov->iov_len);
		else
			memcpy(flat, at, iov->iov_len);
		flat += iov->iov_len;
	}
}

static void
ask(struct outcome *outcome, const struct caller *caller, const struct dmover_entry *entry)
{
	const struct dmover_request *req = &entry->ent_req;
	struct question question = { .func = req->dreq_func, .len = req->dreq_len };

	memcpy(question.immediate, req->dreq_immediate, DMOVER_IMMEDIATE_LEN);
	question.out = malloc(req->dreq_len + 1);
	rig_demand(question.out != NULL, "no memory");
	for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++) {
		question.in[i] = malloc(req->dreq_len + 1);
		rig_demand(question.in[i] != NULL, "no memory");
		flatten(caller, &req->dreq_in[i].buf_uio, caller->before, question.in[i]);
	}
	oracle_ask(&question, outcome->results[entry->ent_id]);
	if (req->dreq_func->dfn_has_output)
		flatten(caller, &req->dreq_out.buf_uio, outcome->want, question.out);
	for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++)
		free(question.in[i]);
	free(question.out);
}

void
outcome_init(struct outcome *outcome, const struct caller *caller, const struct dmover_batch *batch)
{
	const size_t extent = caller_extent(caller);

	outcome->want = malloc(extent);
	outcome->results = calloc(batch->bat_nentries, DMOVER_IMMEDIATE_LEN);
	ck_assert(outcome->want != NULL && outcome->results != NULL);
	memcpy(outcome->want, caller->before, extent);
	for (unsigned e = 0; e < batch->bat_nentries; e++)
		ask(outcome, caller, &batch->bat_entries[e]);
}

void
outcome_fini(struct outcome *outcome)
{
	free(outcome->want);
	free(outcome->results);
}

size_t
plan_offset(const struct caller *caller, const struct dmover_batch *batch, unsigned entry,
    unsigned buffer, size_t at)
{
	const struct dmover_request *req = &batch->bat_entries[entry].ent_req;
	const struct dmover_uio *uio = buffer < req->dreq_func->dfn_ninputs
					   ? &req->dreq_in[buffer].buf_uio
					   : &req->dreq_out.buf_uio;
	const struct iovec *iov = uio->uio_iov;

	while (at >= iov->iov_len) {
		at -= iov->iov_len;
		iov++;
	}
	return (size_t)((uint8_t *)iov->iov_base - caller->base) + at;
}
