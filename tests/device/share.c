/* SPDX-License-Identifier: BSD-2-Clause */
/* share.c: one session in several descriptors, threads and processes. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

/* The unprivileged user of the tests that need one. */
#define NOBODY 65534

static void
expect_exit(pid_t child, int code)
{
	int status = sleeper_reap(child);

	EXPECT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, code);
}

START_TEST(dup_shares_the_session_and_outlives_the_first_descriptor)
{
	int fd = session_open(NULL), same = dup(fd);

	EXPECT(session_set(same, "zero"), 0);
	EXPECT_ERRNO(session_set(fd, "zero"), EBUSY);
	session_fill(fd, 3, 1);
	close(fd);
	EXPECT(session_response(same).resp_id, 3);
	session_fill(same, 4, 1);
	EXPECT(session_response(same).resp_id, 4);
}
END_TEST

START_TEST(a_forked_child_shares_the_session)
{
	int fd = session_open(NULL);
	pid_t child = fork();

	if (child == 0) {
		bool ok = session_set(fd, "zero") == 0;

		session_fill(fd, 8, 2);
		_exit(ok && session_response(fd).resp_id == 8 ? 0 : 1);
	}
	expect_exit(child, 0);
	/* The child is gone, its session is not, nor the response that it left behind. */
	EXPECT_ERRNO(session_set(fd, "zero"), EBUSY);
	EXPECT(session_response(fd).resp_id, 9);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

/* The same address means other memory in the child; the writer's is meant, at both sizes. */
START_TEST(a_childs_write_means_the_childs_memory)
{
	size_t len = _i == 0 ? PAGE : 4 * MIB;
	uint8_t *from = memory_map(len), *to = memory_map(len);
	int fd = session_open("copy");
	struct request request;
	pid_t child;

	memset(from, 1, len);
	request_init(&request, 1);
	request_in(&request, 0, from, len);
	request_out(&request, to, len);
	child = fork();
	if (child == 0) {
		memset(from, 2, len);
		if (session_run(fd, &request.wire) != 0 || !memory_is(to, 2, len))
			_exit(1);
		_exit(0);
	}
	expect_exit(child, 0);
	EXPECT(memory_is(to, 0, len), true);
	EXPECT(session_run(fd, &request.wire), 0);
	EXPECT(memory_is(to, 1, len), true);
}
END_TEST

/* The parent writes, the child reads the response: the memory is still the parent's. */
START_TEST(who_reads_the_response_does_not_matter)
{
	size_t len = 4 * MIB;
	uint8_t *to = memory_map(len);
	int fd = session_open("fill8");
	struct request request;
	pid_t child;

	request_init(&request, 1);
	request_out(&request, to, len);
	request.wire.req_immediate[0] = 9;
	child = fork();
	if (child == 0) {
		int error = session_response(fd).resp_error;

		_exit(error == 0 && memory_is(to, 0, len) ? 0 : 1);
	}
	session_write(fd, &request.wire, 1);
	expect_exit(child, 0);
	EXPECT(memory_is(to, 9, len), true);
}
END_TEST

static void
send_descriptor(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (char[]){ 'x' }, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	ck_assert_int_eq(sendmsg(socket, &message, 0), 1);
}

static int
receive_descriptor(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* In the process that was handed a session: small and large work on its own memory. */
static int
work_on_handed_session(int fd)
{
	size_t lens[] = { 100, PAGE, 4 * MIB };
	struct request request;

	for (unsigned i = 0; i < 3; i++) {
		uint8_t *memory = memory_map(lens[i]);

		request_init(&request, i);
		request_out(&request, memory, lens[i]);
		request.wire.req_immediate[0] = 0x66;
		if (session_run(fd, &request.wire) != 0 || !memory_is(memory, 0x66, lens[i]))
			return 1;
	}
	return 0;
}

/* The second round hands it to another user. */
START_TEST(a_session_may_be_handed_to_another_process)
{
	int sockets[2], fd;
	pid_t child;

	if (_i == 1 && geteuid() != 0)
		SKIP("needs root for another user's process");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	child = fork();
	if (child == 0) {
		if (_i == 1 && (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
				   setresuid(NOBODY, NOBODY, NOBODY) != 0))
			_exit(2);
		_exit(work_on_handed_session(receive_descriptor(sockets[1])));
	}
	fd = session_open("fill8");
	send_descriptor(sockets[0], fd);
	close(fd);
	expect_exit(child, 0);
}
END_TEST

/* One of several threads that use one session, each with identifiers of its own. */
struct worker {
	pthread_t thread;
	int fd;
	unsigned number;
	atomic_uint *answered; /* for each identifier */
};

#define WORKERS  8
#define ROUNDS   100
#define WORK_LEN 600

static void *
worker_main(void *arg)
{
	struct worker *worker = arg;
	uint8_t *memory = memory_map(WORK_LEN);
	struct request request;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct dmio_usrresp response;

		request_init(&request, worker->number * ROUNDS + i);
		request_out(&request, memory, WORK_LEN);
		request.wire.req_immediate[0] = (uint8_t)i;
		session_write(worker->fd, &request.wire, 1);
		/* Some thread's response; everyone takes as many as it asks for. */
		ck_assert_int_eq(read(worker->fd, &response, sizeof(response)), sizeof(response));
		ck_assert_int_eq(response.resp_error, 0);
		ck_assert_uint_lt(response.resp_id, WORKERS * ROUNDS);
		atomic_fetch_add(&worker->answered[response.resp_id], 1);
	}
	return NULL;
}

START_TEST(threads_share_one_session)
{
	static atomic_uint answered[WORKERS * ROUNDS];
	struct worker workers[WORKERS];
	int fd = session_open("fill8");

	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .fd = fd, .number = i, .answered = answered };
		ck_assert_int_eq(
		    pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	for (unsigned i = 0; i < WORKERS * ROUNDS; i++)
		EXPECT(atomic_load(&answered[i]), 1);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

struct posting {
	int fd;
	struct request request;
	ssize_t written;
};

static void *
post_and_end(void *arg)
{
	struct posting *posting = arg;

	posting->written =
	    write(posting->fd, &posting->request.wire, sizeof(posting->request.wire));
	return NULL;
}

/* The daemon knows the caller by its thread; the memory stays when only that thread goes. */
START_TEST(the_work_of_a_thread_that_has_ended_is_done)
{
	size_t len = 16 * MIB;
	uint8_t *memory = memory_map(len);
	struct posting posting = { .fd = session_open("fill8") };
	pthread_t thread;

	for (unsigned round = 1; round <= 10; round++) {
		request_init(&posting.request, round);
		request_out(&posting.request, memory, len);
		posting.request.wire.req_immediate[0] = (uint8_t)round;
		ck_assert_int_eq(pthread_create(&thread, NULL, post_and_end, &posting), 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		EXPECT(posting.written, sizeof(posting.request.wire));
		EXPECT(session_response(posting.fd).resp_error, 0);
		EXPECT(memory_is(memory, (uint8_t)round, len), true);
	}
}
END_TEST

/* The first thread is a zombie: the state after the name in its stat file. */
static bool
leader_has_ended(void)
{
	char path[64], stat[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	file = fopen(path, "re");
	if (file == NULL)
		return true;
	(void)!fgets(stat, sizeof(stat), file);
	fclose(file);
	return strstr(stat, ") Z") != NULL;
}

static void *
work_after_the_leader(void *arg)
{
	int *fd = arg;

	WAIT_UNTIL(leader_has_ended());
	_exit(work_on_handed_session(*fd));
}

START_TEST(a_process_whose_first_thread_has_ended_is_served)
{
	int fd = session_open("fill8");
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work_after_the_leader, &fd) != 0)
			_exit(2);
		pthread_exit(NULL);
	}
	expect_exit(child, 0);
}
END_TEST

Suite *
suite_share(void)
{
	Suite *suite = suite_create("share");
	TCase *tcase = suite_case(suite, "share");

	tcase_add_test(tcase, dup_shares_the_session_and_outlives_the_first_descriptor);
	tcase_add_test(tcase, a_forked_child_shares_the_session);
	tcase_add_loop_test(tcase, a_childs_write_means_the_childs_memory, 0, 2);
	tcase_add_test(tcase, who_reads_the_response_does_not_matter);
	tcase_add_loop_test(tcase, a_session_may_be_handed_to_another_process, 0, 2);
	tcase_add_test(tcase, threads_share_one_session);
	tcase_add_test(tcase, the_work_of_a_thread_that_has_ended_is_done);
	tcase_add_test(tcase, a_process_whose_first_thread_has_ended_is_served);
	return suite;
}
