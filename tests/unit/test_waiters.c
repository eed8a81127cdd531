/* SPDX-License-Identifier: BSD-2-Clause */
/* test_waiters.c: who waits for a session, who polls it, and many at once. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "opened.h"

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

START_TEST(readers_are_filled_one_after_the_other)
{
	struct dmover_session *session = opened_session(10);
	struct client one, other, last;

	same_int(dmover_session_reserve(session, 6), 6);
	make_reader(&one, 2 * RESPONSE);
	make_reader(&other, 2 * RESPONSE);
	make_reader(&last, 2 * RESPONSE);
	holds(dmover_session_park(session, &one.waiter));
	holds(dmover_session_park(session, &other.waiter));
	holds(dmover_session_park(session, &last.waiter));
	opened_respond(session, 0, 1);
	same_size(one.nready, 0);
	opened_respond(session, 1, 2);
	same_size(one.nready, 1);
	same_size(other.nready, 0);
	opened_respond(session, 3, 3);
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
	struct dmover_session *session = opened_session(10);
	struct client reader;

	/* Something is outstanding: it waits for the second as well. */
	same_int(dmover_session_reserve(session, 2), 2);
	opened_respond(session, 0, 1);
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	opened_respond(session, 1, 1);
	same_size(reader.nready, 1);
	same_size(reader.waiter.wtr_len, 2 * RESPONSE);

	/* Nothing at all was there: it waits for somebody to write. */
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	same_int(dmover_session_begin_write(session, 40), 0);
	same_int(dmover_session_reserve(session, 1), 1);
	opened_respond(session, 2, 1);
	same_size(reader.nready, 0); /* the write may add more */
	dmover_session_end_write(session);
	same_size(reader.nready, 1);
	same_size(reader.waiter.wtr_len, RESPONSE);

	/* The rest was refused. */
	same_int(dmover_session_reserve(session, 3), 3);
	opened_respond(session, 3, 1);
	make_reader(&reader, 4 * RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	dmover_session_unreserve(session, 2);
	same_size(reader.nready, 1);

	/* It is there already: no waiting. */
	same_int(dmover_session_reserve(session, 1), 1);
	opened_respond(session, 4, 1);
	make_reader(&reader, 4 * RESPONSE);
	holds(!dmover_session_park(session, &reader.waiter));
	same_size(reader.waiter.wtr_len, RESPONSE);
	same_size(reader.nready, 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(a_reader_that_comes_later_does_not_overtake)
{
	struct dmover_session *session = opened_session(10);
	struct client first, second;

	same_int(dmover_session_reserve(session, 3), 3);
	make_reader(&first, 2 * RESPONSE);
	make_reader(&second, RESPONSE);
	holds(dmover_session_park(session, &first.waiter));
	opened_respond(session, 0, 1);
	holds(dmover_session_park(session, &second.waiter));
	opened_respond(session, 1, 2);
	same_size(first.nready + second.nready, 2);
	same_size(id_at(&second, 0), 2);
	dmover_session_close(session);
}
END_TEST

START_TEST(writers_are_let_in_one_after_the_other)
{
	struct dmover_session *session = opened_session(3);
	struct client writers[3], late;
	uint8_t buf[3 * RESPONSE];

	same_int(dmover_session_reserve(session, 3), 3);
	for (int i = 0; i < 3; i++) {
		make_writer(&writers[i], i < 2 ? session : NULL);
		holds(dmover_session_park(session, &writers[i].waiter));
	}
	opened_respond(session, 0, 3);
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
	struct dmover_session *session = opened_session(2);
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
	opened_respond(session, 0, 2);
	same_size(dmover_session_take(session, buf, sizeof(buf)), sizeof(buf));
	same_size(one.nready, 1);
	holds(!dmover_session_unpark(session, &one.waiter));
	holds(dmover_session_unpark(session, &two.waiter));
	same_size(two.nready + three.nready, 0);

	make_reader(&reader, RESPONSE);
	holds(dmover_session_park(session, &reader.waiter));
	holds(dmover_session_unpark(session, &reader.waiter));
	same_int(dmover_session_reserve(session, 1), 1);
	opened_respond(session, 0, 1);
	same_size(reader.nready, 0);
	same_size(reader.waiter.wtr_len, 0);
	dmover_session_close(session);
}
END_TEST

START_TEST(poll_tells_what_would_not_block)
{
	struct dmover_session *session = opened_session(2);
	uint8_t buf[RESPONSE];

	same_int(dmover_session_poll(session, NULL), POLLOUT | POLLWRNORM);
	same_int(dmover_session_reserve(session, 2), 2);
	same_int(dmover_session_poll(session, NULL), 0);
	opened_respond(session, 0, 1);
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
	same_size(opened_handles[i].notified, notified);
	same_size(opened_handles[i].destroyed, destroyed);
}

START_TEST(a_poll_handle_is_notified_or_destroyed_exactly_once)
{
	struct dmover_session *session = opened_session(8);
	uint8_t buf[4 * RESPONSE];

	dmover_session_poll(session, &opened_handles[0]);
	dmover_session_poll(session, &opened_handles[1]);
	check_handle(0, 0, 1);
	same_int(dmover_session_reserve(session, 3), 3);
	check_handle(1, 0, 0);
	opened_respond(session, 0, 2);
	check_handle(1, 1, 0);
	dmover_session_poll(session, &opened_handles[2]);
	same_size(dmover_session_take(session, buf, RESPONSE), RESPONSE);
	check_handle(2, 1, 0);
	dmover_session_poll(session, &opened_handles[3]);
	dmover_session_unreserve(session, 1);
	check_handle(3, 1, 0);
	dmover_session_poll(session, &opened_handles[4]);
	same_size(dmover_session_take(session, buf, 4 * RESPONSE), RESPONSE);
	same_size(dmover_session_take(session, buf, 4 * RESPONSE), 0);
	check_handle(4, 1, 0);
	dmover_session_poll(session, &opened_handles[5]);
	dmover_session_close(session);
	check_handle(5, 0, 1);
	check_handle(0, 0, 1);
	check_handle(1, 1, 0);
}
END_TEST

START_TEST(a_parked_reader_that_is_fed_wakes_pollers_of_the_places_it_frees)
{
	struct dmover_session *session = opened_session(2);
	struct client reader;

	same_int(dmover_session_reserve(session, 2), 2);
	opened_respond(session, 0, 1);
	dmover_session_poll(session, &opened_handles[0]);
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
		opened_respond(race->session, 1, (unsigned)n);
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
	struct race race = { .session = opened_session(16) };
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
unit_waiters(void)
{
	TCase *tc = unit_case("waiters");

	tcase_add_checked_fixture(tc, opened_setup, opened_teardown);
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
