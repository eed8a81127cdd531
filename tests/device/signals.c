/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c: what a signal does to a caller that waits. */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

static void
ignore(int number)
{
	(void)number;
}

/* SIGUSR1 has a handler; FLAGS are of sigaction(2). */
static void
handle_signals(int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

static const int restart[] = { 0, SA_RESTART };

START_TEST(a_signal_ends_a_blocked_read_with_eintr)
{
	struct dmio_usrresp response;
	int fd = session_open("zero");
	struct sleeper reader = {
		.fd = fd, .call = sleeper_read, .buf = &response, .len = sizeof(response)
	};

	handle_signals(restart[_i]);
	for (unsigned round = 0; round < 20; round++) {
		sleeper_start(&reader);
		sleeper_wait_asleep(&reader);
		pthread_kill(reader.thread, SIGUSR1);
		sleeper_join(&reader);
		EXPECT(reader.result, -1);
		EXPECT(reader.error, EINTR);
	}
	/* Nobody waits any more: the response is for who comes next. */
	session_fill(fd, 6, 1);
	EXPECT(session_response(fd).resp_id, 6);
}
END_TEST

START_TEST(a_signal_ends_a_blocked_write_with_eintr)
{
	unsigned depth = suite_depth();
	struct request request;
	int fd = session_open("zero");
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = &request.wire, .len = sizeof(request.wire)
	};

	handle_signals(restart[_i]);
	request_empty(&request, 99);
	session_fill(fd, 0, depth);
	for (unsigned round = 0; round < 20; round++) {
		sleeper_start(&writer);
		sleeper_wait_asleep(&writer);
		pthread_kill(writer.thread, SIGUSR1);
		sleeper_join(&writer);
		EXPECT(writer.result, -1);
		EXPECT(writer.error, EINTR);
	}
	/* None of the interrupted requests was taken. */
	for (unsigned i = 0; i < depth; i++)
		ck_assert_uint_lt(session_response(fd).resp_id, depth);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_signal_during_a_long_write_returns_what_was_taken)
{
	unsigned depth = suite_depth(), n = depth + 10;
	struct iovec nothing = { 0 };
	struct dmio_usrreq *wires = calloc(n, sizeof(*wires));
	int fd = session_open("zero");
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = wires, .len = n * sizeof(*wires)
	};

	handle_signals(restart[_i]);
	for (unsigned i = 0; i < n; i++)
		wires[i] = (struct dmio_usrreq){ .req_outbuf = { &nothing, 1 }, .req_id = i };
	sleeper_start(&writer);
	sleeper_wait_asleep(&writer);
	pthread_kill(writer.thread, SIGUSR1);
	sleeper_join(&writer);
	EXPECT(writer.result, depth * sizeof(*wires));
	session_drain(fd, depth);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_signal_during_a_long_read_returns_what_was_read)
{
	struct long_request *big = calloc(1, sizeof(*big));
	struct dmio_usrresp responses[2];
	struct request small;
	int fd = session_open("zero");
	struct sleeper reader = {
		.fd = fd, .call = sleeper_read, .buf = responses, .len = sizeof(responses)
	};

	handle_signals(restart[_i]);
	request_empty(&small, 1);
	request_long(big, 2);
	session_write(fd, &big->wire, 1);
	session_write(fd, &small.wire, 1);
	session_wait(fd, POLLIN);
	sleeper_start(&reader);
	sleeper_wait_asleep(&reader);
	pthread_kill(reader.thread, SIGUSR1);
	sleeper_join(&reader);
	EXPECT(reader.result, sizeof(responses[0]));
	EXPECT(responses[0].resp_id, 1);
}
END_TEST

START_TEST(a_signal_ends_a_sleeping_poll_with_eintr)
{
	int fd = session_open("zero");
	struct sleeper poller = { .fd = fd, .call = sleeper_poll_in };

	handle_signals(restart[_i]);
	sleeper_start(&poller);
	sleeper_wait_asleep(&poller);
	pthread_kill(poller.thread, SIGUSR1);
	sleeper_join(&poller);
	EXPECT(poller.result, -1);
	EXPECT(poller.error, EINTR);
}
END_TEST

START_TEST(a_signal_for_one_reader_leaves_the_others_asleep)
{
	struct dmio_usrresp responses[3];
	struct sleeper readers[3];
	int fd = session_open("zero");

	handle_signals(0);
	for (unsigned i = 0; i < 3; i++) {
		readers[i] = (struct sleeper){ .fd = fd,
			.call = sleeper_read,
			.buf = &responses[i],
			.len = sizeof(responses[i]) };
		sleeper_start(&readers[i]);
		sleeper_wait_asleep(&readers[i]);
	}
	pthread_kill(readers[1].thread, SIGUSR1);
	sleeper_join(&readers[1]);
	EXPECT(readers[1].error, EINTR);
	sleeper_wait_asleep(&readers[0]);
	sleeper_wait_asleep(&readers[2]);
	session_fill(fd, 0, 2);
	sleeper_join(&readers[0]);
	sleeper_join(&readers[2]);
	EXPECT(responses[0].resp_id + responses[2].resp_id, 1);
}
END_TEST

/* A thread that is shot at all the time while it writes and reads. */
struct target {
	int fd;
	unsigned n;
	unsigned accepted, answered;
	uint64_t sum;
	atomic_bool done;
};

