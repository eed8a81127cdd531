/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.c: the worker threads, shared fairly between users. */
#include "core/pool.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "core/idle.h"

/* A piece of work is one chunk: well under a millisecond.  40 ms in it is a stall. */
#define STALL_NS 40000000

/* How long destroy waits for workers that are inside a caller's memory. */
#define STOP_SECONDS 2

struct pool_worker {
	struct dmover_seat seat; /* first: the watch hands it back */
	struct dmover_pool *pool;
	struct dmover_idler idler;
	bool is_stalled;          /* (pool lock) */
	struct pool_worker *next; /* (pool lock) of all */
};

struct dmover_pool {
	pthread_mutex_t lock; /* taken after the watch's; not held over wk_run */
	pthread_cond_t gone;  /* nalive went down */
	struct dmover_watch *watch;
	struct dmover_turns users;     /* (lock) accounts with work that may start */
	unsigned workers, uid_threads; /* constant */
	struct pool_worker *all;       /* (lock) */
	struct dmover_idlers idlers;   /* (lock) */
	atomic_bool is_kept;           /* (lock to change) one of them, by dmover_pool_keep() */
	unsigned nthreads, nstalled;   /* (lock) that take work */
	unsigned nalive;               /* (lock) not yet gone */
	bool is_stopping;              /* (lock) */
};

static struct dmover_account *
account_of(struct dmover_turn *turn)
{
	return (struct dmover_account *)((char *)turn - offsetof(struct dmover_account, acc_turn));
}

/* Lets the account wait for its turn when it has work and may have one more thread inside. */
static void
user_update(struct dmover_pool *pool, struct dmover_account *acc, bool is_fresh)
{
	if (acc->acc_is_waiting || dmover_turns_is_empty(&acc->acc_flows) ||
	    acc->acc_inside >= pool->uid_threads)
		return;
	acc->acc_is_waiting = true;
	dmover_turns_add(&pool->users, &acc->acc_turn, is_fresh);
	dmover_idlers_wake(&pool->idlers);
}

/* The next work of the user, of the flow whose turn it is. */
static struct dmover_work *
user_take(struct dmover_account *acc)
{
	struct dmover_flow *flow = (struct dmover_flow *)dmover_turns_take(&acc->acc_flows);
	struct dmover_work *work = flow->flow_head;

	flow->flow_head = work->wk_next;
	if (flow->flow_head != NULL)
		dmover_turns_add(&acc->acc_flows, &flow->flow_turn, false);
	return work;
}

static struct dmover_work *
take(struct dmover_pool *pool)
{
	struct dmover_account *acc;
	struct dmover_turn *turn;
	struct dmover_work *work;

	do {
		turn = dmover_turns_take(&pool->users);
		if (turn == NULL)
			return NULL;
		acc = account_of(turn);
		acc->acc_is_waiting = false;
		/* A front end's thread may have come in since: who leaves puts it back. */
	} while (acc->acc_inside >= pool->uid_threads);
	work = user_take(acc);
	acc->acc_inside++;
	user_update(pool, acc, false);
	return work;
}

static bool
is_surplus(const struct dmover_pool *pool)
{
	return pool->nthreads - pool->nstalled > pool->workers;
}

/* Of this thread; NULL: it is none. */
static _Thread_local struct pool_worker *this_worker;

static void
worker_run(struct pool_worker *worker, struct dmover_work *work)
{
	struct dmover_pool *pool = worker->pool;
	struct dmover_account *acc = work->wk_flow->flow_account;

	dmover_account_ref(acc); /* the work may be gone, and its reference with it */
	pthread_mutex_unlock(&pool->lock);
	dmover_idler_begin(&pool->idlers, &worker->idler);
	dmover_seat_begin(pool->watch, &worker->seat);
	work->wk_run(work);
	dmover_seat_end(&worker->seat);
	pthread_mutex_lock(&pool->lock);
	if (worker->is_stalled) {
		worker->is_stalled = false;
		pool->nstalled--;
	}
	acc->acc_inside--;
	user_update(pool, acc, false);
	dmover_account_put(acc);
}

