/* SPDX-License-Identifier: BSD-2-Clause */
/* blocking.c: who waits, for what, and what ends the wait. */
#include <fcntl.h>
#include <poll.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

/* N requests of length zero with the identifiers 0, 1, ... */
static struct dmio_usrreq *
empties(unsigned n)
{
	static struct iovec nothing;
	struct dmio_usrreq *wires = calloc(n, sizeof(*wires));

	for (unsigned i = 0; i < n; i++)
		wires[i] = (struct dmio_usrreq){ .req_outbuf = { &nothing, 1 }, .req_id = i };
	return wires;
}

START_TEST(write_blocks_at_the_limit_and_wakes_on_read)
{
	unsigned depth = suite_depth();
	struct dmio_usrreq *wires = empties(1);
	int fd = session_open("zero");
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = wires, .len = sizeof(*wires)
	};

	session_fill(fd, 0, depth);
	/* All are done, but a request counts until its response is read. */
	sleeper_start(&writer);
	sleeper_wait_asleep(&writer);
	EXPECT(session_response(fd).resp_error, 0);
	sleeper_join(&writer);
	EXPECT(writer.result, sizeof(*wires));
	session_drain(fd, depth);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_write_longer_than_the_limit_goes_on_as_responses_are_read)
{
	unsigned n = 3 * suite_depth() + 5;
	struct dmio_usrreq *wires = empties(n);
	uint8_t *seen = calloc(n, 1);
	int fd = session_open("zero");
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = wires, .len = n * sizeof(*wires)
	};

	sleeper_start(&writer);
	sleeper_wait_asleep(&writer);
	for (unsigned i = 0; i < n; i++) {
		uint32_t id = session_response(fd).resp_id;

		ck_assert_uint_lt(id, n);
		EXPECT(seen[id]++, 0);
	}
	sleeper_join(&writer);
	EXPECT(writer.result, n * sizeof(*wires));
}
END_TEST

START_TEST(a_nonblocking_write_takes_what_fits_and_then_says_eagain)
{
	unsigned depth = suite_depth(), n = depth + 9;
	struct dmio_usrreq *wires = empties(n);
	int fd = session_open("zero");

	session_nonblock(fd, true);
	EXPECT(write(fd, wires, n * sizeof(*wires)), depth * sizeof(*wires));
	EXPECT_ERRNO(write(fd, wires, sizeof(*wires)), EAGAIN);
	EXPECT_ERRNO(write(fd, wires, n * sizeof(*wires)), EAGAIN);
	session_drain(fd, 3);
	EXPECT(write(fd, wires, n * sizeof(*wires)), 3 * sizeof(*wires));
	EXPECT_ERRNO(write(fd, wires, sizeof(*wires)), EAGAIN);
	session_drain(fd, depth);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_nonblocking_read_takes_what_is_there_or_says_eagain)
{
	struct dmio_usrresp responses[8];
	int fd = session_open("zero");

	session_nonblock(fd, true);
	EXPECT_ERRNO(read(fd, responses, sizeof(responses)), EAGAIN);
	session_fill(fd, 10, 3);
	WAIT_UNTIL(session_ready(fd) & POLLIN);
	EXPECT(read(fd, responses, sizeof(responses)), 3 * sizeof(responses[0]));
	EXPECT_ERRNO(read(fd, responses, sizeof(responses)), EAGAIN);
	session_fill(fd, 10, 3);
	EXPECT(read(fd, responses, sizeof(responses[0])), sizeof(responses[0]));
	EXPECT(read(fd, responses, sizeof(responses)), 2 * sizeof(responses[0]));
}
END_TEST

