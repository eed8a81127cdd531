/* SPDX-License-Identifier: BSD-2-Clause */
/* poll.c: POLLIN when a response is there, POLLOUT below the limit; and who is woken by what. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

START_TEST(an_idle_session_is_writable_only)
{
	int fd = session_open(NULL);

	EXPECT(session_ready(fd), POLLOUT);
	EXPECT(session_set(fd, "copy"), 0);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_response_makes_the_session_readable_until_the_last_is_read)
{
	int fd = session_open("zero");

	session_fill(fd, 0, 3);
	for (unsigned i = 0; i < 3; i++) {
		session_wait(fd, POLLIN);
		EXPECT(session_ready(fd), POLLIN | POLLOUT);
		EXPECT(session_response(fd).resp_error, 0);
	}
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_session_at_the_limit_is_not_writable_until_a_response_is_read)
{
	unsigned depth = suite_depth();
	int fd = session_open("zero");

	session_fill(fd, 0, depth - 1);
	session_wait(fd, POLLIN);
	EXPECT(session_ready(fd), POLLIN | POLLOUT);
	session_fill(fd, 0, 1);
	WAIT_UNTIL(session_ready(fd) & POLLIN);
	EXPECT(session_ready(fd), POLLIN);
	session_drain(fd, 1);
	EXPECT(session_ready(fd), POLLIN | POLLOUT);
	session_drain(fd, depth - 1);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(work_that_is_not_done_is_not_readable)
{
	struct long_request *big = calloc(1, sizeof(*big));
	int fd = session_open("zero");

	request_long(big, 1);
	session_write(fd, &big->wire, 1);
	EXPECT(session_ready(fd), POLLOUT);
	session_nonblock(fd, true);
	struct dmio_usrresp response;

	EXPECT_ERRNO(read(fd, &response, sizeof(response)), EAGAIN);
}
END_TEST

static ssize_t
select_in(int fd, void *buf, size_t len)
{
	struct timeval tv = { .tv_sec = suite_deadline_ms() / 1000 };
	fd_set set;

	(void)buf;
	(void)len;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv) == 1 && FD_ISSET(fd, &set) ? POLLIN : 0;
}

static ssize_t
select_out(int fd, void *buf, size_t len)
{
	struct timeval tv = { .tv_sec = suite_deadline_ms() / 1000 };
	fd_set set;

	(void)buf;
	(void)len;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, NULL, &set, NULL, &tv) == 1 && FD_ISSET(fd, &set) ? POLLOUT : 0;
}

static ssize_t
epoll_one(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(0), n;

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return -1;
	n = epoll_wait(epoll, &event, 1, suite_deadline_ms());
	close(epoll);
	return n == 1 ? (ssize_t)event.events : n;
}

static ssize_t
epoll_in(int fd, void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return epoll_one(fd, EPOLLIN);
}

static ssize_t
epoll_out(int fd, void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return epoll_one(fd, EPOLLOUT);
}

static ssize_t
epoll_in_edge(int fd, void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return epoll_one(fd, EPOLLIN | EPOLLET);
}

static ssize_t (*const pollers_in[])(
    int, void *, size_t) = { sleeper_poll_in, select_in, epoll_in, epoll_in_edge };
static ssize_t (*const pollers_out[])(
    int, void *, size_t) = { sleeper_poll_out, select_out, epoll_out };

START_TEST(a_completion_wakes_who_polls_for_input)
{
	int fd = session_open("zero");
	struct sleeper poller = { .fd = fd, .call = pollers_in[_i] };

	for (unsigned round = 0; round < 20; round++) {
		sleeper_start(&poller);
		sleeper_wait_asleep(&poller);
		session_fill(fd, round, 1);
		sleeper_join(&poller);
		EXPECT(poller.result, POLLIN);
		EXPECT(session_response(fd).resp_id, round);
	}
}
END_TEST

START_TEST(a_late_completion_wakes_who_polls_for_input)
{
	size_t len = 32 * MIB;
	uint8_t *memory = memory_map(len);
	int fd = session_open("zero");
	struct sleeper poller = { .fd = fd, .call = pollers_in[_i] };
	struct request request;

	request_init(&request, 5);
	request_out(&request, memory, len);
	for (unsigned round = 0; round < 5; round++) {
		sleeper_start(&poller);
		session_write(fd, &request.wire, 1);
		sleeper_join(&poller);
		EXPECT(poller.result, POLLIN);
		EXPECT(session_response(fd).resp_id, 5);
	}
}
END_TEST

START_TEST(a_read_wakes_who_polls_for_output)
{
	unsigned depth = suite_depth();
	int fd = session_open("zero");
	struct sleeper poller = { .fd = fd, .call = pollers_out[_i] };

	session_fill(fd, 0, depth);
	for (unsigned round = 0; round < 20; round++) {
		sleeper_start(&poller);
		sleeper_wait_asleep(&poller);
		session_drain(fd, 1);
		sleeper_join(&poller);
		EXPECT(poller.result, POLLOUT);
		session_fill(fd, 0, 1);
	}
}
END_TEST

START_TEST(every_poller_of_a_session_is_woken)
{
	int fd = session_open("zero"), same = dup(fd);
	struct sleeper pollers[6];

	for (unsigned i = 0; i < 6; i++) {
		pollers[i] = (struct sleeper){ .fd = i % 2 ? fd : same, .call = pollers_in[i % 4] };
		sleeper_start(&pollers[i]);
		sleeper_wait_asleep(&pollers[i]);
	}
	session_fill(fd, 0, 1);
	for (unsigned i = 0; i < 6; i++) {
		sleeper_join(&pollers[i]);
		EXPECT(pollers[i].result, POLLIN);
	}
}
END_TEST

START_TEST(a_poller_in_another_process_is_woken)
{
	int fd = session_open("zero"), status;
	pid_t child = fork();

	if (child == 0)
		_exit((int)sleeper_poll_in(fd, NULL, 0));
	sleeper_wait_child(child);
	session_fill(fd, 0, 1);
	status = sleeper_reap(child);
	EXPECT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, POLLIN);
}
END_TEST

START_TEST(one_poll_may_watch_many_sessions)
{
	enum { N = 50 };
	struct pollfd pfds[N];

	for (unsigned i = 0; i < N; i++)
		pfds[i] = (struct pollfd){ .fd = session_open("zero"), .events = POLLIN };
	EXPECT(poll(pfds, N, 0), 0);
	for (unsigned i = 0; i < N; i += 7) {
		session_fill(pfds[i].fd, i, 1);
		EXPECT(poll(pfds, N, suite_deadline_ms()), 1);
		EXPECT(pfds[i].revents, POLLIN);
		EXPECT(session_response(pfds[i].fd).resp_id, i);
	}
	EXPECT(poll(pfds, N, 0), 0);
}
END_TEST

static uint32_t
epoll_next(int epoll, int timeout)
{
	struct epoll_event event = { 0 };
	int n = epoll_wait(epoll, &event, 1, timeout);

	return n == 1 ? event.events : 0;
}

START_TEST(level_triggered_epoll_reports_as_long_as_it_is_so)
{
	int fd = session_open("zero"), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	EXPECT(epoll_next(epoll, 0), 0);
	session_fill(fd, 0, 2);
	for (unsigned i = 0; i < 3; i++)
		EXPECT(epoll_next(epoll, suite_deadline_ms()), EPOLLIN);
	session_drain(fd, 1);
	EXPECT(epoll_next(epoll, suite_deadline_ms()), EPOLLIN);
	session_drain(fd, 1);
	EXPECT(epoll_next(epoll, 0), 0);
}
END_TEST

/* Every change to ready must come as an event; more events than that do no harm. */
START_TEST(edge_triggered_epoll_reports_every_change)
{
	unsigned depth = suite_depth();
	int fd = session_open("zero"), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	EXPECT(epoll_next(epoll, suite_deadline_ms()), EPOLLOUT);
	for (unsigned round = 0; round < 50; round++) {
		/* As a program of that kind does: until EAGAIN, then wait for the edge. */
		session_fill(fd, 0, 1);
		WAIT_UNTIL(epoll_next(epoll, suite_deadline_ms()) & EPOLLIN);
		session_drain(fd, 1);
		EXPECT(session_ready(fd), POLLOUT);
	}
	session_fill(fd, 0, depth);
	while (epoll_next(epoll, 0) != 0)
		continue;
	session_drain(fd, 1);
	WAIT_UNTIL(epoll_next(epoll, suite_deadline_ms()) & EPOLLOUT);
	EXPECT(session_ready(fd), POLLIN | POLLOUT);
}
END_TEST