/* Locked. */
static void
worker_remove(struct pool_worker *worker)
{
	struct pool_worker **at;

	for (at = &worker->pool->all; *at != worker; at = &(*at)->next)
		;
	*at = worker->next;
	dmover_idler_leave(&worker->pool->idlers, &worker->idler);
}

static void *
worker_main(void *arg)
{
	struct pool_worker *worker = arg;
	struct dmover_pool *pool = worker->pool;
	struct dmover_work *work;

	this_worker = worker;
	/* Long work: a thread that answers a caller goes first.  Not to be had: then it does not. */
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
	dmover_watch_add(pool->watch, &worker->seat);
	pthread_mutex_lock(&pool->lock);
	while (!is_surplus(pool)) {
		work = take(pool);
		if (work != NULL)
			worker_run(worker, work);
		else if (pool->is_stopping)
			break;
		else
			dmover_idler_wait(&pool->idlers, &worker->idler, &pool->lock);
	}
	worker_remove(worker);
	pool->nthreads--; /* at once: or others would leave for the same reason */
	pthread_mutex_unlock(&pool->lock);

	dmover_watch_remove(pool->watch, &worker->seat);
	dmover_idler_fini(&worker->idler);
	free(worker);
	pthread_mutex_lock(&pool->lock);
	pool->nalive--;
	pthread_cond_broadcast(&pool->gone);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int worker_start(struct dmover_pool *pool);

/* Watch thread: another worker takes over while this one is stuck. */
static void
worker_stalled(struct dmover_seat *seat)
{
	struct pool_worker *worker = (struct pool_worker *)seat;
	struct dmover_pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	/* It may have come back just now; if not, it takes this lock before it goes on. */
	if (dmover_seat_is_stalled(seat)) {
		worker->is_stalled = true;
		pool->nstalled++;
		if (pool->nthreads < pool->workers + POOL_SPARE_MAX)
			worker_start(pool); /* not to be had: the others go on alone */
	}
	pthread_mutex_unlock(&pool->lock);
}

/* Pool lock held, perhaps the watch's too: the new thread adds its seat itself. */
static int
worker_start(struct dmover_pool *pool)
{
	struct pool_worker *worker = calloc(1, sizeof(*worker));
	pthread_attr_t attr;
	int err;

	if (worker == NULL)
		return -ENOMEM;
	worker->pool = pool;
	worker->seat.seat_limit = STALL_NS;
	worker->seat.seat_stalled = worker_stalled;
	dmover_idler_init(&worker->idler);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* It takes the pool's lock before it does anything. */
	err = pthread_create(&worker->idler.idl_thread, &attr, worker_main, worker);
	pthread_attr_destroy(&attr);
	if (err != 0) {
		dmover_idler_fini(&worker->idler);
		free(worker);
		return -err;
	}
	worker->next = pool->all;
	pool->all = worker;
	pool->nthreads++;
	pool->nalive++;
	return 0;
}

int
dmover_pool_create(struct dmover_watch *watch, unsigned workers, unsigned uid_threads,
    struct dmover_pool **ret_pool)
{
	struct dmover_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attr;
	int err = 0;

	if (pool == NULL)
		return -ENOMEM;
	pool->watch = watch;
	pool->workers = workers;
	dmover_idlers_init(&pool->idlers);
	pool->uid_threads = uid_threads;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->gone, &attr);
	pthread_condattr_destroy(&attr);

	pthread_mutex_lock(&pool->lock);
	for (unsigned i = 0; i < workers && err == 0; i++)
		err = worker_start(pool);
	pthread_mutex_unlock(&pool->lock);
	if (err < 0) {
		dmover_pool_destroy(pool);
		return err;
	}
	*ret_pool = pool;
	return 0;
}

