/* SPDX-License-Identifier: BSD-2-Clause */
/* test_pool.c: workers: turns between users, threads inside one user's memory, stalled ones. */
#include "unit.h"

#include <stdlib.h>

#include "core/pool.h"
#include "rig.h"

#define WORKS 12

/* One piece of work that tells when it runs, and may wait in it. */
struct errand {
	struct dmover_work work; /* first */
	char letter;
	bool waits;
};

static struct dmover_accounts accounts;
static struct dmover_account *ann, *bob;
static struct dmover_watch *watch;
static struct dmover_pool *pool;
static sem_t entered, go, ended;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[64];
static unsigned norder; /* (lock) */
static atomic_uint ninside, most_inside;

static void
setup(void)
{
	norder = 0;
	atomic_store(&most_inside, 0);
	rig_accounts(&accounts);
	ann = dmover_account_get(&accounts, 1);
	bob = dmover_account_get(&accounts, 2);
	sem_init(&entered, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&ended, 0, 0);
	ck_assert_int_eq(dmover_watch_create(&watch), 0);
}

static void
teardown(void)
{
	dmover_watch_destroy(watch);
	dmover_account_put(ann);
	dmover_account_put(bob);
	for (unsigned i = 0; i < ACCOUNT_BUCKETS; i++)
		holds(accounts.buckets[i] == NULL);
	dmover_accounts_fini(&accounts);
}

static void
start(unsigned workers, unsigned uid_threads)
{
	same_int(dmover_pool_create(watch, workers, uid_threads, &pool), 0);
}

static void
run(struct dmover_work *work)
{
	struct errand *errand = (struct errand *)work;
	unsigned n = atomic_fetch_add(&ninside, 1) + 1, most = atomic_load(&most_inside);

	while (n > most && !atomic_compare_exchange_weak(&most_inside, &most, n))
		;
	pthread_mutex_lock(&lock);
	order[norder++] = errand->letter;
	pthread_mutex_unlock(&lock);
	sem_post(&entered);
	if (errand->waits)
		unit_take(&go);
	atomic_fetch_sub(&ninside, 1);
	sem_post(&ended);
}

static void
submit_to(struct errand *errand, struct dmover_flow *flow, char letter, bool waits)
{
	*errand = (struct errand){
		.work = { .wk_run = run, .wk_flow = flow }, .letter = letter, .waits = waits
	};
	dmover_pool_submit(pool, &errand->work);
}

static void
submit(struct errand *errand, struct dmover_account *acc, char letter, bool waits)
{
	submit_to(errand, &acc->acc_flow, letter, waits);
}

START_TEST(all_work_is_run_before_the_workers_end)
{
	struct errand errands[WORKS];

	start(2, 2);
	same_size(dmover_pool_workers(pool), 2);
	for (int i = 0; i < WORKS; i++)
		submit(&errands[i], i % 2 ? ann : bob, 'x', false);
	holds(dmover_pool_destroy(pool));
	same_size(norder, WORKS);
	holds(dmover_pool_destroy(NULL));
}
END_TEST

START_TEST(two_users_take_turns)
{
	struct errand blocker, errands[WORKS];

	start(1, 1);
	submit(&blocker, ann, '-', true);
	unit_take(&entered);
	/* All of ann's is there before any of bob's. */
	for (int i = 0; i < 6; i++)
		submit(&errands[i], ann, (char)('a' + i), false);
	for (int i = 6; i < 9; i++)
		submit(&errands[i], bob, (char)('A' + i - 6), false);
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
	order[norder] = '\0';
	/* ann is inside when bob comes, so bob is first; each user's own work keeps its order. */
	same_text(order, "-AaBbCcdef");
}
END_TEST

START_TEST(two_sessions_of_one_user_take_turns)
{
	struct dmover_flow much = { .flow_account = ann }, little = { .flow_account = ann };
	struct errand blocker, errands[WORKS];

	start(1, 1);
	submit(&blocker, ann, '-', true);
	unit_take(&entered);
	for (int i = 0; i < 6; i++)
		submit_to(&errands[i], &much, (char)('a' + i), false);
	for (int i = 6; i < 8; i++)
		submit_to(&errands[i], &little, (char)('A' + i - 6), false);
	submit(&errands[8], ann, '+', false);
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
	order[norder] = '\0';
	same_text(order, "-aAb+Bcdef");
}
END_TEST

START_TEST(a_small_session_waits_for_no_more_than_what_is_running)
{
	struct dmover_flow much = { .flow_account = ann }, little = { .flow_account = ann };
	struct errand errands[WORKS], small;

	start(1, 1);
	submit_to(&errands[0], &much, '-', true);
	unit_take(&entered);
	for (int i = 1; i < 6; i++)
		submit_to(&errands[i], &much, 'a', true);
	/* The second of them is running when the small one comes. */
	sem_post(&go);
	unit_take(&entered);
	submit_to(&small, &little, 'S', false);
	for (int i = 1; i < 6; i++)
		sem_post(&go);
	holds(dmover_pool_destroy(pool));
	order[norder] = '\0';
	same_text(order, "-aSaaaa");
}
END_TEST

START_TEST(no_more_threads_than_allowed_are_inside_one_user)
{
	struct errand anns[5], bobs[1];

	start(4, 2);
	for (int i = 0; i < 5; i++)
		submit(&anns[i], ann, 'a', true);
	unit_take(&entered);
	unit_take(&entered);
	/* Others notice nothing. */
	submit(&bobs[0], bob, 'B', false);
	unit_take(&entered);
	unit_take(&ended);
	holds(!unit_try(&entered));
	for (int i = 0; i < 5; i++)
		sem_post(&go);
	holds(dmover_pool_destroy(pool));
	same_size(atomic_load(&most_inside) <= 3, 1);
	same_size(norder, 6);
}
END_TEST