START_TEST(read_blocks_until_there_is_a_response)
{
	struct dmio_usrresp responses[4];
	int fd = session_open("zero");
	struct sleeper reader = {
		.fd = fd, .call = sleeper_read, .buf = responses, .len = sizeof(responses)
	};

	sleeper_start(&reader);
	sleeper_wait_asleep(&reader);
	/* The buffer has room for four, but then nothing is outstanding. */
	session_fill(fd, 31, 1);
	sleeper_join(&reader);
	EXPECT(reader.result, sizeof(responses[0]));
	EXPECT(responses[0].resp_id, 31);
}
END_TEST

/* The second request takes long; the reader of two sleeps again after the first one's response. */
START_TEST(read_fills_its_buffer_over_several_completions)
{
	size_t len = 64 * MIB;
	uint8_t *memory = memory_map(len), *other = memory_map(1);
	struct dmio_usrresp responses[2] = { 0 };
	struct request requests[2];
	struct dmio_usrreq wires[2];
	int fd = session_open("fill8");

	for (unsigned round = 0; round < 5; round++) {
		request_init(&requests[0], 0);
		request_out(&requests[0], other, 1);
		request_init(&requests[1], 1);
		request_out(&requests[1], memory, len);
		requests[1].wire.req_immediate[0] = (uint8_t)(round + 1);
		wires[0] = requests[0].wire;
		wires[1] = requests[1].wire;
		session_write(fd, wires, 2);
		EXPECT(read(fd, responses, sizeof(responses)), sizeof(responses));
		EXPECT(responses[0].resp_id + responses[1].resp_id, 1);
		EXPECT(responses[0].resp_error | responses[1].resp_error, 0);
		EXPECT(memory_is(memory, (uint8_t)(round + 1), len), true);
	}
}
END_TEST

START_TEST(o_nonblock_counts_as_it_is_at_each_call)
{
	unsigned depth = suite_depth();
	struct dmio_usrreq *wires = empties(1);
	struct dmio_usrresp response;
	int off = 0, on = 1, fd = open(suite_path(), O_RDWR | O_NONBLOCK);
	struct sleeper reader = {
		.fd = fd, .call = sleeper_read, .buf = &response, .len = sizeof(response)
	};
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = wires, .len = sizeof(*wires)
	};

	ck_assert_int_ge(fd, 0);
	EXPECT(session_set(fd, "zero"), 0);
	EXPECT_ERRNO(read(fd, &response, sizeof(response)), EAGAIN);
	session_nonblock(fd, false);
	sleeper_start(&reader);
	sleeper_wait_asleep(&reader);
	session_fill(fd, 1, 1);
	sleeper_join(&reader);
	EXPECT(reader.result, sizeof(response));
	EXPECT(ioctl(fd, FIONBIO, &on), 0);
	EXPECT_ERRNO(read(fd, &response, sizeof(response)), EAGAIN);
	session_fill(fd, 1, depth);
	EXPECT_ERRNO(write(fd, wires, sizeof(*wires)), EAGAIN);
	EXPECT(ioctl(fd, FIONBIO, &off), 0);
	sleeper_start(&writer);
	sleeper_wait_asleep(&writer);
	/* Switching it on later does not wake who sleeps already. */
	EXPECT(ioctl(fd, FIONBIO, &on), 0);
	session_drain(fd, 1);
	sleeper_join(&writer);
	EXPECT(writer.result, sizeof(*wires));
}
END_TEST

START_TEST(each_of_ten_readers_gets_a_response)
{
	struct dmio_usrresp responses[10] = { 0 };
	struct sleeper readers[10];
	int fd = session_open("zero");
	unsigned seen = 0;

	for (unsigned i = 0; i < 10; i++) {
		readers[i] = (struct sleeper){ .fd = fd,
			.call = sleeper_read,
			.buf = &responses[i],
			.len = sizeof(responses[i]) };
		sleeper_start(&readers[i]);
	}
	for (unsigned i = 0; i < 10; i++)
		sleeper_wait_asleep(&readers[i]);
	session_fill(fd, 0, 10);
	for (unsigned i = 0; i < 10; i++) {
		sleeper_join(&readers[i]);
		EXPECT(readers[i].result, sizeof(responses[i]));
		seen |= 1U << responses[i].resp_id;
	}
	EXPECT(seen, 0x3ff);
}
END_TEST

