/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.h: the middle layer as a test wants it: an account, a session, chosen engines, no device. */
#ifndef TESTS_UNIT_RIG_H
#define TESTS_UNIT_RIG_H

#include "core/core.h"

struct rig_options {
	const struct dmover_engine *engine; /* forced, in the second lane; NULL: the oracle alone */
	const char *args;                   /* of the engine */
	const char *func;                   /* of the session; NULL: copy */
	unsigned workers;                   /* 0: no pool */
	unsigned limit;                     /* of the session; 0: 1024 */
	unsigned arenas;                    /* 0: 4 */
};

struct rig {
	struct dmover_accounts accounts;
	struct dmover_account *account;
	struct dmover_session *session;
	struct dmover_stats stats;
	struct dmover_dispatch dispatch;
	struct dmover_watch *watch;
	struct dmover_pool *pool;
	struct dmover_stage stage;
};

void rig_start(struct rig *rig, const struct rig_options *options);
/* Everything was answered: checks that nothing is left charged. */
void rig_stop(struct rig *rig);

/* An account table with much of everything. */
void rig_accounts(struct dmover_accounts *accounts);

/* A session with the current layout, whose front end has no pollers. */
struct dmover_session *rig_session(
    struct dmover_account *account, const char *func, unsigned limit);

/* Waits for N responses of the session, then takes them, at most as many. */
unsigned rig_responses(
    struct dmover_session *session, struct dmover_response *responses, unsigned n);

/* Executes the batch as a held one, and frees it; its responses are in the session. */
void rig_hold(struct rig *rig, struct dmover_batch *batch);
/* Posts the batch. */
void rig_post(struct rig *rig, struct dmover_batch *batch);

#endif /* TESTS_UNIT_RIG_H */
