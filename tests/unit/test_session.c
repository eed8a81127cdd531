/* SPDX-License-Identifier: BSD-2-Clause */
/* test_session.c: one open: its function, its limit, its responses, who waits, who polls. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/session.h"
#include "rig.h"

#define RESPONSE 16

/* What the front end was told of its poll handles, which are addresses in here. */
static struct handle {
	unsigned notified, destroyed;
} handles[8];

static void
poll_notify(void *handle)
{
	((struct handle *)handle)->notified++;
}

static void
poll_destroy(void *handle)
{
	((struct handle *)handle)->destroyed++;
}

static const struct dmover_session_ops ops = {
	.ssn_poll_notify = poll_notify,
	.ssn_poll_destroy = poll_destroy,
};

static struct dmover_accounts accounts;
static struct dmover_account *account;

static void
setup(void)
{
	memset(handles, 0, sizeof(handles));
	rig_accounts(&accounts);
	account = dmover_account_get(&accounts, 1);
}

static void
teardown(void)
{
	dmover_account_put(account);
	dmover_accounts_fini(&accounts);
}

/* With function and layout. */
static struct dmover_session *
make_session(unsigned limit)
{
	struct dmover_session *session;

	same_int(dmover_session_create(&ops, account, limit, &session), 0);
	same_int(dmover_session_setfunc(session, "copy", false), 0);
	same_int(dmover_session_begin_write(session, 40), 0);
	dmover_session_end_write(session);
	return session;
}

/* N running requests end, with ids from FIRST on. */
static void
respond(struct dmover_session *session, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct dmover_response response = { .rsp_id = first + i };

		dmover_session_respond(session, &response, 1);
	}
}

/* A waiter that counts how often it was told. */
struct client {
	struct dmover_waiter waiter; /* first */
	uint8_t buf[64 * RESPONSE];
	unsigned nready;
	struct dmover_session *takes_one; /* a writer reserves a place at once */
};

static void
client_ready(struct dmover_waiter *waiter)
{
	struct client *client = (struct client *)waiter;

	client->nready++;
	if (client->takes_one != NULL)
		ck_assert_int_eq(dmover_session_reserve(client->takes_one, 1), 1);
}

static void
make_reader(struct client *client, size_t want)
{
	memset(client, 0, sizeof(*client));
	client->waiter.wtr_type = DMOVER_READER;
	client->waiter.wtr_ready = client_ready;
	client->waiter.wtr_buf = client->buf;
	client->waiter.wtr_want = want;
}

static void
make_writer(struct client *client, struct dmover_session *takes_one)
{
	memset(client, 0, sizeof(*client));
	client->waiter.wtr_type = DMOVER_WRITER;
	client->waiter.wtr_ready = client_ready;
	client->takes_one = takes_one;
}

/* The id of response I in what the reader got. */
static uint32_t
id_at(const struct client *client, unsigned i)
{
	uint32_t id;

	memcpy(&id, client->buf + (size_t)i * RESPONSE, sizeof(id));
	return id;
}

START_TEST(a_function_is_selected_once)
{
	struct dmover_session *session;

	same_int(dmover_session_create(&ops, account, 4, &session), 0);
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

	same_int(dmover_session_create(&ops, account, 4, &session), 0);
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

	same_int(dmover_session_create(&ops, account, 4, &session), 0);
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

	same_int(dmover_session_create(&ops, account, 4, &session), 0);
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
	same_int(dmover_session_create(&ops, acc, 4, &one), 0);
	same_int(dmover_session_create(&ops, acc, 4, &other), -EMFILE);
	dmover_session_ref(one);
	dmover_session_close(one);
	holds(atomic_load(&one->ses_is_closing));
	same_int(dmover_session_create(&ops, acc, 4, &other), -EMFILE);
	dmover_session_unref(one);
	same_int(dmover_session_create(&ops, acc, 4, &other), 0);
	/* No byte for responses is left. */
	same_int(dmover_session_reserve(other, 1), -ENOMEM);
	dmover_session_close(other);
	dmover_account_put(acc);
	dmover_accounts_fini(&table);
}
END_TEST