START_TEST(each_of_ten_writers_gets_its_place)
{
	unsigned depth = suite_depth();
	struct dmio_usrreq *wires = empties(10);
	struct sleeper writers[10];
	int fd = session_open("zero");

	session_fill(fd, 100, depth);
	for (unsigned i = 0; i < 10; i++) {
		writers[i] = (struct sleeper){
			.fd = fd, .call = sleeper_write, .buf = &wires[i], .len = sizeof(wires[i])
		};
		sleeper_start(&writers[i]);
	}
	for (unsigned i = 0; i < 10; i++)
		sleeper_wait_asleep(&writers[i]);
	session_drain(fd, depth + 10);
	for (unsigned i = 0; i < 10; i++) {
		sleeper_join(&writers[i]);
		EXPECT(writers[i].result, sizeof(wires[i]));
	}
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_sleeping_writer_does_not_hold_up_other_sessions)
{
	unsigned depth = suite_depth();
	struct dmio_usrreq *wires = empties(1);
	int full = session_open("zero"), other = session_open("zero");
	struct sleeper writer = {
		.fd = full, .call = sleeper_write, .buf = wires, .len = sizeof(*wires)
	};

	session_fill(full, 0, depth);
	sleeper_start(&writer);
	sleeper_wait_asleep(&writer);
	for (unsigned i = 0; i < 3; i++) {
		session_fill(other, 0, depth);
		session_drain(other, depth);
	}
	EXPECT(atomic_load(&writer.done), false);
	session_drain(full, depth + 1);
	sleeper_join(&writer);
	EXPECT(writer.result, sizeof(*wires));
}
END_TEST

/* Reader and writer go round for long, each waiting for the other all the time. */
START_TEST(a_writer_and_a_reader_drive_each_other)
{
	unsigned n = 40 * suite_depth();
	struct dmio_usrreq *wires = empties(n);
	struct dmio_usrresp responses[7];
	int fd = session_open("zero");
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = wires, .len = n * sizeof(*wires)
	};
	uint64_t sum = 0;
	unsigned got = 0;

	sleeper_start(&writer);
	while (got < n) {
		ssize_t len;

		session_wait(fd, POLLIN);
		len = read(fd, responses, sizeof(responses));
		ck_assert_int_gt(len, 0);
		for (size_t i = 0; i < (size_t)len / sizeof(responses[0]); i++, got++)
			sum += responses[i].resp_id;
	}
	sleeper_join(&writer);
	EXPECT(writer.result, n * sizeof(*wires));
	EXPECT(sum, (uint64_t)n * (n - 1) / 2);
}
END_TEST

Suite *
suite_blocking(void)
{
	Suite *suite = suite_create("blocking");
	TCase *tcase = suite_case(suite, "blocking");

	tcase_add_test(tcase, write_blocks_at_the_limit_and_wakes_on_read);
	tcase_add_test(tcase, a_write_longer_than_the_limit_goes_on_as_responses_are_read);
	tcase_add_test(tcase, a_nonblocking_write_takes_what_fits_and_then_says_eagain);
	tcase_add_test(tcase, a_nonblocking_read_takes_what_is_there_or_says_eagain);
	tcase_add_test(tcase, read_blocks_until_there_is_a_response);
	tcase_add_test(tcase, read_fills_its_buffer_over_several_completions);
	tcase_add_test(tcase, o_nonblock_counts_as_it_is_at_each_call);
	tcase_add_test(tcase, each_of_ten_readers_gets_a_response);
	tcase_add_test(tcase, each_of_ten_writers_gets_its_place);
	tcase_add_test(tcase, a_sleeping_writer_does_not_hold_up_other_sessions);
	tcase_add_test(tcase, a_writer_and_a_reader_drive_each_other);
	return suite;
}
