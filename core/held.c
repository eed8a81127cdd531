/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * held.c: executes a small batch in the calling thread.
 *
 * 1. the inputs of all its requests are gathered by one vectored access, 2. the engines compute,
 * 3. the outputs are scattered by another.  More accesses are made only past 1024 pieces, past the
 * arena's end, and around a fault, which costs its own request and not its neighbours.
 */
#include <errno.h>
#include <string.h>

#include "core/stage.h"
#include "core/uio.h"

/* The entries [from, to) of the batch that are in the arena together. */
struct slice {
	struct dmover_stage *stage;
	struct stage_arena *arena;
	struct dmover_batch *batch;
	unsigned from, to;
};

/* A position in all the pieces of a slice, in one direction. */
struct walk {
	const struct slice *slice;
	bool is_gather;
	unsigned entry, input;
	struct dmover_uio at; /* rest of the present buffer */
	size_t moved;         /* bytes of the present entry that were moved by earlier accesses */
};

static struct dmover_entry *
entry_at(const struct walk *walk)
{
	return &walk->slice->batch->bat_entries[walk->entry];
}

/* Buffers of the entry that the walk passes. */
static unsigned
buffers_of(const struct walk *walk)
{
	const struct dmover_function *func = entry_at(walk)->ent_req.dreq_func;

	return walk->is_gather ? func->dfn_ninputs : func->dfn_has_output;
}

/* Opens the next buffer that has bytes, from the present position on; false at the end. */
static bool
walk_open(struct walk *walk)
{
	for (; walk->entry < walk->slice->to; walk->entry++, walk->input = 0, walk->moved = 0) {
		struct dmover_entry *entry = entry_at(walk);

		if (entry->ent_req.dreq_error != 0 || entry->ent_req.dreq_len == 0)
			continue;
		if (walk->input < buffers_of(walk)) {
			walk->at = walk->is_gather ? entry->ent_req.dreq_in[walk->input].buf_uio
						   : entry->ent_req.dreq_out.buf_uio;
			return true;
		}
	}
	return false;
}

/* Where the walk's next byte lies in the arena. */
static uint8_t *
walk_memory(const struct walk *walk)
{
	const struct stage_arena *arena = walk->slice->arena;
	const struct dmover_request *req = &entry_at(walk)->ent_req;
	unsigned i = walk->entry - walk->slice->from;
	size_t at = walk->is_gather ? arena->at_in[i] + walk->input * stage_aligned(req->dreq_len)
				    : arena->at_out[i];

	return arena->memory + at + (req->dreq_len - walk->at.uio_resid);
}

/* Adds LEN bytes at ADDR to the local list, to its last piece where they touch. */
static void
add_local(struct iovec *local, unsigned *nlocal, uint8_t *addr, size_t len)
{
	if (*nlocal > 0) {
		struct iovec *last = &local[*nlocal - 1];

		if ((uint8_t *)last->iov_base + last->iov_len == addr) {
			last->iov_len += len;
			return;
		}
	}
	local[(*nlocal)++] = (struct iovec){ addr, len };
}

/* Adds the N pieces that lie behind the first HAVE ones, joined where they touch.  The new count. */
static unsigned
join_remote(struct iovec *remote, unsigned have, unsigned n)
{
	for (unsigned i = have, end = have + n; i < end; i++) {
		struct iovec *last = have > 0 ? &remote[have - 1] : NULL;

		if (last != NULL &&
		    (uintptr_t)last->iov_base + last->iov_len == (uintptr_t)remote[i].iov_base)
			last->iov_len += remote[i].iov_len;
		else
			remote[have++] = remote[i];
	}
	return have;
}

struct lists {
	unsigned nlocal, nremote;
	size_t bytes;
};

/* Lists as many pieces as one access takes, and passes them. */
static void
walk_list(struct walk *walk, struct lists *lists)
{
	struct stage_arena *arena = walk->slice->arena;

	*lists = (struct lists){ 0 };
	while (lists->nremote < DMOVER_UIO_PIECES && lists->nlocal < DMOVER_UIO_PIECES) {
		unsigned pieces;
		size_t len;

		if (walk->at.uio_resid == 0) {
			if (!walk_open(walk))
				return;
			continue;
		}
		len = dmover_uio_window(&walk->at, walk->at.uio_resid,
		    arena->remote + lists->nremote, DMOVER_UIO_PIECES - lists->nremote, &pieces);
		add_local(arena->local, &lists->nlocal, walk_memory(walk), len);
		lists->nremote = join_remote(arena->remote, lists->nremote, pieces);
		lists->bytes += len;
		dmover_uio_advance(&walk->at, len);
		if (walk->at.uio_resid == 0)
			walk->input++;
	}
}

/*
 * DONE bytes from BEFORE on were moved, and the one after them cannot be: its entry fails, and the
 * walk goes on with the entry behind it.
 */
