/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idle.c: workers that wait: where they are woken up, and whether they stay awake. */
#include "unit.h"

#include <sched.h>
#include <string.h>

#include "core/clock.h"
#include "core/idle.h"
#include "core/pool.h"
#include "rig.h"

static struct dmover_accounts accounts;
static struct dmover_account *ann, *bob;
static struct dmover_watch *watch;
static struct dmover_pool *pool;
static sem_t entered, go;

static void
setup(void)
{
	rig_accounts(&accounts);
	ann = dmover_account_get(&accounts, 1);
	bob = dmover_account_get(&accounts, 2);
	sem_init(&entered, 0, 0);
	sem_init(&go, 0, 0);
	ck_assert_int_eq(dmover_watch_create(&watch), 0);
}

static void
teardown(void)
{
	dmover_watch_destroy(watch);
	dmover_account_put(ann);
	dmover_account_put(bob);
	dmover_accounts_fini(&accounts);
}

/* Workers, all of which wait. */
static void
start(unsigned workers)
{
	same_int(dmover_pool_create(watch, workers, workers, &pool), 0);
	while (dmover_pool_idle(pool) < workers)
		sched_yield();
}

/* Keeps the processor; then this thread may run on ALL again. */
static void
keep(int cpu, const cpu_set_t *all)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	dmover_pool_keep(pool);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(*all), all), 0);
}

/* Tells where it may run, and waits. */
struct placed {
	struct dmover_work work; /* first */
	cpu_set_t cpus;
};

static void
look_around(struct dmover_work *work)
{
	struct placed *placed = (struct placed *)work;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(placed->cpus), &placed->cpus), 0);
	sem_post(&entered);
	unit_take(&go);
}

/* Goes on for longer than a worker keeps its place, and then tells. */
static void
stay_long(struct dmover_work *work)
{
	for (int64_t until = dmover_now() + 30000000; dmover_now() < until;)
		holds(!dmover_pool_yield(pool, work));
	look_around(work);
}

START_TEST(workers_are_woken_up_on_processors_of_their_own)
{
	struct placed first = { .work = { .wk_run = look_around, .wk_flow = &ann->acc_flow } };
	struct placed other = { .work = { .wk_run = look_around, .wk_flow = &bob->acc_flow } };
	cpu_set_t all, both;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	start(2);
	dmover_pool_submit(pool, &first.work);
	dmover_pool_submit(pool, &other.work);
	unit_take(&entered);
	unit_take(&entered);
	same_size(dmover_pool_idle(pool), 0);
	if (CPU_COUNT(&all) >= 2) {
		same_int(CPU_COUNT(&first.cpus), 1);
		same_int(CPU_COUNT(&other.cpus), 1);
		CPU_OR(&both, &first.cpus, &other.cpus);
		same_int(CPU_COUNT(&both), 2);
	}
	sem_post(&go);
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
}
END_TEST

START_TEST(a_worker_with_much_to_do_may_go_anywhere)
{
	struct placed placed = { .work = { .wk_run = stay_long, .wk_flow = &ann->acc_flow } };
	cpu_set_t all;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	start(1);
	dmover_pool_submit(pool, &placed.work);
	unit_take(&entered);
	holds(CPU_EQUAL(&placed.cpus, &all));
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
}
END_TEST

START_TEST(a_worker_is_woken_up_where_it_was)
{
	struct placed placed = { .work = { .wk_run = look_around, .wk_flow = &ann->acc_flow } };
	cpu_set_t all;
	int lowest = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(lowest, &all))
		lowest++;
	start(1);
	/* Where it would go first is kept at first, and then free. */
	keep(lowest, &all);
	for (int i = 0; i < 2; i++) {
		dmover_pool_submit(pool, &placed.work);
		if (CPU_COUNT(&all) == 1)
			dmover_pool_release(pool);
		unit_take(&entered);
		same_int(CPU_ISSET(lowest, &placed.cpus), CPU_COUNT(&all) == 1);
		same_int(CPU_COUNT(&placed.cpus), 1);
		sem_post(&go);
		while (dmover_pool_idle(pool) < 1)
			sched_yield();
		dmover_pool_release(pool);
	}
	holds(dmover_pool_destroy(pool));
}
END_TEST

