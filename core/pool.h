/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h: the worker threads, shared fairly between users.
 *
 * The pool takes work from the users in turn, and of one user from its flows (sessions) in turn: who
 * has much work delays who has little by one piece of it for each worker.  At most uid_threads
 * threads are inside one user's memory at once; beyond that the user's work waits, and other users
 * notice nothing: a worker that stalls there is replaced by a new one.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>

#include "core/account.h"
#include "core/watch.h"

/* Workers started in place of stalled ones, at the most. */
#define POOL_SPARE_MAX 64

struct dmover_pool;

/* One thing to run.  Owned by the pool from submit until wk_run is called. */
struct dmover_work {
	void (*wk_run)(struct dmover_work *work); /* worker thread; may free or submit it again */
	struct dmover_flow *wk_flow;              /* the owner keeps it, and its account, alive */
	struct dmover_work *wk_next;
};

int dmover_pool_create(struct dmover_watch *watch, unsigned workers, unsigned uid_threads,
    struct dmover_pool **ret_pool);

/*
 * Runs what is queued, then ends the workers.  Returns false when one is still stuck inside a
 * caller's memory: then nothing was freed, and the process can only exit.  NULL is allowed.
 */
bool dmover_pool_destroy(struct dmover_pool *pool);

/* Any thread. */
void dmover_pool_submit(struct dmover_pool *pool, struct dmover_work *work);

/*
 * Submits when other work waits for a turn; else false, and the caller goes on itself.  The work
 * keeps its place in its flow: a session's requests are finished one after the other.
 */
bool dmover_pool_yield(struct dmover_pool *pool, struct dmover_work *work);

/*
 * A thread that is not a worker asks to enter ACC's memory.  False: as many as may are inside;
 * submit work instead.
 */
bool dmover_pool_enter(struct dmover_pool *pool, struct dmover_account *acc);
void dmover_pool_leave(struct dmover_pool *pool, struct dmover_account *acc);

/*
 * The calling thread expects a caller's next call at once: no worker is woken up where it runs, but
 * later, by the release.  (A caller that has posted a large request and reads its response at once
 * was often not heard for milliseconds, because the workers had all processors.)  Any thread may
 * release, at any time; who keeps makes sure that somebody does.
 */
void dmover_pool_keep(struct dmover_pool *pool);
void dmover_pool_release(struct dmover_pool *pool);
bool dmover_pool_is_kept(struct dmover_pool *pool);

/* Workers that wait, and were not woken up. */
unsigned dmover_pool_idle(struct dmover_pool *pool);

unsigned dmover_pool_workers(const struct dmover_pool *pool);

#endif /* CORE_POOL_H */
