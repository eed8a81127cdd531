/* SPDX-License-Identifier: BSD-2-Clause */
/* opened.c: an account, and sessions of it whose front end writes down what it is told. */
#include "opened.h"

#include <string.h>

#include "rig.h"
#include "unit.h"

struct opened_handle opened_handles[8];

static void
poll_notify(void *handle)
{
	((struct opened_handle *)handle)->notified++;
}

static void
poll_destroy(void *handle)
{
	((struct opened_handle *)handle)->destroyed++;
}

const struct dmover_session_ops opened_ops = {
	.ssn_poll_notify = poll_notify,
	.ssn_poll_destroy = poll_destroy,
};

static struct dmover_accounts accounts;
struct dmover_account *opened_account;

void
opened_setup(void)
{
	memset(opened_handles, 0, sizeof(opened_handles));
	rig_accounts(&accounts);
	opened_account = dmover_account_get(&accounts, 1);
}

void
opened_teardown(void)
{
	dmover_account_put(opened_account);
	dmover_accounts_fini(&accounts);
}

struct dmover_session *
opened_session(unsigned limit)
{
	struct dmover_session *session;

	same_int(dmover_session_create(&opened_ops, opened_account, limit, &session), 0);
	same_int(dmover_session_setfunc(session, "copy", false), 0);
	same_int(dmover_session_begin_write(session, 40), 0);
	dmover_session_end_write(session);
	return session;
}

void
opened_respond(struct dmover_session *session, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct dmover_response response = { .rsp_id = first + i };

		dmover_session_respond(session, &response, 1);
	}
}