START_TEST(a_processor_that_is_kept_gets_a_worker_when_it_is_released)
{
	struct placed works[CPU_SETSIZE];
	cpu_set_t all;
	int kept = sched_getcpu();
	unsigned n;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	n = (unsigned)CPU_COUNT(&all);
	start(n);
	keep(kept, &all);
	for (unsigned i = 0; i < n; i++) {
		works[i].work =
		    (struct dmover_work){ .wk_run = look_around, .wk_flow = &ann->acc_flow };
		dmover_pool_submit(pool, &works[i].work);
	}
	for (unsigned i = 0; i + 1 < n; i++) {
		unit_take(&entered);
		holds(!CPU_ISSET(kept, &works[i].cpus));
	}
	same_size(dmover_pool_idle(pool), 1);
	holds(dmover_pool_is_kept(pool));
	dmover_pool_release(pool);
	holds(!dmover_pool_is_kept(pool));
	unit_take(&entered);
	holds(CPU_ISSET(kept, &works[n - 1].cpus));
	same_size(dmover_pool_idle(pool), 0);
	for (unsigned i = 0; i < n; i++)
		sem_post(&go);
	holds(dmover_pool_destroy(pool));
}
END_TEST

/* A worker without a pool, that waits once for each post of ->again. */
struct sleeper {
	struct dmover_idlers idlers;
	struct dmover_idler idler;
	pthread_mutex_t lock;
	sem_t again, woken;
	bool is_ending;
};

static void *
sleeper_main(void *arg)
{
	struct sleeper *sleeper = arg;

	for (;;) {
		unit_take(&sleeper->again);
		if (sleeper->is_ending)
			return NULL;
		pthread_mutex_lock(&sleeper->lock);
		dmover_idler_wait(&sleeper->idlers, &sleeper->idler, &sleeper->lock);
		pthread_mutex_unlock(&sleeper->lock);
		sem_post(&sleeper->woken);
	}
}

static void
sleeper_start(struct sleeper *sleeper)
{
	memset(sleeper, 0, sizeof(*sleeper));
	dmover_idlers_init(&sleeper->idlers);
	dmover_idler_init(&sleeper->idler);
	pthread_mutex_init(&sleeper->lock, NULL);
	sem_init(&sleeper->again, 0, 0);
	sem_init(&sleeper->woken, 0, 0);
	ck_assert_int_eq(
	    pthread_create(&sleeper->idler.idl_thread, NULL, sleeper_main, sleeper), 0);
}

static void
sleeper_stop(struct sleeper *sleeper)
{
	sleeper->is_ending = true;
	sem_post(&sleeper->again);
	ck_assert_int_eq(pthread_join(sleeper->idler.idl_thread, NULL), 0);
	dmover_idler_fini(&sleeper->idler);
	pthread_mutex_destroy(&sleeper->lock);
}

/* Lets it wait, and wakes it up awake or asleep.  True when it was as wanted. */
static bool
sleeper_wake(struct sleeper *sleeper, bool awake)
{
	bool is_there = false, was_awake = false;

	sem_post(&sleeper->again);
	while (!is_there) {
		pthread_mutex_lock(&sleeper->lock);
		was_awake = sleeper->idler.idl_is_awake;
		is_there = sleeper->idlers.ids_n == 1 && (awake || !was_awake);
		if (is_there)
			dmover_idlers_wake(&sleeper->idlers);
		pthread_mutex_unlock(&sleeper->lock);
	}
	unit_take(&sleeper->woken);
	return was_awake == awake;
}

START_TEST(a_worker_stays_awake_as_long_as_that_is_of_use)
{
	static struct sleeper sleeper;
	const struct dmover_backoff *backoff = &sleeper.idler.idl_awake;
	unsigned misses;

	sleeper_start(&sleeper);
	/* In vain, and so not at all the next time. */
	holds(sleeper_wake(&sleeper, false));
	same_size(backoff->bko_misses, 1);
	same_size(backoff->bko_left, 1);
	holds(sleeper_wake(&sleeper, false));
	same_size(backoff->bko_misses, 1);
	same_size(backoff->bko_left, 0);
	/* Of use only when it finds work. */
	while (!sleeper_wake(&sleeper, true))
		;
	misses = backoff->bko_misses;
	holds(misses > 0);
	dmover_idler_begin(&sleeper.idlers, &sleeper.idler);
	same_size(backoff->bko_misses, 0);
	while (!sleeper_wake(&sleeper, true))
		;
	misses = backoff->bko_misses;
	holds(sleeper_wake(&sleeper, false));
	same_size(backoff->bko_misses, misses < BACKOFF_MISSES_MAX ? misses + 1 : misses);
	sleeper_stop(&sleeper);
}
END_TEST

TCase *
unit_idle(void)
{
	TCase *tc = unit_case("idle");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, workers_are_woken_up_on_processors_of_their_own);
	tcase_add_test(tc, a_worker_is_woken_up_where_it_was);
	tcase_add_test(tc, a_worker_with_much_to_do_may_go_anywhere);
	tcase_add_test(tc, a_processor_that_is_kept_gets_a_worker_when_it_is_released);
	tcase_add_test(tc, a_worker_stays_awake_as_long_as_that_is_of_use);
	return tc;
}
