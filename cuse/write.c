/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write.c: write(2), from records to running requests.
 *
 * 1. places under the session's limit are reserved, 2. the descriptors of as many records are
 * fetched, 3. a small batch is executed here and now, a large one is posted to the workers,
 * 4. and so on until all records are in, one is bad, or the limit is reached: then the call is
 * answered, or parked until a place is free and continued by a worker.
 *
 * A write goes to a worker from the start when its user has too many threads inside its memory
 * already, and when there is no memory to post it: the worker then executes it before the answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cuse/inside.h"
#include "cuse/park.h"

/* A write under way, in the thread that has it. */
struct writing {
	const struct dmio_call *call;
	struct dmio_scratch *scratch;
	struct dmover_account *account; /* of the caller */
	pid_t tid;
	const uint8_t *data;
	size_t size, done;
	bool is_worker; /* may be kept busy */
	struct dmio_held held;
	struct dmio_inside inside;
	/* Batches to be posted when the call is answered: workers that start at once would take the
	 * processor of the answer, or of the caller. */
	struct dmover_batch *posted, **last;
};

/* How far it came: an error as -errno, or one of these. */
enum {
	WRITE_ALL = 0, /* nothing is left */
	WRITE_FULL,    /* the limit is reached */
	WRITE_SLOW,    /* only a worker can go on */
};

static size_t
record_size(const struct writing *w)
{
	return w->call->session->ses_layout->lay_request;
}

static bool
fits_hold(const struct writing *w, const struct dmover_batch *batch)
{
	return batch->bat_bytes <= w->call->device->core->options.hold_limit;
}

/* Answers first, executes later.  The batch is given away. */
static int
post(struct writing *w, struct dmover_batch *batch)
{
	struct dmover_core *core = w->call->device->core;
	size_t memory = dmover_batch_memory(batch);
	struct dmover_space *space;
	int err;

	if (dmover_account_charge(w->account, memory) < 0)
		return -ENOMEM;
	err = dmover_account_post(w->account);
	if (err < 0)
		goto uncharge;
	err = dmio_posters_get(&w->call->device->posters, w->tid, w->call->device, &space);
	if (err < 0)
		goto unpost;
	batch->bat_is_posted = true;
	batch->bat_charged = memory;
	batch->bat_space = space;
	batch->bat_session = dmover_session_ref(w->call->session);
	batch->bat_account = dmover_account_ref(w->account);
	for (unsigned i = 0; i < batch->bat_nentries; i++) {
		struct dmover_request *req = &batch->bat_entries[i].ent_req;

		req->dreq_out.buf_uio.uio_space = space;
		for (unsigned j = 0; j < req->dreq_func->dfn_ninputs; j++)
			req->dreq_in[j].buf_uio.uio_space = space;
	}
	STATS_ADD(core->stats.st_posted, 1);
	batch->bat_next = NULL;
	*w->last = batch;
	w->last = &batch->bat_next;
	return 0;

unpost:
	dmover_account_unpost(w->account);
uncharge:
	dmover_account_uncharge(w->account, memory);
	return err;
}

/* Executes the batch in this thread, before the answer.  -ENOBUFS: no staging memory now. */
static int
hold(struct writing *w, struct dmover_batch *batch, struct dmover_space *space)
{
	struct dmover_core *core = w->call->device->core;
	struct stage_arena *arena;

	batch->bat_session = w->call->session;
	batch->bat_account = w->account;
	batch->bat_space = space;
	if (!fits_hold(w, batch))
		return dmover_stage_walk(&core->stage, batch);
	arena = dmover_arena_get(&core->stage.arenas);
	if (arena == NULL)
		return -ENOBUFS;
	dmover_stage_hold(&core->stage, arena, batch);
	dmover_arena_put(&core->stage.arenas, arena);
	STATS_ADD(core->stats.st_held, 1);
	return 0;
}

/* Runs what was fetched.  0, WRITE_SLOW, or an error: then nothing of it was run. */
static int
run(struct writing *w, struct dmover_space *space)
{
	struct dmio_scratch *scratch = w->scratch;
	int err = -ENOBUFS;

	if (fits_hold(w, scratch->batch))
		err = hold(w, scratch->batch, space);
	if (err == -ENOBUFS && (err = post(w, scratch->batch)) == 0) {
		scratch->batch = NULL; /* given away */
		return 0;
	}
	if (err == 0 || err == -EPERM)
		return err;
	/* No memory, no descriptor: the caller waits until the work is done. */
	if (w->call->is_nonblocking)
		return -EAGAIN;
	return w->is_worker ? hold(w, scratch->batch, space) : WRITE_SLOW;
}