bool
dmover_pool_destroy(struct dmover_pool *pool)
{
	struct timespec until;
	int err = 0;

	if (pool == NULL)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_SECONDS;
	pthread_mutex_lock(&pool->lock);
	pool->is_stopping = true;
	dmover_idlers_release(&pool->idlers);
	while (pool->idlers.ids_n > 0)
		dmover_idlers_wake(&pool->idlers);
	while (pool->nalive > 0 && err == 0)
		err = pthread_cond_timedwait(&pool->gone, &pool->lock, &until);
	if (pool->nalive > 0) {
		pthread_mutex_unlock(&pool->lock);
		return false;
	}
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&pool->gone);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return true;
}

/* IS_AGAIN: the work had a turn just now. */
static void
submit(struct dmover_pool *pool, struct dmover_work *work, bool is_again)
{
	struct dmover_flow *flow = work->wk_flow;
	bool is_fresh = false;

	work->wk_next = NULL;
	pthread_mutex_lock(&pool->lock);
	if (flow->flow_head == NULL) {
		flow->flow_head = work;
		is_fresh = dmover_turns_is_empty(&flow->flow_account->acc_flows);
		dmover_turns_add(&flow->flow_account->acc_flows, &flow->flow_turn, !is_again);
		flow->flow_tail = work;
	} else if (is_again) {
		work->wk_next = flow->flow_head;
		flow->flow_head = work;
	} else {
		flow->flow_tail->wk_next = work;
		flow->flow_tail = work;
	}
	/* Who was woken up before was so for other work of the user. */
	if (flow->flow_account->acc_is_waiting && !is_again)
		dmover_idlers_wake(&pool->idlers);
	else
		user_update(pool, flow->flow_account, is_fresh && !is_again);
	pthread_mutex_unlock(&pool->lock);
}

void
dmover_pool_submit(struct dmover_pool *pool, struct dmover_work *work)
{
	submit(pool, work, false);
}

bool
dmover_pool_yield(struct dmover_pool *pool, struct dmover_work *work)
{
	bool waits;

	if (this_worker != NULL)
		dmover_idler_begin(&pool->idlers, &this_worker->idler);
	pthread_mutex_lock(&pool->lock);
	waits = !dmover_turns_is_empty(&pool->users) ||
		!dmover_turns_is_empty(&work->wk_flow->flow_account->acc_flows);
	pthread_mutex_unlock(&pool->lock);
	if (waits)
		submit(pool, work, true);
	return waits;
}

bool
dmover_pool_enter(struct dmover_pool *pool, struct dmover_account *acc)
{
	bool may;

	pthread_mutex_lock(&pool->lock);
	may = acc->acc_inside < pool->uid_threads;
	if (may)
		acc->acc_inside++;
	pthread_mutex_unlock(&pool->lock);
	return may;
}

void
dmover_pool_leave(struct dmover_pool *pool, struct dmover_account *acc)
{
	pthread_mutex_lock(&pool->lock);
	acc->acc_inside--;
	user_update(pool, acc, false);
	pthread_mutex_unlock(&pool->lock);
}

void
dmover_pool_keep(struct dmover_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	dmover_idlers_keep(&pool->idlers);
	atomic_store(&pool->is_kept, true);
	pthread_mutex_unlock(&pool->lock);
}

void
dmover_pool_release(struct dmover_pool *pool)
{
	if (!dmover_pool_is_kept(pool))
		return;
	pthread_mutex_lock(&pool->lock);
	atomic_store(&pool->is_kept, false);
	dmover_idlers_release(&pool->idlers);
	pthread_mutex_unlock(&pool->lock);
}

bool
dmover_pool_is_kept(struct dmover_pool *pool)
{
	return atomic_load(&pool->is_kept);
}

unsigned
dmover_pool_idle(struct dmover_pool *pool)
{
	unsigned n;

	pthread_mutex_lock(&pool->lock);
	n = pool->idlers.ids_n;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

unsigned
dmover_pool_workers(const struct dmover_pool *pool)
{
	return pool->workers;
}
