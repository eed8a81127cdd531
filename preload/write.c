/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write.c: write(2) of the program, in its own thread.
 *
 * 1. places under the session's limit are reserved; 2. the records are copied, and their descriptors
 * fetched, once; 3. a small batch is executed here and now, a large one is posted to the workers;
 * 4. and so on until all records are in, one is bad, or the limit is reached: then the thread lets go of
 * all that it holds, and waits for the plug to come out, or says so.
 */
#include "preload/write.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/fetch.h"
#include "preload/follow.h"
#include "preload/guess.h"
#include "preload/pass.h"
#include "preload/refresh.h"
#include "preload/service.h"
#include "preload/space.h"
#include "preload/trace.h"

/* Bytes of records that are copied at once: whole records of every layout. */
#define PIECE (DMOVER_RECORD_LCM * 34)
/* What threads have needed is kept for as many. */
#define SPARES 8
/* Stopped by the session's limit. */
#define IS_FULL 1

/* What a thread needs for a write; used again by the next one. */
struct scratch {
	struct dmover_fetcher *fetcher;
	struct dmover_batch *batch;
	struct preload_guess guess;
	uint8_t records[PIECE];
};

static _Atomic(struct scratch *) spares[SPARES];

static void
scratch_free(struct scratch *scratch)
{
	dmover_fetcher_destroy(scratch->fetcher);
	dmover_batch_free(scratch->batch);
	free(scratch);
}