START_TEST(a_thread_of_the_front_end_counts_as_inside)
{
	struct errand errand;

	start(2, 1);
	holds(dmover_pool_enter(pool, ann));
	holds(!dmover_pool_enter(pool, ann));
	holds(dmover_pool_enter(pool, bob));
	submit(&errand, ann, 'a', false);
	dmover_pool_leave(pool, bob);
	holds(!unit_try(&entered));
	dmover_pool_leave(pool, ann);
	unit_take(&entered);
	unit_take(&ended);
	holds(dmover_pool_destroy(pool));
}
END_TEST

START_TEST(work_that_waits_for_its_turn_does_not_join_a_front_end_that_came_in_first)
{
	struct errand blocker, errand;

	/* One worker, which bob keeps busy; ann's work may start, and waits for it. */
	start(1, 1);
	submit(&blocker, bob, 'B', true);
	unit_take(&entered);
	submit(&errand, ann, 'a', true);
	if (dmover_pool_enter(pool, ann)) {
		sem_post(&go);
		unit_take(&ended);
		/* bob's next one shows that the worker has passed ann's by. */
		submit(&blocker, bob, 'C', false);
		unit_take(&entered);
		same_int(order[norder - 1], 'C');
		same_size(ann->acc_inside, 1);
		dmover_pool_leave(pool, ann);
	} else {
		sem_post(&go);
		unit_take(&ended);
	}
	unit_take(&entered);
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
}
END_TEST

START_TEST(work_gives_way_only_to_other_work)
{
	struct errand blocker, other, self;

	start(1, 2);
	self =
	    (struct errand){ .work = { .wk_run = run, .wk_flow = &ann->acc_flow }, .letter = 's' };
	holds(!dmover_pool_yield(pool, &self.work));
	submit(&blocker, bob, '-', true);
	unit_take(&entered);
	holds(!dmover_pool_yield(pool, &self.work));
	submit(&other, bob, 'o', false);
	holds(dmover_pool_yield(pool, &self.work));
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
	same_size(norder, 3);
}
END_TEST

START_TEST(a_stalled_worker_is_replaced_and_comes_back)
{
	struct errand stuck, others[3];

	start(1, 4);
	submit(&stuck, ann, 's', true);
	unit_take(&entered);
	/* The only worker is stuck: this one is run by another. */
	submit(&others[0], bob, 'o', false);
	unit_take(&entered);
	unit_take(&ended);
	sem_post(&go);
	unit_take(&ended);
	submit(&others[1], ann, 'o', false);
	submit(&others[2], bob, 'o', false);
	unit_take(&ended);
	unit_take(&ended);
	holds(dmover_pool_destroy(pool));
}
END_TEST

START_TEST(stalls_are_replaced_again_and_again)
{
	struct errand stuck[6], other;

	start(1, 2);
	for (int i = 0; i < 2; i++)
		submit(&stuck[i], ann, 's', true);
	unit_take(&entered);
	unit_take(&entered); /* by the first spare one */
	submit(&other, bob, 'o', false);
	unit_take(&entered); /* by the second */
	unit_take(&ended);
	sem_post(&go);
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
	same_size(norder, 3);
}
END_TEST

START_TEST(a_pool_with_a_stuck_worker_cannot_be_destroyed)
{
	struct errand stuck;

	start(2, 2);
	submit(&stuck, ann, 's', true);
	unit_take(&entered);
	holds(!dmover_pool_destroy(pool));
	/* Nothing was freed: it can be asked once more. */
	sem_post(&go);
	holds(dmover_pool_destroy(pool));
}
END_TEST

static struct errand bouncing;
static unsigned nbounces;

static void
bounce(struct dmover_work *work)
{
	if (++nbounces < 100)
		dmover_pool_submit(pool, work);
	else
		sem_post(&ended);
}

START_TEST(work_may_submit_itself_again)
{
	start(2, 1);
	nbounces = 0;
	bouncing.work = (struct dmover_work){ .wk_run = bounce, .wk_flow = &ann->acc_flow };
	dmover_pool_submit(pool, &bouncing.work);
	unit_take(&ended);
	same_size(nbounces, 100);
	holds(dmover_pool_destroy(pool));
}
END_TEST

TCase *
unit_pool(void)
{
	TCase *tc = unit_case("pool");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_work_is_run_before_the_workers_end);
	tcase_add_test(tc, two_users_take_turns);
	tcase_add_test(tc, two_sessions_of_one_user_take_turns);
	tcase_add_test(tc, a_small_session_waits_for_no_more_than_what_is_running);
	tcase_add_test(tc, no_more_threads_than_allowed_are_inside_one_user);
	tcase_add_test(tc, a_thread_of_the_front_end_counts_as_inside);
	tcase_add_test(
	    tc, work_that_waits_for_its_turn_does_not_join_a_front_end_that_came_in_first);
	tcase_add_test(tc, work_gives_way_only_to_other_work);
	tcase_add_test(tc, a_stalled_worker_is_replaced_and_comes_back);
	tcase_add_test(tc, stalls_are_replaced_again_and_again);
	tcase_add_test(tc, a_pool_with_a_stuck_worker_cannot_be_destroyed);
	tcase_add_test(tc, work_may_submit_itself_again);
	return tc;
}