START_TEST(a_request_counts_until_its_response_is_read)
{
	struct dmover_session *session = make_session(10);
	uint8_t buf[10 * RESPONSE];

	same_int(dmover_session_reserve(session, 4), 4);
	same_int(dmover_session_reserve(session, 100), 6);
	same_int(dmover_session_reserve(session, 1), 0);
	respond(session, 0, 10);
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
	struct dmover_session *session = make_session(1000);
	uint32_t next = 0, got = 0, id;
	uint8_t record[RESPONSE];

	/* Take a few each time, so that the ring's head is anywhere when it grows. */
	for (unsigned round = 1; round <= 40; round++) {
		same_int(dmover_session_reserve(session, round), (int)round);
		respond(session, next, round);
		next += round;
		for (unsigned i = 0; i < 7 && got < next; i++) {
			same_size(dmover_session_take(session, record, RESPONSE), RESPONSE);
			memcpy(&id, record, sizeof(id));
			same_size(id, got++);
		}
	}
	same_size(session->ses_charged, session->ses_ring_size * sizeof(struct dmover_response));
	same_size(atomic_load(&account->acc_bytes), session->ses_charged);
	while (got < next) {
		same_size(dmover_session_take(session, record, RESPONSE), RESPONSE);
		memcpy(&id, record, sizeof(id));
		same_size(id, got++);
	}
	dmover_session_close(session);
	same_size(atomic_load(&account->acc_bytes), 0);
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
	same_int(dmover_session_create(&ops, acc, 1000, &session), 0);
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
	struct dmover_session *session = make_session(4);
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

START_TEST(readers_are_filled_one_after_the_other)
{
	struct dmover_session *session = make_session(10);
	struct client one, other, last;

	same_int(dmover_session_reserve(session, 6), 6);
	make_reader(&one, 2 * RESPONSE);
	make_reader(&other, 2 * RESPONSE);
	make_reader(&last, 2 * RESPONSE);
	holds(dmover_session_park(session, &one.waiter));
	holds(dmover_session_park(session, &other.waiter));
	holds(dmover_session_park(session, &last.waiter));
	respond(session, 0, 1);
	same_size(one.nready, 0);
	respond(session, 1, 2);
	same_size(one.nready, 1);
	same_size(other.nready, 0);
	respond(session, 3, 3);
	same_size(one.nready + other.nready + last.nready, 3);
	same_size(id_at(&one, 0) * 100 + id_at(&one, 1), 1);
	same_size(id_at(&other, 0) * 100 + id_at(&other, 1), 203);
	same_size(id_at(&last, 0) * 100 + id_at(&last, 1), 405);
	same_size(last.waiter.wtr_len, 2 * RESPONSE);
	dmover_session_close(session);
}
END_TEST

START_TEST(a_reader_returns_early_when_nothing_more_can_come)
{
	struct dmover_session *session = make_session(10);
	struct client reader;

	/* Something is outstanding: it waits for the second as well. */
	same_int(dmover_session_reserve(session, 2), 2);
	respond(session, 0, 1);
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	respond(session, 1, 1);
	same_size(reader.nready, 1);
	same_size(reader.waiter.wtr_len, 2 * RESPONSE);

	/* Nothing at all was there: it waits for somebody to write. */
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	same_int(dmover_session_begin_write(session, 40), 0);
	same_int(dmover_session_reserve(session, 1), 1);
	respond(session, 2, 1);
	same_size(reader.nready, 0); /* the write may add more */
	dmover_session_end_write(session);
	same_size(reader.nready, 1);
	same_size(reader.waiter.wtr_len, RESPONSE);

	/* The rest was refused. */
	same_int(dmover_session_reserve(session, 3), 3);
	respond(session, 3, 1);
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	dmover_session_unreserve(session, 2);
	same_size(reader.nready, 1);

	/* It is there already: no waiting. */
	same_int(dmover_session_reserve(session, 1), 1);
	respond(session, 4, 1);
	make_reader(&reader, 4 * RESPONSE);
	holds(!dmover_session_park(session, &reader.waiter));
	same_size(reader.waiter.wtr_len, RESPONSE);
	same_size(reader.nready, 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(a_reader_that_comes_later_does_not_overtake)
{
	struct dmover_session *session = make_session(10);
	struct client first, second;

	same_int(dmover_session_reserve(session, 3), 3);
	make_reader(&first, 2 * RESPONSE);
	make_reader(&second, RESPONSE);
	holds(dmover_session_park(session, &first.waiter));
	respond(session, 0, 1);
	holds(dmover_session_park(session, &second.waiter));
	respond(session, 1, 2);
	same_size(first.nready + second.nready, 2);
	same_size(id_at(&second, 0), 2);
	dmover_session_close(session);
}
END_TEST

START_TEST(writers_are_let_in_one_after_the_other)
{
	struct dmover_session *session = make_session(3);
	struct client writers[3], late;
	uint8_t buf[3 * RESPONSE];

	same_int(dmover_session_reserve(session, 3), 3);
	for (int i = 0; i < 3; i++) {
		make_writer(&writers[i], i < 2 ? session : NULL);
		holds(dmover_session_park(session, &writers[i].waiter));
	}
	respond(session, 0, 3);
	same_size(writers[0].nready, 0);
	/* Two places: the first writer takes one of them; the next one follows when it ends. */
	same_size(dmover_session_take(session, buf, 2 * RESPONSE), 2 * RESPONSE);
	same_size(writers[0].nready, 1);
	same_size(writers[1].nready, 0);
	same_int(dmover_session_begin_write(session, 40), 0);
	dmover_session_end_write(session);
	same_size(writers[1].nready, 1);
	same_size(writers[2].nready, 0);
	same_int(dmover_session_begin_write(session, 40), 0);
	dmover_session_end_write(session);
	same_size(writers[2].nready, 0); /* it is full again */
	dmover_session_unreserve(session, 1);
	same_size(writers[2].nready, 1);
	make_writer(&late, NULL);
	holds(!dmover_session_park(session, &late.waiter));
	same_size(late.nready, 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(a_waiter_is_handed_back_exactly_once)
{
	struct dmover_session *session = make_session(2);
	struct client reader, one, two, three;
	uint8_t buf[2 * RESPONSE];

	same_int(dmover_session_reserve(session, 2), 2);
	make_writer(&one, NULL);
	make_writer(&two, NULL);
	make_writer(&three, NULL);
	holds(dmover_session_park(session, &one.waiter));
	holds(dmover_session_park(session, &two.waiter));
	holds(dmover_session_park(session, &three.waiter));
	/* Out of the middle, then out of the end, then one is added behind. */
	holds(dmover_session_unpark(session, &two.waiter));
	holds(!dmover_session_unpark(session, &two.waiter));
	holds(dmover_session_unpark(session, &three.waiter));
	holds(dmover_session_park(session, &two.waiter));
	respond(session, 0, 2);
	same_size(dmover_session_take(session, buf, sizeof(buf)), sizeof(buf));
	same_size(one.nready, 1);
	holds(!dmover_session_unpark(session, &one.waiter));
	holds(dmover_session_unpark(session, &two.waiter));
	same_size(two.nready + three.nready, 0);

	make_reader(&reader, RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	holds(dmover_session_unpark(session, &reader.waiter));
	same_int(dmover_session_reserve(session, 1), 1);
	respond(session, 0, 1);
	same_size(reader.nready, 0);
	same_size(reader.waiter.wtr_len, 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(poll_tells_what_would_not_block)
{
	struct dmover_session *session = make_session(2);
	uint8_t buf[RESPONSE];

	same_int(dmover_session_poll(session, NULL), POLLOUT | POLLWRNORM);
	same_int(dmover_session_reserve(session, 2), 2);
	same_int(dmover_session_poll(session, NULL), 0);
	respond(session, 0, 1);
	same_int(dmover_session_poll(session, NULL), POLLIN | POLLRDNORM);
	dmover_session_take(session, buf, sizeof(buf));
	same_int(dmover_session_poll(session, NULL), POLLOUT | POLLWRNORM);
	dmover_session_close(session);
}
END_TEST

/* Handle I was told so often, and nothing else happened to it. */
static void
check_handle(unsigned i, unsigned notified, unsigned destroyed)
{
	same_size(handles[i].notified, notified);
	same_size(handles[i].destroyed, destroyed);
}

START_TEST(a_poll_handle_is_notified_or_destroyed_exactly_once)
{
	struct dmover_session *session = make_session(8);
	uint8_t buf[4 * RESPONSE];

	dmover_session_poll(session, &handles[0]);
	dmover_session_poll(session, &handles[1]);
	check_handle(0, 0, 1);
	same_int(dmover_session_reserve(session, 3), 3);
	check_handle(1, 0, 0);
	respond(session, 0, 2);
	check_handle(1, 1, 0);
	dmover_session_poll(session, &handles[2]);
	same_size(dmover_session_take(session, buf, RESPONSE), RESPONSE);
	check_handle(2, 1, 0);
	dmover_session_poll(session, &handles[3]);
	dmover_session_unreserve(session, 1);
	check_handle(3, 1, 0);
	dmover_session_poll(session, &handles[4]);
	same_size(dmover_session_take(session, buf, 4 * RESPONSE), RESPONSE);
	same_size(dmover_session_take(session, buf, 4 * RESPONSE), 0);
	check_handle(4, 1, 0);
	dmover_session_poll(session, &handles[5]);
	dmover_session_close(session);
	check_handle(5, 0, 1);
	check_handle(0, 0, 1);
	check_handle(1, 1, 0);
}
END_TEST

START_TEST(a_parked_reader_that_is_fed_wakes_pollers_of_the_places_it_frees)
{
	struct dmover_session *session = make_session(2);
	struct client reader;

	same_int(dmover_session_reserve(session, 2), 2);
	respond(session, 0, 1);
	dmover_session_poll(session, &handles[0]);
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	check_handle(0, 1, 0);
	holds(dmover_session_unpark(session, &reader.waiter));
	dmover_session_unreserve(session, 1);
	dmover_session_close(session);
}
END_TEST

#define RACERS 3
#define RACES  500 /* places that each of them reserves, and more */

struct race {
	struct dmover_session *session;
	atomic_uint responded, taken;
	atomic_bool is_over;
};

static void *
race_write(void *arg)
{
	struct race *race = arg;

	for (unsigned done = 0; done < RACES;) {
		int n = dmover_session_reserve(race->session, 3);

		ck_assert_int_ge(n, 0);
		if (n == 3) {
			dmover_session_unreserve(race->session, 1);
			n--;
		} else if (n == 0) {
			sched_yield();
		}
		respond(race->session, 1, (unsigned)n);
		atomic_fetch_add(&race->responded, (unsigned)n);
		done += (unsigned)n;
	}
	return NULL;
}

static void *
race_read(void *arg)
{
	struct race *race = arg;
	uint8_t buf[5 * RESPONSE];
	size_t len = 0;

	for (bool is_over = false; !is_over || len > 0;) {
		is_over = atomic_load(&race->is_over);
		len = dmover_session_take(race->session, buf, sizeof(buf));
		atomic_fetch_add(&race->taken, (unsigned)(len / RESPONSE));
		if (len == 0)
			sched_yield();
	}
	return NULL;
}

START_TEST(many_threads_lose_no_response)
{
	struct race race = { .session = make_session(16) };
	pthread_t writers[RACERS], reader;

	for (int i = 0; i < RACERS; i++)
		pthread_create(&writers[i], NULL, race_write, &race);
	pthread_create(&reader, NULL, race_read, &race);
	for (int i = 0; i < RACERS; i++)
		pthread_join(writers[i], NULL);
	atomic_store(&race.is_over, true);
	pthread_join(reader, NULL);
	same_size(atomic_load(&race.taken), atomic_load(&race.responded));
	same_size(race.session->ses_nreqs, 0);
	dmover_session_close(race.session);
}
END_TEST

TCase *
unit_session(void)
{
	TCase *tc = unit_case("session");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_function_is_selected_once);
	tcase_add_test(tc, before_the_function_lengths_are_checked_first);
	tcase_add_test(tc, the_first_write_fixes_the_layout);
	tcase_add_test(tc, sessions_count_on_their_account);
	tcase_add_test(tc, a_request_counts_until_its_response_is_read);
	tcase_add_test(tc, the_ring_of_responses_grows_and_keeps_their_order);
	tcase_add_test(tc, without_memory_for_a_longer_ring_fewer_places_are_given);
	tcase_add_test(tc, responses_carry_error_and_result);
	tcase_add_test(tc, readers_are_filled_one_after_the_other);
	tcase_add_test(tc, a_reader_returns_early_when_nothing_more_can_come);
	tcase_add_test(tc, a_reader_that_comes_later_does_not_overtake);
	tcase_add_test(tc, writers_are_let_in_one_after_the_other);
	tcase_add_test(tc, a_waiter_is_handed_back_exactly_once);
	tcase_add_test(tc, poll_tells_what_would_not_block);
	tcase_add_test(tc, a_poll_handle_is_notified_or_destroyed_exactly_once);
	tcase_add_test(tc, a_parked_reader_that_is_fed_wakes_pollers_of_the_places_it_frees);
	tcase_add_test(tc, many_threads_lose_no_response);
	return tc;
}