/* One that nobody has; more threads than there are places for make their own. */
static struct scratch *
scratch_get(void)
{
	struct scratch *scratch = NULL;

	for (unsigned i = 0; i < SPARES && scratch == NULL; i++)
		if (atomic_load_explicit(&spares[i], memory_order_relaxed) != NULL)
			scratch = atomic_exchange(&spares[i], NULL);
	if (scratch == NULL) {
		scratch = calloc(1, sizeof(*scratch));
		if (scratch == NULL)
			return NULL;
	}
	if (scratch->fetcher == NULL)
		scratch->fetcher = dmover_fetcher_create();
	if (scratch->batch == NULL)
		scratch->batch = dmover_batch_create();
	if (scratch->fetcher == NULL || scratch->batch == NULL) {
		scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

static void
scratch_put(struct scratch *scratch)
{
	for (unsigned i = 0; i < SPARES; i++) {
		struct scratch *none = NULL;

		if (atomic_compare_exchange_strong(&spares[i], &none, scratch))
			return;
	}
	scratch_free(scratch);
}

static bool
is_small(const struct preload_writing *w)
{
	return w->batch->bat_bytes <= w->service->core.options.hold_limit;
}

/* Executes the batch before the write returns.  -ENOBUFS: no staging memory now. */
static int
hold(struct preload_writing *w)
{
	struct dmover_core *core = &w->service->core;
	struct stage_arena *arena;

	w->batch->bat_session = w->session;
	w->batch->bat_account = w->service->account;
	w->batch->bat_space = w->space;
	if (!is_small(w))
		return dmover_stage_walk(&core->stage, w->batch);
	arena = dmover_arena_get(&core->stage.arenas);
	if (arena == NULL)
		return -ENOBUFS;
	dmover_stage_hold(&core->stage, arena, w->batch);
	dmover_arena_put(&core->stage.arenas, arena);
	STATS_ADD(core->stats.st_held, 1);
	return 0;
}

/* Hands the batch to the workers; it is given away. */
static int
post(struct preload_writing *w)
{
	struct dmover_batch *batch = w->batch;
	size_t memory = dmover_batch_memory(batch);

	if (dmover_account_charge(w->service->account, memory) < 0)
		return -ENOMEM;
	if (dmover_account_post(w->service->account) < 0) {
		dmover_account_uncharge(w->service->account, memory);
		return -ENOMEM;
	}
	batch->bat_is_posted = true;
	batch->bat_charged = memory;
	batch->bat_space = dmover_space_ref(w->space);
	batch->bat_session = dmover_session_ref(w->session);
	batch->bat_account = dmover_account_ref(w->service->account);
	STATS_ADD(w->service->core.stats.st_posted, 1);
	w->batch = NULL;
	dmover_stage_post(&w->service->core.stage, batch);
	return 0;
}

/* Small: here.  Large, or without staging memory: the workers.  Else here, however long it takes. */
static int
run(struct preload_writing *w)
{
	int err = -ENOBUFS;

	if (is_small(w))
		err = hold(w);
	if (err == -ENOBUFS)
		err = post(w);
	if (err == -ENOMEM)
		err = hold(w);
	return err == -ENOBUFS ? -ENOMEM : err;
}

/* The requests are executed in the program's memory, through whatever they were fetched. */
static void
aim(struct preload_writing *w)
{
	for (unsigned i = 0; i < w->batch->bat_nentries; i++) {
		struct dmover_request *req = &w->batch->bat_entries[i].ent_req;

		req->dreq_out.buf_uio.uio_space = w->space;
		for (unsigned j = 0; j < req->dreq_func->dfn_ninputs; j++)
			req->dreq_in[j].buf_uio.uio_space = w->space;
	}
}

unsigned
preload_accept(struct preload_writing *w, const uint8_t *records, unsigned n, int *ret_error)
{
	const struct dmover_layout *layout = w->session->ses_layout;
	int places =
	    dmover_session_reserve(w->session, n < FETCH_RECORDS_MAX ? n : FETCH_RECORDS_MAX);
	struct dmover_fetch fetch = { .func = w->session->ses_func,
		.layout = layout,
		.space = w->fetch != NULL ? w->fetch : w->space,
		.records = records };
	unsigned nfetched, used;
	int err;

	*ret_error = places < 0 ? places : 0;
	if (places <= 0)
		return 0;
	fetch.nrecords = (unsigned)places;
	if (w->batch == NULL && (w->batch = dmover_batch_create()) == NULL) {
		dmover_session_unreserve(w->session, (unsigned)places);
		*ret_error = -ENOMEM;
		return 0;
	}
	nfetched = dmover_fetch(w->fetcher, &fetch, w->batch, ret_error);
	used = nfetched;
	if (w->fetch != NULL)
		aim(w);
	preload_trace_begin(w->door, w->batch, w->pid);
	if (nfetched > 0 && (err = run(w)) < 0) {
		*ret_error = err;
		used = 0;
	}
	STATS_ADD(w->service->core.stats.st_requests, used);
	dmover_session_unreserve(w->session, (unsigned)places - used);
	return used;
}

/* Vectors of the program's from OFFSET on, at most LEN bytes, into LOCAL. */
static int
copy_in(uint8_t *local, const struct iovec *iov, int n, size_t offset, size_t len)
{
	for (int i = 0; i < n && len > 0; i++) {
		size_t piece = iov[i].iov_len;

		if (offset >= piece) {
			offset -= piece;
			continue;
		}
		piece -= offset;
		piece = piece < len ? piece : len;
		if (preload_space_get(local, (const uint8_t *)iov[i].iov_base + offset, piece) < 0)
			return -EFAULT;
		local += piece;
		len -= piece;
		offset = 0;
	}
	return 0;
}

/* All records that can be taken, from *done on: 0 or IS_FULL; or what is wrong with the next. */
static int
take_in(struct preload_writing *w, struct preload_call *call, struct scratch *scratch, size_t *done)
{
	size_t record = w->session->ses_layout->lay_request, len;
	unsigned places, taken;
	int err = 0;

	while (*done < call->size && err == 0) {
		len = call->size - *done < PIECE ? call->size - *done : PIECE;
		places = preload_room(w->door, call->fd, (unsigned)(len / record));
		if (places == 0)
			return IS_FULL;
		if (len / record > places)
			len = places * record;
		w->fetch = NULL;
		if (call->n == 1 && *done == 0 && len <= GUESS_WRITE) {
			w->fetch = &scratch->guess.space;
			err = preload_guess_get(&scratch->guess, scratch->records, call->iov, len);
		} else {
			err = copy_in(scratch->records, call->iov, call->n, *done, len);
		}
		if (err < 0)
			break;
		taken = preload_accept(w, scratch->records, (unsigned)(len / record), &err);
		*done += taken * record;
		if (taken == 0 && err == 0)
			return IS_FULL;
	}
	return err;
}

/* The session is this process's, and its function is known: as take_in(). */
static int
write_begun(struct preload_call *call, struct dmover_session *session, size_t *done)
{
	struct preload_writing w = {
		.door = call->door, .session = session, .pid = preload_service_pid()
	};
	struct scratch *scratch = scratch_get();
	int err;

	if (scratch == NULL)
		return -ENOMEM;
	preload_service_get(&w.service);
	w.space = &preload_space_own;
	w.fetcher = scratch->fetcher;
	w.batch = scratch->batch;
	err = take_in(&w, call, scratch, done);
	scratch->batch = w.batch;
	scratch_put(scratch);
	return err;
}

/* Up to the limit, without a wait: as take_in(). */
static int
write_part(struct preload_call *call, size_t *done)
{
	struct preload_door *door = call->door;
	struct dmover_session *session;
	int err = 0;

	if (atomic_load(&door->session) == NULL)
		err = preload_service_adopt(door);
	if (err < 0)
		return *done > 0 ? err : preload_pass(call, done);
	session = atomic_load(&door->session);
	preload_follow(door, session);
	err = dmover_session_begin_write(session, call->size);
	if (err < 0)
		return err;
	atomic_store(&door->slot->layout, (int)session->ses_layout->lay_request);
	err = write_begun(call, session, done);
	dmover_session_end_write(session);
	preload_wake(door);
	preload_plug(door);
	return err;
}

/* At the limit: 0 when there may be a place, or why there is none. */
static int
wait_for_room(struct preload_call *call)
{
	int events;

	if (preload_call_is_nonblocking(call))
		return -EAGAIN;
	events = preload_call_wait(call, POLLOUT);
	if (events < 0)
		return events;
	return (events & (POLLHUP | POLLERR | POLLNVAL)) != 0 ? -ENODEV : 0;
}

ssize_t
preload_write(struct preload_call *call)
{
	size_t done = 0;
	int err;

	if (call->door->access == O_RDONLY)
		return -EBADF;
	if (call->size == 0)
		return 0;
	do {
		err = write_part(call, &done);
		if (err == IS_FULL)
			err = wait_for_room(call);
	} while (err == 0 && done < call->size);
	return done > 0 ? (ssize_t)done : err;
}