/* A second completion while the first is unread is news as well. */
START_TEST(edge_triggered_epoll_reports_each_completion)
{
	int fd = session_open("zero"), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	for (unsigned i = 0; i < 10; i++) {
		session_fill(fd, i, 1);
		EXPECT(epoll_next(epoll, suite_deadline_ms()), EPOLLIN);
	}
	session_drain(fd, 10);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

Suite *
suite_poll(void)
{
	Suite *suite = suite_create("poll");
	TCase *tcase = suite_case(suite, "poll");

	tcase_add_test(tcase, an_idle_session_is_writable_only);
	tcase_add_test(tcase, a_response_makes_the_session_readable_until_the_last_is_read);
	tcase_add_test(tcase, a_session_at_the_limit_is_not_writable_until_a_response_is_read);
	tcase_add_test(tcase, work_that_is_not_done_is_not_readable);
	tcase_add_loop_test(tcase, a_completion_wakes_who_polls_for_input, 0, 4);
	tcase_add_loop_test(tcase, a_late_completion_wakes_who_polls_for_input, 0, 4);
	tcase_add_loop_test(tcase, a_read_wakes_who_polls_for_output, 0, 3);
	tcase_add_test(tcase, every_poller_of_a_session_is_woken);
	tcase_add_test(tcase, a_poller_in_another_process_is_woken);
	tcase_add_test(tcase, one_poll_may_watch_many_sessions);
	tcase_add_test(tcase, level_triggered_epoll_reports_as_long_as_it_is_so);
	tcase_add_test(tcase, edge_triggered_epoll_reports_every_change);
	tcase_add_test(tcase, edge_triggered_epoll_reports_each_completion);
	return suite;
}