static void
walk_fault(struct walk *walk, const struct walk *before, size_t done, int err)
{
	*walk = *before;
	for (; walk->entry < walk->slice->to; walk->entry++, walk->moved = 0) {
		const struct dmover_request *req = &entry_at(walk)->ent_req;
		size_t bytes = buffers_of(walk) * req->dreq_len - walk->moved;

		if (req->dreq_error != 0)
			continue;
		if (done < bytes)
			break;
		done -= bytes;
	}
	entry_at(walk)->ent_req.dreq_error = err;
	walk->input = 0;
	walk->moved = 0;
	walk->at.uio_resid = 0;
}

/* After a whole list was moved: how much of the present entry that was. */
static void
walk_count(struct walk *walk)
{
	if (walk->entry < walk->slice->to) {
		size_t len = entry_at(walk)->ent_req.dreq_len;

		walk->moved = walk->input * len;
		if (walk->at.uio_resid > 0)
			walk->moved += len - walk->at.uio_resid;
	}
}

/* Moves the inputs in, or the outputs out, of all entries of the slice that have no error. */
static void
slice_move(const struct slice *slice, bool is_gather)
{
	struct dmover_space *space = slice->batch->bat_space;
	struct stage_arena *arena = slice->arena;
	struct walk walk = { .slice = slice, .is_gather = is_gather, .entry = slice->from };

	for (;;) {
		struct walk before = walk;
		struct lists lists;
		ssize_t done;

		walk_list(&walk, &lists);
		if (lists.bytes == 0)
			return;
		if (is_gather)
			done = space->spc_ops->spo_readv(
			    space, arena->local, lists.nlocal, arena->remote, lists.nremote);
		else
			done = space->spc_ops->spo_writev(
			    space, arena->local, lists.nlocal, arena->remote, lists.nremote);
		if (done == (ssize_t)lists.bytes)
			walk_count(&walk);
		else
			walk_fault(&walk, &before, done > 0 ? (size_t)done : 0,
			    done < 0 ? (int)done : -EFAULT);
	}
}

/* Points a slot at the entry's buffers in the arena. */
static void
slot_aim(const struct slice *slice, struct stage_slot *slot, unsigned e)
{
	struct stage_arena *arena = slice->arena;
	struct dmover_entry *entry = &slice->batch->bat_entries[e];
	const struct dmover_function *func = entry->ent_req.dreq_func;
	unsigned i = e - slice->from;

	dmover_slot_init(slot, arena, entry, entry->ent_req.dreq_len);
	for (unsigned j = 0; j < func->dfn_ninputs; j++) {
		slot->in[j].buf_type = DMOVER_BUF_LINEAR;
		slot->in[j].buf_linear =
		    arena->memory + arena->at_in[i] + j * stage_aligned(entry->ent_req.dreq_len);
	}
	if (func->dfn_has_output) {
		slot->req.dreq_out.buf_type = DMOVER_BUF_LINEAR;
		slot->req.dreq_out.buf_linear = arena->memory + arena->at_out[i];
	}
}

/* An engine failed, and may have spoilt the inputs: gathers them again, then the CPU. */
static void
slot_redo(const struct slice *slice, struct stage_slot *slot)
{
	struct dmover_entry *entry = slot->entry;
	struct dmover_stage *stage = slice->stage;

	for (unsigned j = 0; j < entry->ent_req.dreq_func->dfn_ninputs; j++) {
		struct dmover_uio uio = entry->ent_req.dreq_in[j].buf_uio;
		int err = dmover_uiomove(slot->in[j].buf_linear, uio.uio_resid, &uio);

		if (err < 0) {
			slot->req.dreq_error = err;
			return;
		}
	}
	slice->arena->npending = 1;
	dmover_dispatch_redo(stage->dispatch, &slot->req);
	dmover_arena_idle(slice->arena);
}

static void
slots_run(const struct slice *slice, unsigned n)
{
	struct stage_arena *arena = slice->arena;

	arena->npending = n;
	for (unsigned i = 0; i < n; i++)
		dmover_dispatch_submit(slice->stage->dispatch, arena->slots[i].entry->ent_lanes[0],
		    &arena->slots[i].req);
	dmover_arena_idle(arena);
	for (unsigned i = 0; i < n; i++) {
		struct stage_slot *slot = &arena->slots[i];
		struct dmover_request *req = &slot->entry->ent_req;

		if (slot->req.dreq_error != 0 && !slot->req.dreq_error_final)
			slot_redo(slice, slot);
		req->dreq_error = slot->req.dreq_error;
		memcpy(req->dreq_result, slot->req.dreq_result, sizeof(req->dreq_result));
	}
}

