/* SPDX-License-Identifier: BSD-2-Clause */
/* async.c: callers that use io_submit(2) and io_uring: their calls work as others do, or fail cleanly. */
#include <fcntl.h>
#include <stdio.h>

#include "memory.h"
#include "session.h"
#include "submit.h"

#define RECORD  ((ssize_t)sizeof(struct dmio_usrreq))
#define CALLS   16
#define PATTERN 0x6b

/* What a front end may say to a call that it does not take this way. */
static bool
is_clean_refusal(ssize_t n)
{
	return n == -EINVAL || n == -EOPNOTSUPP || n == -ESPIPE || n == -EAGAIN;
}

/* Opens a session with O_DIRECT; -1: there is none. */
static int
open_direct(void)
{
	int fd = open(suite_path(), O_RDWR | O_DIRECT);

	if (fd >= 0)
		ck_assert_int_eq(session_set(fd, "copy"), 0);
	return fd;
}

/* Makes one call and waits for it: bytes or -errno. */
static ssize_t
call(struct submit *submit, bool is_write, int fd, void *buf, size_t len)
{
	int err = submit_call(submit, is_write, fd, buf, len);

	return err < 0 ? err : submit_wait(submit);
}

/* Reads N responses, which are good. */
static void
read_responses(struct submit *submit, int fd, unsigned n)
{
	struct dmio_usrresp response;

	for (; n > 0; n--) {
		ssize_t done = call(submit, false, fd, &response, sizeof(response));

		if (done != (ssize_t)sizeof(response)) {
			ck_assert_msg(is_clean_refusal(done), "read: %zd", done);
			response = session_response(fd);
		}
		EXPECT(response.resp_error, 0);
	}
	EXPECT(session_ready(fd) & POLLIN, 0);
}

/* Either all records are taken, and the bytes are there; or each one was refused cleanly. */
static void
copy_by(struct submit *submit, int fd, size_t len)
{
	uint8_t *memory = memory_map(2 * CALLS * len);
	struct request requests[CALLS];
	unsigned taken = 0;

	memory_fill(memory, CALLS * len, (uint32_t)len);
	for (unsigned i = 0; i < CALLS; i++) {
		ssize_t n;

		request_init(&requests[i], i);
		request_in(&requests[i], 0, memory + i * len, len);
		request_out(&requests[i], memory + (CALLS + i) * len, len);
		n = call(submit, true, fd, &requests[i].wire, sizeof(requests[i].wire));
		ck_assert_msg(n == RECORD || is_clean_refusal(n), "write: %zd", n);
		taken += n == RECORD;
	}
	ck_assert_msg(taken == CALLS || taken == 0, "%u of %u writes", taken, CALLS);
	read_responses(submit, fd, taken);
	if (taken > 0)
		EXPECT_BYTES(memory + CALLS * len, memory, CALLS * len);
	memory_unmap(memory, 2 * CALLS * len);
}

/* Once within the call, once posted. */
START_TEST(calls_work_or_are_refused)
{
	struct submit submit;
	int err = submit_open(&submit, (enum submit_way)(_i / 2)), fd;

	if (err < 0)
		SKIP("%s: %s", submit_name((enum submit_way)(_i / 2)), strerror(-err));
	fd = _i % 2 == 0 ? session_open("copy") : open_direct();
	if (fd < 0) {
		submit_close(&submit);
		SKIP("no O_DIRECT: %s", strerror(errno));
	}
	copy_by(&submit, fd, PAGE);
	copy_by(&submit, fd, POSTED_LEN);
	submit_close(&submit);
	close(fd);
	suite_daemon_works();
}
END_TEST

/* The thread that the daemon knows the caller by may be one of the kernel's, and go at any time. */
START_TEST(work_goes_on_when_its_ring_is_closed)
{
	size_t len = 8 * MIB;
	uint8_t *memory = memory_map(len);
	int fd = session_open("fill8"), err;
	struct request request;
	struct submit submit;
	ssize_t n;

	err = submit_open(&submit, (enum submit_way)_i);
	if (err < 0)
		SKIP("%s: %s", submit_name((enum submit_way)_i), strerror(-err));
	request_init(&request, 1);
	request_out(&request, memory, len);
	request.wire.req_immediate[0] = PATTERN;
	n = call(&submit, true, fd, &request.wire, sizeof(request.wire));
	submit_close(&submit);
	if (is_clean_refusal(n))
		SKIP("%s: %s", submit_name((enum submit_way)_i), strerror((int)-n));
	EXPECT(n, RECORD);
	EXPECT(session_response(fd).resp_error, 0);
	EXPECT(memory_is(memory, PATTERN, len), true);
	close(fd);
	memory_unmap(memory, len);
}
END_TEST

/* A read that waits is answered when there is something, as a blocked read(2) is. */
START_TEST(a_read_that_waits_is_answered)
{
	int fd = session_open("zero"), err;
	struct dmio_usrresp response = { .resp_id = 0 };
	struct request request;
	struct submit submit;
	ssize_t n;

	err = submit_open(&submit, (enum submit_way)_i);
	if (err < 0)
		SKIP("%s: %s", submit_name((enum submit_way)_i), strerror(-err));
	/* In one thread: where the kernel makes the caller wait for the call itself, it must be there. */
	request_empty(&request, 4711);
	if (_i != SUBMIT_WORKER)
		session_write(fd, &request.wire, 1);
	n = submit_call(&submit, false, fd, &response, sizeof(response));
	if (_i == SUBMIT_WORKER)
		session_write(fd, &request.wire, 1);
	if (n == 0)
		n = submit_wait(&submit);
	ck_assert_msg(n == (ssize_t)sizeof(response) || is_clean_refusal(n), "read: %zd", n);
	if (is_clean_refusal(n))
		response = session_response(fd);
	EXPECT(response.resp_id, 4711);
	submit_close(&submit);
	close(fd);
}
END_TEST

Suite *
suite_async(void)
{
	Suite *suite = suite_create("async");
	TCase *tcase = suite_case(suite, "async");

	tcase_add_loop_test(tcase, calls_work_or_are_refused, 0, 2 * SUBMIT_WAYS);
	tcase_add_loop_test(tcase, work_goes_on_when_its_ring_is_closed, 0, SUBMIT_WAYS);
	tcase_add_loop_test(tcase, a_read_that_waits_is_answered, 0, SUBMIT_WAYS);
	return suite;
}
