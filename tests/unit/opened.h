/* SPDX-License-Identifier: BSD-2-Clause */
/* opened.h: an account, and sessions of it whose front end writes down what it is told. */
#ifndef TESTS_UNIT_OPENED_H
#define TESTS_UNIT_OPENED_H

#include "core/session.h"

#define RESPONSE 16

/* What the front end was told of its poll handles, which are addresses in here. */
extern struct opened_handle {
	unsigned notified, destroyed;
} opened_handles[8];

extern const struct dmover_session_ops opened_ops;
extern struct dmover_account *opened_account;

/* A checked fixture. */
void opened_setup(void);
void opened_teardown(void);

/* A session with function and layout. */
struct dmover_session *opened_session(unsigned limit);
/* N running requests end, with ids from FIRST on. */
void opened_respond(struct dmover_session *session, unsigned first, unsigned n);

#endif /* TESTS_UNIT_OPENED_H */
