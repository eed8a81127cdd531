/* SPDX-License-Identifier: BSD-2-Clause */
/* test_session.c: one open: its function, its limit, its responses. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"
#include "rig.h"

START_TEST(a_function_is_selected_once)
{
	struct dmover_session *session;

	same_int(dmover_session_create(&opened_ops, opened_account, 4, &session), 0);
	same_int(dmover_session_setfunc(session, "nonsense", false), -ESRCH);
	same_int(dmover_session_setfunc(session, "xor3", false), 0);
	same_int(dmover_session_setfunc(session, "xor3", false), -EBUSY);
	same_int(dmover_session_setfunc(session, "nonsense", false), -EBUSY);
	same_size(session->ses_func->dfn_ninputs, 3);
	dmover_session_close(session);
}
END_TEST

START_TEST(before_the_function_lengths_are_checked_first)
{
	struct dmover_session *session;

	same_int(dmover_session_create(&opened_ops, opened_account, 4, &session), 0);
	same_int(dmover_session_begin_write(session, 40), -ENXIO);
	same_int(dmover_session_begin_write(session, 20), -ENXIO);
	same_int(dmover_session_begin_write(session, 39), -EINVAL);
	same_int(dmover_session_begin_read(session, 16), -ENXIO);
	same_int(dmover_session_begin_read(session, 7), -EINVAL);
	same_size(session->ses_nwriters, 0);
	holds(session->ses_layout == NULL);
	dmover_session_close(session);
}
END_TEST

START_TEST(the_first_write_fixes_the_layout)
{
	struct dmover_session *session;

	same_int(dmover_session_create(&opened_ops, opened_account, 4, &session), 0);
	same_int(dmover_session_setfunc(session, "copy", false), 0);
	same_int(dmover_session_begin_write(session, 41), -EINVAL);
	same_int(dmover_session_begin_write(session, 20), -EINVAL);
	same_int(dmover_session_begin_write(session, 32), 0);
	dmover_session_end_write(session);
	same_int(dmover_session_begin_write(session, 40), -EINVAL);
	same_int(dmover_session_begin_write(session, 160), 0);
	dmover_session_end_write(session);
	same_int(dmover_session_begin_read(session, 8), 0);
	same_int(dmover_session_begin_read(session, 12), -EINVAL);
	dmover_session_close(session);

	same_int(dmover_session_create(&opened_ops, opened_account, 4, &session), 0);
	same_int(dmover_session_setfunc(session, "copy", true), 0);
	same_int(dmover_session_begin_write(session, 32), -EINVAL);
	same_int(dmover_session_begin_write(session, 24), 0);
	dmover_session_end_write(session);
	same_int(dmover_session_begin_read(session, 8), -EINVAL);
	same_int(dmover_session_begin_read(session, 16), 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(sessions_count_on_their_account)
{
	const struct dmover_account_limits few = {
		.sessions = 2, .sessions_per_uid = 1, .bytes = 1
	};
	struct dmover_session *one, *other;
	struct dmover_accounts table;
	struct dmover_account *acc;

	dmover_accounts_init(&table, &few);
	acc = dmover_account_get(&table, 1);
	same_int(dmover_session_create(&opened_ops, acc, 4, &one), 0);
	same_int(dmover_session_create(&opened_ops, acc, 4, &other), -EMFILE);
	dmover_session_ref(one);
	dmover_session_close(one);
	holds(atomic_load(&one->ses_is_closing));
	same_int(dmover_session_create(&opened_ops, acc, 4, &other), -EMFILE);
	dmover_session_unref(one);
	same_int(dmover_session_create(&opened_ops, acc, 4, &other), 0);
	/* No byte for responses is left. */
	same_int(dmover_session_reserve(other, 1), -ENOMEM);
	dmover_session_close(other);
	dmover_account_put(acc);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(a_request_counts_until_its_response_is_read)
{
	struct dmover_session *session = opened_session(10);
	uint8_t buf[10 * RESPONSE];

	same_int(dmover_session_reserve(session, 4), 4);
	same_int(dmover_session_reserve(session, 100), 6);
	same_int(dmover_session_reserve(session, 1), 0);
	opened_respond(session, 0, 10);
	same_int(dmover_session_reserve(session, 1), 0);
	same_size(dmover_session_take(session, buf, 2 * RESPONSE + 15), 2 * RESPONSE);
	same_int(dmover_session_reserve(session, 5), 2);
	dmover_session_unreserve(session, 1);
	same_int(dmover_session_reserve(session, 5), 1);
	same_size(dmover_session_take(session, buf, sizeof(buf)), 8 * RESPONSE);
	same_size(dmover_session_take(session, buf, sizeof(buf)), 0);
	dmover_session_unreserve(session, 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(the_ring_of_responses_grows_and_keeps_their_order)
{
	struct dmover_session *session = opened_session(1000);
	uint32_t next = 0, got = 0, id;
	uint8_t record[RESPONSE];

	/* Take a few each time, so that the ring's head is anywhere when it grows. */
	for (unsigned round = 1; round <= 40; round++) {
		same_int(dmover_session_reserve(session, round), (int)round);
		opened_respond(session, next, round);
		next += round;
		for (unsigned i = 0; i < 7 && got < next; i++) {
			same_size(dmover_session_take(session, record, RESPONSE), RESPONSE);
			memcpy(&id, record, sizeof(id));
			same_size(id, got++);
		}
	}
	same_size(session->ses_charged, session->ses_ring_size * sizeof(struct dmover_response));
	same_size(atomic_load(&opened_account->acc_bytes), session->ses_charged);
	while (got < next) {
		same_size(dmover_session_take(session, record, RESPONSE), RESPONSE);
		memcpy(&id, record, sizeof(id));
		same_size(id, got++);
	}
	dmover_session_close(session);
	same_size(atomic_load(&opened_account->acc_bytes), 0);
}
END_TEST

START_TEST(without_memory_for_a_longer_ring_fewer_places_are_given)
{
	const struct dmover_account_limits tight = {
		.sessions = 9,
		.sessions_per_uid = 9,
		.bytes = 20 * sizeof(struct dmover_response),
		.bytes_per_uid = 20 * sizeof(struct dmover_response),
	};
	struct dmover_session *session;
	struct dmover_accounts table;
	struct dmover_account *acc;

	dmover_accounts_init(&table, &tight);
	acc = dmover_account_get(&table, 1);
	same_int(dmover_session_create(&opened_ops, acc, 1000, &session), 0);
	same_int(dmover_session_reserve(session, 5), 5);
	same_int(dmover_session_reserve(session, 100), 11);
	same_int(dmover_session_reserve(session, 1), -ENOMEM);
	dmover_session_unreserve(session, 16);
	dmover_session_close(session);
	same_size(atomic_load(&table.bytes), 0);
	dmover_account_put(acc);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(responses_carry_error_and_result)
{
	struct dmover_session *session = opened_session(4);
	const struct dmover_response responses[] = {
		{ 1, 0, { 1, 2, 3, 4 } },
		{ 2, -EFAULT, { 0 } },
	};
	uint8_t buf[2 * RESPONSE];
	const uint32_t expected[] = { 1, 0, 0x04030201, 0, 2, EFAULT, 0, 0 };

	same_int(dmover_session_reserve(session, 2), 2);
	dmover_session_respond(session, responses, 2);
	same_size(dmover_session_take(session, buf, sizeof(buf)), sizeof(buf));
	same_bytes(buf, expected, sizeof(buf));
	dmover_session_close(session);
}
END_TEST

TCase *
unit_session(void)
{
	TCase *tc = unit_case("session");

	tcase_add_checked_fixture(tc, opened_setup, opened_teardown);
	tcase_add_test(tc, a_function_is_selected_once);
	tcase_add_test(tc, before_the_function_lengths_are_checked_first);
	tcase_add_test(tc, the_first_write_fixes_the_layout);
	tcase_add_test(tc, sessions_count_on_their_account);
	tcase_add_test(tc, a_request_counts_until_its_response_is_read);
	tcase_add_test(tc, the_ring_of_responses_grows_and_keeps_their_order);
	tcase_add_test(tc, without_memory_for_a_longer_ring_fewer_places_are_given);
	tcase_add_test(tc, responses_carry_error_and_result);
	return tc;
}