/* Takes as many of the records that are left as one batch takes.  As run(), or WRITE_FULL. */
static int
write_some(struct writing *w)
{
	struct dmover_session *session = w->call->session;
	size_t record = record_size(w), left = (w->size - w->done) / record;
	unsigned nfetched;
	int nplaces, err, run_err = 0;

	if (w->scratch->batch == NULL && (w->scratch->batch = dmover_batch_create()) == NULL)
		return -ENOMEM;
	nplaces = dmover_session_reserve(
	    session, left < FETCH_RECORDS_MAX ? (unsigned)left : FETCH_RECORDS_MAX);
	if (nplaces <= 0)
		return nplaces < 0 ? nplaces : WRITE_FULL;
	struct dmover_fetch fetch = {
		.func = session->ses_func,
		.layout = session->ses_layout,
		.space = &w->held.space,
		.records = w->data + w->done,
		.nrecords = (unsigned)nplaces,
	};
	nfetched = dmover_fetch(w->scratch->fetcher, &fetch, w->scratch->batch, &err);
	if (dmio_held_is_revoked(&w->held)) {
		/* Answered: the thread id may be anybody's by now. */
		dmover_session_unreserve(session, (unsigned)nplaces);
		return -EINTR;
	}
	atomic_store(&w->inside.accepted, w->done + nfetched * record);
	if (nfetched > 0)
		run_err = run(w, &w->held.space);
	if (run_err != 0)
		nfetched = 0;
	atomic_store(&w->inside.accepted, w->done + nfetched * record);
	STATS_ADD(w->call->device->core->stats.st_requests, nfetched);
	w->done += nfetched * record;
	dmover_session_unreserve(session, (unsigned)nplaces - nfetched);
	return run_err != 0 ? run_err : err;
}

/*
 * Goes on until it cannot; ->posted must be started after that.  *ret_answered: the call was
 * answered meanwhile, because a signal came.
 */
static int
write_go(struct writing *w, size_t before, bool *ret_answered)
{
	int outcome = WRITE_ALL;

	w->posted = NULL;
	w->last = &w->posted;
	dmio_held_init(&w->held, w->tid);
	w->inside = (struct dmio_inside){
		.device = w->call->device,
		.req = w->call->req,
		.held = &w->held,
		.before = before,
		.accepted = w->done,
	};
	dmio_inside_enter(&w->inside);
	/* A signal that came before this is heard of now. */
	dmio_park_listen(w->call->device, w->call->req);
	while (w->done < w->size && outcome == WRITE_ALL)
		outcome = write_some(w);
	*ret_answered = dmio_inside_leave(&w->inside);
	return outcome;
}

static void
start_posted(struct dmover_core *core, struct dmover_batch *posted)
{
	while (posted != NULL) {
		struct dmover_batch *batch = posted;

		posted = batch->bat_next;
		dmover_stage_post(&core->stage, batch);
	}
}

/* A place is free: a worker goes on. */
static void
writer_ready(struct dmover_waiter *waiter)
{
	struct dmio_parked *parked = (struct dmio_parked *)waiter;
	struct dmover_pool *pool = parked->call.device->core->pool;

	if (dmio_parked_queue(parked))
		dmover_pool_submit(pool, &parked->work);
	else
		dmio_parked_finish(parked, -EINTR);
}

/* The owner parks the write until there is a place, or goes on at once when there is one. */
static void
write_wait(struct dmio_parked *parked)
{
	if (!dmio_parked_wait(parked))
		writer_ready(&parked->waiter);
}

/* No staging memory now: a worker goes on when there is some. */
static void
write_wait_arena(struct dmio_parked *parked)
{
	struct dmover_core *core = parked->call.device->core;
	int err;

	if (!dmio_parked_queue(parked)) {
		dmio_parked_finish(parked, -EINTR);
		return;
	}
	err = dmover_arena_wait(&core->stage.arenas, &parked->work);
	if (err == -EAGAIN)
		dmover_pool_submit(core->pool, &parked->work);
	else if (err < 0 && dmio_parked_dequeue(parked))
		dmio_parked_finish(parked, err);
}