static void *
target_main(void *arg)
{
	struct target *target = arg;
	struct dmio_usrresp responses[5];
	struct iovec nothing = { 0 };
	struct dmio_usrreq wires[3];

	while (target->answered < target->n) {
		ssize_t len;

		for (unsigned i = 0; i < 3; i++)
			wires[i] = (struct dmio_usrreq){ .req_outbuf = { &nothing, 1 },
				.req_id = target->accepted + i };
		if (target->accepted < target->n) {
			len = write(target->fd, wires, sizeof(wires));
			if (len > 0)
				target->accepted += (unsigned)((size_t)len / sizeof(wires[0]));
		}
		len = target->accepted == target->answered
			  ? 0
			  : read(target->fd, responses, sizeof(responses));
		for (ssize_t i = 0; i < len / (ssize_t)sizeof(responses[0]);
		     i++, target->answered++)
			target->sum += responses[i].resp_id;
	}
	atomic_store(&target->done, true);
	return NULL;
}

START_TEST(nothing_is_lost_or_doubled_in_a_storm_of_signals)
{
	struct target target = { .fd = session_open("zero"), .n = 3000 };
	pthread_t thread;

	handle_signals(0);
	ck_assert_int_eq(pthread_create(&thread, NULL, target_main, &target), 0);
	WAIT_UNTIL((pthread_kill(thread, SIGUSR1), sched_yield(), pthread_kill(thread, SIGUSR1),
	    atomic_load(&target.done)));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	EXPECT(target.answered, target.accepted);
	EXPECT(target.sum, (uint64_t)target.accepted * (target.accepted - 1) / 2);
	EXPECT(session_ready(target.fd), POLLOUT);
}
END_TEST

/* A child that sleeps in read(2), or in write(2) at the limit. */
static pid_t
sleeping_child(bool in_write)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct dmio_usrresp response;
		struct request request;
		int fd = session_open("zero");

		request_empty(&request, 0);
		if (in_write)
			session_fill(fd, 0, suite_depth());
		if (in_write)
			_exit(write(fd, &request.wire, sizeof(request.wire)) > 0);
		_exit(read(fd, &response, sizeof(response)) > 0);
	}
	sleeper_wait_child(child);
	return child;
}

START_TEST(sigkill_ends_a_blocked_caller)
{
	pid_t child = sleeping_child(_i != 0);
	int status;

	ck_assert_int_eq(kill(child, SIGKILL), 0);
	status = sleeper_reap(child);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, true);
	suite_daemon_works();
}
END_TEST

START_TEST(sigterm_ends_a_blocked_caller)
{
	pid_t child;
	int status;

	/* The child must not inherit the handler of Check. */
	signal(SIGTERM, SIG_DFL);
	child = sleeping_child(_i != 0);
	ck_assert_int_eq(kill(child, SIGTERM), 0);
	status = sleeper_reap(child);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, true);
	suite_daemon_works();
}
END_TEST

START_TEST(sigkill_ends_a_caller_with_blocked_threads)
{
	atomic_int *asleep =
	    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int status;

	ck_assert_ptr_ne(asleep, MAP_FAILED);
	child = fork();
	if (child == 0) {
		struct sleeper readers[8];
		struct dmio_usrresp response[8];
		int fd = session_open("zero");

		for (unsigned i = 0; i < 8; i++) {
			readers[i] = (struct sleeper){ .fd = fd,
				.call = sleeper_read,
				.buf = &response[i],
				.len = sizeof(response[i]) };
			sleeper_start(&readers[i]);
			sleeper_wait_asleep(&readers[i]);
			atomic_fetch_add(asleep, 1);
		}
		(void)!read(session_open("zero"), &response[0], sizeof(response[0]));
		_exit(1);
	}
	WAIT_UNTIL(atomic_load(asleep) == 8);
	sleeper_wait_child(child);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	status = sleeper_reap(child);
	EXPECT(WIFSIGNALED(status), true);
}
END_TEST

Suite *
suite_signals(void)
{
	Suite *suite = suite_create("signals");
	TCase *tcase = suite_case(suite, "signals");

	tcase_add_loop_test(tcase, a_signal_ends_a_blocked_read_with_eintr, 0, 2);
	tcase_add_loop_test(tcase, a_signal_ends_a_blocked_write_with_eintr, 0, 2);
	tcase_add_loop_test(tcase, a_signal_during_a_long_write_returns_what_was_taken, 0, 2);
	tcase_add_loop_test(tcase, a_signal_during_a_long_read_returns_what_was_read, 0, 2);
	tcase_add_loop_test(tcase, a_signal_ends_a_sleeping_poll_with_eintr, 0, 2);
	tcase_add_test(tcase, a_signal_for_one_reader_leaves_the_others_asleep);
	tcase_add_test(tcase, nothing_is_lost_or_doubled_in_a_storm_of_signals);
	tcase_add_loop_test(tcase, sigkill_ends_a_blocked_caller, 0, 2);
	tcase_add_loop_test(tcase, sigterm_ends_a_blocked_caller, 0, 2);
	tcase_add_test(tcase, sigkill_ends_a_caller_with_blocked_threads);
	return suite;
}
