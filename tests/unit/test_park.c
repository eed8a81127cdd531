/* SPDX-License-Identifier: BSD-2-Clause */
/* test_park.c: signals for calls that are not answered yet. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "kernel.h"

#define RECORD   ((ssize_t)sizeof(struct dmio_usrreq))
#define RESPONSE ((ssize_t)sizeof(struct dmio_usrresp))

static uint8_t in[8] = { 1, 2, 3 }, out[8];
static struct kernel_copy copy;
static struct dmio_usrreq many[8];

/* A device whose queue takes DEPTH requests, and records that fill it. */
static void
start(struct kernel *kernel, unsigned depth, unsigned uid_threads)
{
	struct dmover_core_options options;

	kernel_options(&options);
	options.queue_depth = depth;
	options.uid_threads = uid_threads;
	kernel_start(kernel, &options, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	for (int i = 0; i < 8; i++)
		many[i] = copy.request;
}

START_TEST(a_reader_that_got_nothing_is_interrupted)
{
	struct kernel_call call;
	struct kernel kernel;

	start(&kernel, 4, 0);
	kernel_begin_read(&kernel, &call, 1);
	holds(kernel_is_waiting(&call));
	kernel_interrupt(&call);
	same_int(kernel_answer(&call), -EINTR);
	kernel_interrupt(&call);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_reader_that_got_something_returns_it)
{
	struct kernel_call call;
	struct kernel kernel;

	start(&kernel, 8, 0);
	same_int(kernel_write(&kernel, many, 2, false), 2 * RECORD);
	/* One more is outstanding: the reader waits for it. */
	same_int(dmover_session_reserve(kernel.session, 1), 1);
	kernel_begin_read(&kernel, &call, 4);
	holds(kernel_is_waiting(&call));
	kernel_interrupt(&call);
	same_int(kernel_answer(&call), 2 * RESPONSE);
	dmover_session_unreserve(kernel.session, 1);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_writer_that_waits_returns_what_was_taken)
{
	struct kernel_call call, other;
	struct dmio_usrresp responses[4];
	struct kernel kernel;

	start(&kernel, 3, 0);
	kernel_begin_write(&kernel, &call, many, 5);
	holds(kernel_is_waiting(&call));
	kernel_begin_write(&kernel, &other, many, 2);
	kernel_interrupt(&call);
	same_int(kernel_answer(&call), 3 * RECORD);
	kernel_interrupt(&other);
	same_int(kernel_answer(&other), -EINTR);
	/* Nothing of the rest was done. */
	same_int(kernel_read(&kernel, responses, 4, true), 3 * RESPONSE);
	same_size(kernel.session->ses_nwriters, 0);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_signal_that_came_first_ends_the_wait_before_it_begins)
{
	struct kernel_call call;
	struct kernel kernel;

	start(&kernel, 2, 0);
	kernel_call(&kernel, &call);
	kernel_interrupt(&call);
	dmio_read(&call.call, sizeof(struct dmio_usrresp));
	same_int(kernel_answer(&call), -EINTR);
	kernel_call(&kernel, &call);
	kernel_interrupt(&call);
	dmio_write(&call.call, (const uint8_t *)many, 5 * sizeof(many[0]));
	same_int(kernel_answer(&call), 2 * RECORD);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_write_that_waits_for_a_worker_is_interrupted)
{
	struct dmio_usrresp response;
	struct kernel_call call;
	struct kernel kernel;

	memset(out, 0, sizeof(out));
	start(&kernel, 4, 1);
	holds(dmover_pool_enter(kernel.core.pool, kernel.session->ses_account));
	kernel_begin_write(&kernel, &call, many, 1);
	holds(kernel_is_waiting(&call));
	kernel_interrupt(&call);
	same_int(kernel_answer(&call), -EINTR);
	kernel_interrupt(&call);
	dmover_pool_leave(kernel.core.pool, kernel.session->ses_account);
	/* The worker finds it answered, and does nothing. */
	kernel_begin_write(&kernel, &call, many, 1);
	same_int(kernel_answer(&call), RECORD);
	same_int(kernel_read(&kernel, &response, 1, true), RESPONSE);
	same_int(kernel_read(&kernel, &response, 1, true), -EAGAIN);
	kernel_stop(&kernel);
}
END_TEST

#define RACES 300

static void *
signals(void *arg)
{
	kernel_interrupt(arg);
	return NULL;
}

START_TEST(a_signal_and_an_answer_at_once_give_one_answer)
{
	struct dmio_usrresp response;
	struct kernel kernel;

	start(&kernel, 4, 0);
	for (int i = 0; i < RACES; i++) {
		struct kernel_call call;
		pthread_t thread;
		ssize_t n;

		kernel_begin_read(&kernel, &call, 1);
		pthread_create(&thread, NULL, signals, &call);
		same_int(kernel_write(&kernel, many, 1, false), RECORD);
		pthread_join(thread, NULL);
		n = kernel_answer(&call);
		holds(n == RESPONSE || n == -EINTR);
		same_int(
		    kernel_read(&kernel, &response, 1, true), n == -EINTR ? RESPONSE : -EAGAIN);
	}
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_signal_for_a_writer_that_goes_on_gives_one_answer)
{
	struct dmio_usrresp responses[4];
	struct kernel kernel;

	start(&kernel, 2, 0);
	for (int i = 0; i < RACES; i++) {
		struct kernel_call call;
		ssize_t n, taken = 0, got;
		pthread_t thread;

		kernel_begin_write(&kernel, &call, many, 4);
		pthread_create(&thread, NULL, signals, &call);
		got = kernel_read(&kernel, responses, 1, false);
		taken += got;
		pthread_join(thread, NULL);
		/* It may go on without end unless it is read. */
		while (kernel_is_waiting(&call))
			if ((got = kernel_read(&kernel, responses, 4, true)) > 0)
				taken += got;
		n = kernel_answer(&call);
		while ((got = kernel_read(&kernel, responses, 4, true)) > 0)
			taken += got;
		same_int(taken / RESPONSE, n / RECORD);
	}
	kernel_stop(&kernel);
}
END_TEST

TCase *
unit_park(void)
{
	TCase *tc = unit_case("park");

	tcase_add_test(tc, a_reader_that_got_nothing_is_interrupted);
	tcase_add_test(tc, a_reader_that_got_something_returns_it);
	tcase_add_test(tc, a_writer_that_waits_returns_what_was_taken);
	tcase_add_test(tc, a_signal_that_came_first_ends_the_wait_before_it_begins);
	tcase_add_test(tc, a_write_that_waits_for_a_worker_is_interrupted);
	tcase_add_test(tc, a_signal_and_an_answer_at_once_give_one_answer);
	tcase_add_test(tc, a_signal_for_a_writer_that_goes_on_gives_one_answer);
	return tc;
}