/* Worker thread: goes on with a write that was parked or deferred. */
static void
write_work(struct dmover_work *work)
{
	struct dmio_parked *parked =
	    (struct dmio_parked *)((char *)work - offsetof(struct dmio_parked, work));
	struct dmio_device *device = parked->call.device;

	if (!dmio_parked_dequeue(parked))
		return;
	struct writing w = {
		.call = &parked->call,
		.scratch = dmio_scratch_get(device),
		.account = parked->account,
		.tid = parked->tid,
		.data = parked->data,
		.size = parked->size,
		.done = parked->done,
		.is_worker = true,
	};
	struct dmover_session *session = dmover_session_ref(parked->call.session);
	bool is_answered = false;
	int outcome = -ENOMEM;

	if (w.scratch != NULL) {
		outcome = write_go(&w, parked->before, &is_answered);
		dmio_scratch_put(device, w.scratch);
	}
	parked->done = w.done;
	/* A worker is running already. */
	start_posted(device->core, w.posted);
	if (is_answered) {
		dmover_session_end_write(session);
		dmio_parked_discard(parked);
	} else if (outcome == WRITE_FULL && !parked->call.is_nonblocking)
		write_wait(parked); /* at the daemon's stop it is answered there */
	else if (outcome == -ENOBUFS)
		write_wait_arena(parked);
	else
		dmio_parked_finish(parked, outcome == WRITE_FULL ? -EAGAIN : outcome);
	dmover_session_unref(session);
}

/* Keeps the call and what is left of its data.  NULL: no memory. */
static struct dmio_parked *
write_park(const struct writing *w)
{
	struct dmio_parked *parked = dmio_parked_create(w->call, w->account, w->size - w->done);

	if (parked == NULL)
		return NULL;
	memcpy(parked->data, w->data + w->done, w->size - w->done);
	parked->tid = w->tid;
	parked->waiter.wtr_type = DMOVER_WRITER;
	parked->waiter.wtr_ready = writer_ready;
	parked->work.wk_run = write_work;
	/* Not the session's flow: a call that is answered in the queue may outlive the session. */
	parked->work.wk_flow = &parked->account->acc_flow;
	parked->before = w->done;
	dmio_parked_add(parked);
	return parked;
}

/* In the receiving thread: answers the call, or hands it on. */
static void
write_conclude(const struct writing *w, int outcome)
{
	const struct dmio_call *call = w->call;
	struct dmover_core *core = call->device->core;
	struct dmio_parked *parked = NULL;
	int err = outcome < 0 ? outcome : 0;

	if ((outcome == WRITE_FULL || outcome == WRITE_SLOW) && call->is_nonblocking) {
		err = -EAGAIN;
	} else if (outcome == WRITE_FULL || outcome == WRITE_SLOW) {
		parked = write_park(w);
		err = -ENOMEM;
	}
	if (parked != NULL) {
		start_posted(core, w->posted);
		if (outcome == WRITE_FULL)
			write_wait(parked);
		else
			writer_ready(&parked->waiter);
		return;
	}
	dmover_session_end_write(call->session);
	if (w->done > 0 || err == 0)
		dmio_answer_count(call->req, w->done);
	else
		dmio_answer_error(call->req, err);
	if (w->posted != NULL)
		dmover_pool_keep(core->pool); /* the loop releases */
	start_posted(core, w->posted);
}

/* With the caller's account: executes the write here, or has a worker do it. */
static void
write_begin(struct writing *w)
{
	struct dmover_core *core = w->call->device->core;
	struct dmover_session *session = dmover_session_ref(w->call->session);
	bool is_answered = false;
	int outcome = WRITE_SLOW;

	if (dmover_pool_enter(core->pool, w->account)) {
		outcome = write_go(w, 0, &is_answered);
		dmover_pool_leave(core->pool, w->account);
	}
	if (is_answered) {
		dmover_session_end_write(session);
		start_posted(core, w->posted);
	} else {
		if (outcome == WRITE_SLOW)
			STATS_ADD(core->stats.st_deferred, 1);
		write_conclude(w, outcome);
	}
	dmover_session_unref(session);
}

/* The session's own account mostly is the caller's. */
static struct dmover_account *
account_of(const struct dmio_call *call, uid_t uid)
{
	struct dmover_account *account = call->session->ses_account;

	if (account->acc_uid == uid)
		return dmover_account_ref(account);
	return dmover_account_get(&call->device->core->accounts, uid);
}

void
dmio_write(const struct dmio_call *call, const uint8_t *buf, size_t size)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(call->req);
	struct writing w = { .call = call, .tid = ctx->pid, .data = buf, .size = size };
	int err = dmover_session_begin_write(call->session, size);

	if (err < 0) {
		dmio_answer_error(call->req, err);
		return;
	}
	err = -ENOMEM;
	w.account = account_of(call, ctx->uid);
	w.scratch = dmio_scratch_get(call->device);
	if (w.tid == 0)
		err = -EPERM; /* a caller that this process cannot see, nor its memory */
	else if (w.account != NULL && w.scratch != NULL)
		err = 0;
	if (err == 0)
		write_begin(&w);
	else
		write_conclude(&w, err);
	if (w.scratch != NULL)
		dmio_scratch_put(call->device, w.scratch);
	if (w.account != NULL)
		dmover_account_put(w.account);
}
