/* SPDX-License-Identifier: BSD-2-Clause */
/* close.c: sessions that end with work queued, running or unread. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

#define LARGE  MIB
#define NLARGE 48
/* Samples without a change after which memory counts as quiet; a sample is a millisecond at least. */
#define QUIET 50

/* Posts NLARGE requests that fill memory with PATTERN. */
static void
post_much(int fd, uint8_t *memory, uint8_t pattern)
{
	struct request request;

	for (unsigned i = 0; i < NLARGE; i++) {
		request_init(&request, i);
		request_out(&request, memory + i * LARGE, LARGE);
		request.wire.req_immediate[0] = pattern;
		session_write(fd, &request.wire, 1);
	}
}

static uint64_t
sum_of(const uint8_t *memory)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < NLARGE * LARGE; i += 64)
		sum = sum * 31 + memory[i];
	return sum;
}

/* Waits until the daemon has stopped writing, and then it must not begin again. */
static void
wait_quiet(uint8_t *memory)
{
	uint64_t last = sum_of(memory);
	unsigned same = 0;

	WAIT_UNTIL(
	    (sum_of(memory) == last ? same++ : (same = 0), last = sum_of(memory), same >= QUIET));
	memset(memory, 0x99, NLARGE * LARGE);
	last = sum_of(memory);
	for (unsigned i = 0; i < QUIET; i++) {
		suite_yield();
		EXPECT(sum_of(memory) == last, true);
	}
}

START_TEST(close_with_much_work_pending_ends_it)
{
	uint8_t *memory = memory_map(NLARGE * LARGE);

	for (unsigned round = 0; round < 3; round++) {
		int fd = session_open("fill8");

		post_much(fd, memory, 0x11);
		close(fd);
		suite_daemon_works();
	}
	wait_quiet(memory);
}
END_TEST

/* A request of 64 GiB: it need not run to its end, and nobody else waits for it. */
START_TEST(close_during_a_very_long_request_does_not_block)
{
	struct long_request *big = calloc(1, sizeof(*big));
	struct iovec iov = { 0 };

	request_long(big, 1);
	iov = big->iov[0];
	for (unsigned round = 0; round < 4; round++) {
		int fd = session_open("zero");

		session_write(fd, &big->wire, 1);
		memset(iov.iov_base, 0xff, iov.iov_len);
		WAIT_UNTIL(memchr(iov.iov_base, 0, iov.iov_len) != NULL);
		close(fd);
		suite_daemon_works();
	}
	EXPECT(session_ready(session_open("zero")), POLLOUT);
}
END_TEST

START_TEST(unread_responses_go_with_their_session)
{
	unsigned depth = suite_depth();

	for (unsigned round = 0; round < 50; round++) {
		int fd = session_open("zero");

		session_fill(fd, 0, depth);
		close(fd);
	}
	EXPECT(session_ready(session_open("zero")), POLLOUT);
}
END_TEST

START_TEST(a_process_may_exit_with_work_pending)
{
	uint8_t *memory =
	    mmap(NULL, NLARGE * LARGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	for (unsigned round = 0; round < 6; round++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			post_much(session_open("fill8"), memory, 0x22);
			if (round % 2)
				kill(getpid(), SIGKILL);
			_exit(7);
		}
		status = sleeper_reap(child);
		EXPECT(round % 2 ? WIFSIGNALED(status) : WEXITSTATUS(status) == 7, true);
	}
	suite_daemon_works();
	/* The memory is shared with the dead, so a daemon that went on would be seen. */
	wait_quiet(memory);
}
END_TEST

/* The session lives on in the parent; the memory went with the child. */
START_TEST(work_of_a_dead_process_is_answered_if_its_session_lives)
{
	int fd = session_open("fill8"), status;
	unsigned answered = 0;
	pid_t child = fork();

	if (child == 0) {
		post_much(fd, memory_map(NLARGE * LARGE), 0x33);
		kill(getpid(), SIGKILL);
	}
	status = sleeper_reap(child);
	ck_assert(WIFSIGNALED(status));
	while (answered < NLARGE) {
		int error = session_response(fd).resp_error;

		ck_assert_msg(error == 0 || error == EFAULT, "%s", strerror(error));
		answered++;
	}
	EXPECT(session_ready(fd), POLLOUT);
	close(fd);
	suite_daemon_works();
}
END_TEST

START_TEST(exec_with_work_pending_ends_it)
{
	char *args[] = { "true", NULL };
	int status;

	for (int cloexec = 0; cloexec < 2; cloexec++) {
		pid_t child = fork();

		if (child == 0) {
			int fd = session_open("fill8");

			fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0);
			post_much(fd, memory_map(NLARGE * LARGE), 0x44);
			execv("/bin/true", args);
			_exit(9);
		}
		status = sleeper_reap(child);
		EXPECT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	}
	suite_daemon_works();
}
END_TEST

START_TEST(many_sessions_come_and_go_with_work)
{
	uint8_t *memory = memory_map(LARGE);
	struct request request;

	request_init(&request, 1);
	request_out(&request, memory, LARGE);
	for (unsigned i = 0; i < 300; i++) {
		int fd = session_open("zero");

		request.out_iov.iov_len = i % 3 == 0 ? LARGE : 100;
		session_write(fd, &request.wire, 1);
		if (i % 2)
			EXPECT(session_response(fd).resp_error, 0);
		close(fd);
	}
	EXPECT(session_ready(session_open("zero")), POLLOUT);
}
END_TEST

/* The descriptor goes while a thread sleeps in read(2): the file lives until the call ends. */
START_TEST(close_under_a_sleeping_reader_is_harmless)
{
	struct dmio_usrresp response;
	int fd = session_open("zero"), other = dup(fd);
	struct sleeper reader = {
		.fd = fd, .call = sleeper_read, .buf = &response, .len = sizeof(response)
	};

	sleeper_start(&reader);
	sleeper_wait_asleep(&reader);
	close(fd);
	session_fill(other, 5, 1);
	sleeper_join(&reader);
	EXPECT(reader.result, sizeof(response));
	EXPECT(response.resp_id, 5);
}
END_TEST

/* Memory that the caller gives back while the work runs: EFAULT or done, and no harm. */
START_TEST(memory_unmapped_while_the_work_runs_is_efault_or_done)
{
	int fd = session_open("fill8");
	struct request request;

	for (unsigned i = 0; i < 30; i++) {
		size_t len = 8 * MIB;
		uint8_t *memory = memory_map(len);
		int error;

		request_init(&request, i);
		request_out(&request, memory, len);
		session_write(fd, &request.wire, 1);
		memory_unmap(memory, len);
		error = session_response(fd).resp_error;
		ck_assert_msg(error == 0 || error == EFAULT, "%s", strerror(error));
	}
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

Suite *
suite_close(void)
{
	Suite *suite = suite_create("close");
	TCase *tcase = suite_case(suite, "close");

	tcase_add_test(tcase, close_with_much_work_pending_ends_it);
	tcase_add_test(tcase, close_during_a_very_long_request_does_not_block);
	tcase_add_test(tcase, unread_responses_go_with_their_session);
	tcase_add_test(tcase, a_process_may_exit_with_work_pending);
	tcase_add_test(tcase, work_of_a_dead_process_is_answered_if_its_session_lives);
	tcase_add_test(tcase, exec_with_work_pending_ends_it);
	tcase_add_test(tcase, many_sessions_come_and_go_with_work);
	tcase_add_test(tcase, close_under_a_sleeping_reader_is_harmless);
	tcase_add_test(tcase, memory_unmapped_while_the_work_runs_is_efault_or_done);
	return suite;
}
