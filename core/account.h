/* SPDX-License-Identifier: BSD-2-Clause */
/* account.h: what one user has of the daemon -- sessions, memory, threads -- and how much is left. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/turns.h"

struct dmover_work;
struct dmover_accounts;

/*
 * Work that takes turns with other work of the same user: that of one session, or of nothing in
 * particular.  The pool's, under its lock, but for the account.
 */
struct dmover_flow {
	struct dmover_turn flow_turn;              /* first; of the user's flows that have work */
	struct dmover_account *flow_account;       /* constant; whose memory the work enters */
	struct dmover_work *flow_head, *flow_tail; /* waiting work */
};

struct dmover_account {
	struct dmover_accounts *acc_table;
	uid_t acc_uid;
	unsigned acc_refs;               /* (table lock) */
	struct dmover_account *acc_next; /* (table lock) hash chain */
	atomic_uint acc_sessions;
	atomic_size_t acc_bytes;
	atomic_uint acc_posts;
	/* The pool's part, under its lock. */
	struct dmover_turns acc_flows; /* that have work */
	unsigned acc_inside;           /* threads that may be in this user's memory */
	struct dmover_turn acc_turn;   /* of the users with work that may start */
	bool acc_is_waiting;           /* for its turn */
	struct dmover_flow acc_flow;   /* of work that belongs to no session of this user */
};

/* All are bounds on what callers may make the daemon keep. */
struct dmover_account_limits {
	unsigned sessions; /* open at once, in all */
	unsigned sessions_per_uid;
	size_t bytes; /* descriptors, responses and parked writes, in all */
	size_t bytes_per_uid;
	unsigned posts; /* writes that are posted, in all: each keeps files open; 0: any number */
	unsigned posts_per_uid;
};

#define ACCOUNT_BUCKETS 64

struct dmover_accounts {
	pthread_mutex_t lock;                            /* leaf */
	struct dmover_account *buckets[ACCOUNT_BUCKETS]; /* (lock) */
	struct dmover_account_limits limits;
	atomic_uint sessions;
	atomic_size_t bytes;
	atomic_uint posts;
};

void dmover_accounts_init(
    struct dmover_accounts *table, const struct dmover_account_limits *limits);
void dmover_accounts_fini(struct dmover_accounts *table);

/* The account of UID, referenced; NULL: no memory.  Any thread. */
struct dmover_account *dmover_account_get(struct dmover_accounts *table, uid_t uid);
struct dmover_account *dmover_account_ref(struct dmover_account *acc);
void dmover_account_put(struct dmover_account *acc);

/* One more session.  -ENFILE: too many in all; -EMFILE: too many of this user. */
int dmover_account_open(struct dmover_account *acc);
void dmover_account_close(struct dmover_account *acc);

/* BYTES more; -ENOMEM when the user's share or the whole is used up. */
int dmover_account_charge(struct dmover_account *acc, size_t bytes);
void dmover_account_uncharge(struct dmover_account *acc, size_t bytes);

/* One more posted write; -EMFILE when the user's share or the whole is used up. */
int dmover_account_post(struct dmover_account *acc);
void dmover_account_unpost(struct dmover_account *acc);

#endif /* CORE_ACCOUNT_H */
