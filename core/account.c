/* SPDX-License-Identifier: BSD-2-Clause */
/* account.c: what one user has of the daemon, and how much is left. */
#include "core/account.h"

#include <errno.h>
#include <stdlib.h>

void
dmover_accounts_init(struct dmover_accounts *table, const struct dmover_account_limits *limits)
{
	*table = (struct dmover_accounts){ .limits = *limits };
	pthread_mutex_init(&table->lock, NULL);
}

void
dmover_accounts_fini(struct dmover_accounts *table)
{
	pthread_mutex_destroy(&table->lock);
}

static struct dmover_account **
bucket(struct dmover_accounts *table, uid_t uid)
{
	return &table->buckets[(uid ^ (uid >> 6) ^ (uid >> 16)) % ACCOUNT_BUCKETS];
}

struct dmover_account *
dmover_account_get(struct dmover_accounts *table, uid_t uid)
{
	struct dmover_account **head = bucket(table, uid);
	struct dmover_account *acc;

	pthread_mutex_lock(&table->lock);
	for (acc = *head; acc != NULL && acc->acc_uid != uid; acc = acc->acc_next)
		;
	if (acc == NULL) {
		acc = calloc(1, sizeof(*acc));
		if (acc != NULL) {
			acc->acc_table = table;
			acc->acc_uid = uid;
			acc->acc_flow.flow_account = acc;
			acc->acc_next = *head;
			*head = acc;
		}
	}
	if (acc != NULL)
		acc->acc_refs++;
	pthread_mutex_unlock(&table->lock);
	return acc;
}

struct dmover_account *
dmover_account_ref(struct dmover_account *acc)
{
	struct dmover_accounts *table = acc->acc_table;

	pthread_mutex_lock(&table->lock);
	acc->acc_refs++;
	pthread_mutex_unlock(&table->lock);
	return acc;
}

void
dmover_account_put(struct dmover_account *acc)
{
	struct dmover_accounts *table = acc->acc_table;
	struct dmover_account **at;

	pthread_mutex_lock(&table->lock);
	if (--acc->acc_refs > 0) {
		pthread_mutex_unlock(&table->lock);
		return;
	}
	for (at = bucket(table, acc->acc_uid); *at != acc; at = &(*at)->acc_next)
		;
	*at = acc->acc_next;
	pthread_mutex_unlock(&table->lock);
	free(acc);
}

int
dmover_account_open(struct dmover_account *acc)
{
	struct dmover_accounts *table = acc->acc_table;

	if (atomic_fetch_add(&table->sessions, 1) >= table->limits.sessions) {
		atomic_fetch_sub(&table->sessions, 1);
		return -ENFILE;
	}
	if (atomic_fetch_add(&acc->acc_sessions, 1) >= table->limits.sessions_per_uid) {
		dmover_account_close(acc);
		return -EMFILE;
	}
	return 0;
}

void
dmover_account_close(struct dmover_account *acc)
{
	struct dmover_accounts *table = acc->acc_table;

	atomic_fetch_sub(&acc->acc_sessions, 1);
	atomic_fetch_sub(&table->sessions, 1);
}

int
dmover_account_charge(struct dmover_account *acc, size_t bytes)
{
	struct dmover_accounts *table = acc->acc_table;
	size_t all = atomic_fetch_add(&table->bytes, bytes) + bytes;
	size_t own = atomic_fetch_add(&acc->acc_bytes, bytes) + bytes;

	if (all <= table->limits.bytes && own <= table->limits.bytes_per_uid)
		return 0;
	dmover_account_uncharge(acc, bytes);
	return -ENOMEM;
}

void
dmover_account_uncharge(struct dmover_account *acc, size_t bytes)
{
	struct dmover_accounts *table = acc->acc_table;

	atomic_fetch_sub(&acc->acc_bytes, bytes);
	atomic_fetch_sub(&table->bytes, bytes);
}

int
dmover_account_post(struct dmover_account *acc)
{
	struct dmover_accounts *table = acc->acc_table;
	unsigned all = atomic_fetch_add(&table->posts, 1) + 1;
	unsigned own = atomic_fetch_add(&acc->acc_posts, 1) + 1;

	if (table->limits.posts == 0 ||
	    (all <= table->limits.posts && own <= table->limits.posts_per_uid))
		return 0;
	dmover_account_unpost(acc);
	return -EMFILE;
}

void
dmover_account_unpost(struct dmover_account *acc)
{
	atomic_fetch_sub(&acc->acc_posts, 1);
	atomic_fetch_sub(&acc->acc_table->posts, 1);
}
