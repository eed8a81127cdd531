/* SPDX-License-Identifier: BSD-2-Clause */
/* test_account.c: what one user may have, and what all may have together. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "core/account.h"

static const struct dmover_account_limits limits = {
	.sessions = 3,
	.sessions_per_uid = 2,
	.bytes = 1000,
	.bytes_per_uid = 600,
};

START_TEST(a_user_has_one_account_while_anybody_refers_to_it)
{
	struct dmover_accounts table;
	struct dmover_account *one, *again, *other;

	dmover_accounts_init(&table, &limits);
	one = dmover_account_get(&table, 7);
	again = dmover_account_get(&table, 7);
	other = dmover_account_get(&table, 8);
	holds(one == again && one != other);
	same_size(one->acc_uid, 7);
	dmover_account_put(dmover_account_ref(one));
	dmover_account_put(one);
	holds(dmover_account_get(&table, 7) == again);
	dmover_account_put(again);
	dmover_account_put(again);
	dmover_account_put(other);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(users_of_the_same_bucket_are_told_apart)
{
	struct dmover_account *accounts[300];
	struct dmover_accounts table;

	dmover_accounts_init(&table, &limits);
	for (unsigned i = 0; i < 300; i++)
		accounts[i] = dmover_account_get(&table, i * ACCOUNT_BUCKETS);
	for (unsigned i = 0; i < 300; i++) {
		struct dmover_account *found = dmover_account_get(&table, i * ACCOUNT_BUCKETS);

		holds(found == accounts[i]);
		dmover_account_put(found);
	}
	/* Every other one first: chains lose their middle. */
	for (unsigned i = 0; i < 300; i += 2)
		dmover_account_put(accounts[i]);
	for (unsigned i = 1; i < 300; i += 2)
		dmover_account_put(accounts[i]);
	for (unsigned i = 0; i < ACCOUNT_BUCKETS; i++)
		holds(table.buckets[i] == NULL);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(sessions_are_limited_for_each_user_and_in_all)
{
	struct dmover_accounts table;
	struct dmover_account *one, *other;

	dmover_accounts_init(&table, &limits);
	one = dmover_account_get(&table, 1);
	other = dmover_account_get(&table, 2);
	same_int(dmover_account_open(one), 0);
	same_int(dmover_account_open(one), 0);
	same_int(dmover_account_open(one), -EMFILE);
	same_int(dmover_account_open(other), 0);
	same_int(dmover_account_open(other), -ENFILE);
	/* A refusal costs nothing. */
	dmover_account_close(one);
	same_int(dmover_account_open(other), 0);
	same_size(atomic_load(&table.sessions), 3);
	same_size(atomic_load(&one->acc_sessions), 1);
	dmover_account_put(one);
	dmover_account_put(other);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(bytes_are_limited_for_each_user_and_in_all)
{
	struct dmover_accounts table;
	struct dmover_account *one, *other;

	dmover_accounts_init(&table, &limits);
	one = dmover_account_get(&table, 1);
	other = dmover_account_get(&table, 2);
	same_int(dmover_account_charge(one, 600), 0);
	same_int(dmover_account_charge(one, 1), -ENOMEM);
	same_int(dmover_account_charge(other, 401), -ENOMEM);
	same_int(dmover_account_charge(other, 400), 0);
	same_int(dmover_account_charge(other, 1), -ENOMEM);
	dmover_account_uncharge(one, 600);
	same_int(dmover_account_charge(other, 200), 0);
	same_size(atomic_load(&table.bytes), 600);
	same_size(atomic_load(&one->acc_bytes), 0);
	dmover_account_put(one);
	dmover_account_put(other);
	dmover_accounts_fini(&table);
}
END_TEST

#define THREADS 4
#define ROUNDS  2000

static void *
get_and_put(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct dmover_account *acc = dmover_account_get(arg, (uid_t)(i % 3));

		if (dmover_account_charge(acc, 10) == 0)
			dmover_account_uncharge(acc, 10);
		if (dmover_account_open(acc) == 0)
			dmover_account_close(acc);
		dmover_account_put(acc);
	}
	return NULL;
}

START_TEST(many_threads_leave_nothing_behind)
{
	struct dmover_accounts table;
	pthread_t threads[THREADS];

	dmover_accounts_init(&table, &limits);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, get_and_put, &table);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	same_size(atomic_load(&table.bytes), 0);
	same_size(atomic_load(&table.sessions), 0);
	for (unsigned i = 0; i < ACCOUNT_BUCKETS; i++)
		holds(table.buckets[i] == NULL);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(a_user_has_a_share_of_the_posted_writes)
{
	const struct dmover_account_limits few = {
		.bytes = 1, .bytes_per_uid = 1, .posts = 5, .posts_per_uid = 2
	};
	struct dmover_accounts accounts;
	struct dmover_account *accs[3];

	dmover_accounts_init(&accounts, &few);
	for (unsigned i = 0; i < 3; i++) {
		accs[i] = dmover_account_get(&accounts, 1000 + i);
		ck_assert_ptr_nonnull(accs[i]);
		same_int(dmover_account_post(accs[i]), 0);
		same_int(dmover_account_post(accs[i]), 0);
		same_int(dmover_account_post(accs[i]), -EMFILE);
		if (i == 1)
			dmover_account_unpost(accs[0]);
	}
	same_int(dmover_account_post(accs[0]), -EMFILE);
	dmover_account_unpost(accs[2]);
	same_int(dmover_account_post(accs[0]), 0);
	dmover_account_unpost(accs[0]);
	dmover_account_unpost(accs[0]);
	for (unsigned i = 0; i < 2; i++)
		dmover_account_unpost(accs[1]);
	dmover_account_unpost(accs[2]);
	same_size(atomic_load(&accounts.posts), 0);
	for (unsigned i = 0; i < 3; i++) {
		same_size(atomic_load(&accs[i]->acc_posts), 0);
		dmover_account_put(accs[i]);
	}
	dmover_accounts_fini(&accounts);
}
END_TEST

TCase *
unit_account(void)
{
	TCase *tc = unit_case("account");

	tcase_add_test(tc, a_user_has_one_account_while_anybody_refers_to_it);
	tcase_add_test(tc, users_of_the_same_bucket_are_told_apart);
	tcase_add_test(tc, sessions_are_limited_for_each_user_and_in_all);
	tcase_add_test(tc, bytes_are_limited_for_each_user_and_in_all);
	tcase_add_test(tc, many_threads_leave_nothing_behind);
	tcase_add_test(tc, a_user_has_a_share_of_the_posted_writes);
	return tc;
}
