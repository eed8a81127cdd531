/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.c: the worker threads, shared fairly between users. */
#include "core/pool.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

/* A piece of work is one chunk: well under a millisecond.  40 ms in it is a stall. */
#define STALL_NS 40000000

/* How long destroy waits for workers that are inside a caller's memory. */
#define STOP_SECONDS 2

struct pool_worker {
	struct dmover_seat seat; /* first: the watch hands it back */
	struct dmover_pool *pool;
	bool is_stalled; /* (pool lock) */
};

struct dmover_pool {
	pthread_mutex_t lock; /* taken after the watch's; not held over wk_run */
	pthread_cond_t work;  /* a queue may have work that may start, or is_stopping */
	pthread_cond_t gone;  /* nalive went down */
	struct dmover_watch *watch;
	struct dmover_turns users;     /* (lock) accounts with work that may start */
	unsigned workers, uid_threads; /* constant */
	unsigned nthreads, nstalled;   /* (lock) that take work */
	unsigned nidle;                /* (lock) that wait for work */
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
	pthread_cond_signal(&pool->work);
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

static void
worker_run(struct pool_worker *worker, struct dmover_work *work)
{
	struct dmover_pool *pool = worker->pool;
	struct dmover_account *acc = work->wk_flow->flow_account;

	dmover_account_ref(acc); /* the work may be gone, and its reference with it */
	pthread_mutex_unlock(&pool->lock);
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

static void
wait_for_work(struct dmover_pool *pool)
{
	pool->nidle++;
	pthread_cond_wait(&pool->work, &pool->lock);
	pool->nidle--;
}

static void *
worker_main(void *arg)
{
	struct pool_worker *worker = arg;
	struct dmover_pool *pool = worker->pool;
	struct dmover_work *work;

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
			wait_for_work(pool);
	}
	pool->nthreads--; /* at once: or others would leave for the same reason */
	pthread_mutex_unlock(&pool->lock);

	dmover_watch_remove(pool->watch, &worker->seat);
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
	pthread_t thread;
	int err;

	if (worker == NULL)
		return -ENOMEM;
	worker->pool = pool;
	worker->seat.seat_limit = STALL_NS;
	worker->seat.seat_stalled = worker_stalled;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, worker_main, worker);
	pthread_attr_destroy(&attr);
	if (err != 0) {
		free(worker);
		return -err;
	}
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
	pool->uid_threads = uid_threads;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
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
	pthread_cond_broadcast(&pool->work);
	while (pool->nalive > 0 && err == 0)
		err = pthread_cond_timedwait(&pool->gone, &pool->lock, &until);
	if (pool->nalive > 0) {
		pthread_mutex_unlock(&pool->lock);
		return false;
	}
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&pool->gone);
	pthread_cond_destroy(&pool->work);
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

bool
dmover_pool_is_idle(struct dmover_pool *pool)
{
	bool is_idle;

	pthread_mutex_lock(&pool->lock);
	is_idle = pool->nidle > 0;
	pthread_mutex_unlock(&pool->lock);
	return is_idle;
}

unsigned
dmover_pool_workers(const struct dmover_pool *pool)
{
	return pool->workers;
}