static void
slice_compute(const struct slice *slice)
{
	unsigned n = 0;

	for (unsigned e = slice->from; e < slice->to; e++) {
		const struct dmover_request *req = &slice->batch->bat_entries[e].ent_req;

		if (req->dreq_error != 0 || req->dreq_len == 0)
			continue;
		slot_aim(slice, &slice->arena->slots[n++], e);
		if (n == STAGE_SLOTS) {
			slots_run(slice, n);
			n = 0;
		}
	}
	if (n > 0)
		slots_run(slice, n);
}

/* Gives entries places in the arena, from slice->from up to TO, until it is full. */
static void
slice_layout(struct slice *slice, unsigned to)
{
	struct stage_arena *arena = slice->arena;
	size_t at = 0;

	for (slice->to = slice->from; slice->to < to; slice->to++) {
		const struct dmover_entry *entry = &slice->batch->bat_entries[slice->to];
		const struct dmover_function *func = entry->ent_req.dreq_func;
		size_t len = stage_aligned(entry->ent_req.dreq_len), in = func->dfn_ninputs * len;
		bool shares =
		    func->dfn_ninputs > 0 &&
		    dmover_dispatch_is_inplace(slice->stage->dispatch, entry->ent_lanes[0]);
		size_t out = func->dfn_has_output && !shares ? len : 0;
		unsigned i = slice->to - slice->from;

		if (i == DMOVER_UIO_PIECES || at + in + out > STAGE_ARENA)
			return;
		arena->at_in[i] = (uint32_t)at;
		arena->at_out[i] = (uint32_t)(shares ? at : at + in);
		at += in + out;
	}
}

/* An engine that moves bytes in the caller's memory itself does so now. */
static void
entry_pass(struct dmover_stage *stage, struct stage_arena *arena, struct dmover_entry *entry)
{
	struct dmover_request *req = &entry->ent_req;

	dmover_slot_init(&arena->slots[0], arena, entry, req->dreq_len);
	req->dreq_done = arena->slots[0].req.dreq_done;
	req->dreq_arg = arena;
	arena->npending = 1;
	if (dmover_dispatch_submit_uio(stage->dispatch, entry->ent_lanes[0], req) == 0) {
		dmover_arena_idle(arena);
		if (req->dreq_error == 0)
			req->dreq_len = 0; /* nothing is left to do */
		else if (!req->dreq_error_final)
			req->dreq_error = 0; /* once more, staged */
	}
	entry->ent_lanes[0] = DISPATCH_CPU;
}

/*
 * Chooses an engine for each; where vectors do not count, only among those without UIO.  Neighbours
 * of one function and length get one answer, unless the engines take turns.
 */
static void
slice_choose(const struct slice *slice, unsigned to, bool is_staged)
{
	struct dmover_stage *stage = slice->stage;
	struct dmover_ask last = { 0 };
	unsigned lane = 0;

	for (unsigned e = slice->from; e < to; e++) {
		struct dmover_entry *entry = &slice->batch->bat_entries[e];
		const struct dmover_request *req = &entry->ent_req;
		const struct dmover_ask ask = {
			.func = req->dreq_func, .len = req->dreq_len, .is_staged = is_staged
		};

		if (req->dreq_len == 0)
			continue;
		if (ask.func != last.func || ask.len != last.len || stage->dispatch->is_cycling)
			lane = dmover_dispatch_choose(stage->dispatch, &ask);
		last = ask;
		entry->ent_lanes[0] = lane;
		if (dmover_dispatch_takes_uio(stage->dispatch, entry->ent_lanes[0]))
			entry_pass(stage, slice->arena, entry);
	}
}

/* Those of the slice up to TO that the arena holds. */
static void
slice_run(struct slice *slice, unsigned to)
{
	slice_layout(slice, to);
	slice_move(slice, true);
	slice_compute(slice);
	slice_move(slice, false);
}

unsigned
dmover_stage_slice(struct dmover_stage *stage, struct stage_arena *arena,
    struct dmover_batch *batch, unsigned from, unsigned to)
{
	struct slice slice = { .stage = stage, .arena = arena, .batch = batch, .from = from };

	arena->dispatch = stage->dispatch;
	slice_choose(&slice, to, true);
	slice_run(&slice, to);
	return slice.to;
}

void
dmover_stage_hold(struct dmover_stage *stage, struct stage_arena *arena, struct dmover_batch *batch)
{
	struct slice slice = { .stage = stage, .arena = arena, .batch = batch };
	const unsigned n = batch->bat_nentries;

	arena->dispatch = stage->dispatch;
	slice_choose(&slice, n, false);
	for (; slice.from < n; slice.from = slice.to)
		slice_run(&slice, n);
	for (unsigned e = 0; e < n; e++)
		dmover_stage_answer(stage, &batch->bat_entries[e], &batch->bat_responses[e]);
	dmover_session_respond(batch->bat_session, batch->bat_responses, n);
}
