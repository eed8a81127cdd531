/* SPDX-License-Identifier: BSD-2-Clause */
/* layout.c: the current layout and that of the manual page of 2002, packed here by hand. */
#include "memory.h"
#include "oracle.h"
#include "session.h"

#define OLD_REQUEST  32
#define OLD_RESPONSE 8

/* Offsets of the page's structures on LP64: outbuf 0 and 8, the union 16, req_id 24. */
static void
old_pack(uint8_t *record, const struct request *request, bool immediate)
{
	memset(record, 0, OLD_REQUEST);
	memcpy(record, &request->wire.req_outbuf.dmbuf_iov, 8);
	memcpy(record + 8, &request->wire.req_outbuf.dmbuf_iovcnt, 4);
	if (immediate)
		memcpy(record + 16, request->wire.req_immediate, 8);
	else
		memcpy(record + 16, &request->wire.req_inbuf, 8);
	memcpy(record + 24, &request->wire.req_id, 4);
}

static void
old_expect_response(int fd, uint32_t id, int error)
{
	struct {
		uint32_t id;
		int error;
		uint8_t after[8];
	} response;

	memset(&response, 0xa5, sizeof(response));
	session_wait(fd, POLLIN);
	EXPECT(read(fd, &response, OLD_RESPONSE), OLD_RESPONSE);
	EXPECT(response.id, id);
	EXPECT(response.error, error);
	EXPECT(memory_is(response.after, 0xa5, 8), true);
}

START_TEST(the_layout_of_2002_works)
{
	const struct oracle_function *function = &oracle_functions[_i];
	size_t len = 5000;
	uint8_t *memory = memory_map((INPUTS_MAX + 2) * len), record[OLD_REQUEST];
	struct oracle_work work = { .len = len, .immediate = { 0xd7, 1, 2, 3, 4, 5, 6, 7 } };
	int fd = session_open(function->name);
	struct request request;

	/* A function with an immediate and an input, and a result: the union has no room for it. */
	if (function->has_result) {
		EXPECT(session_ready(fd), POLLOUT);
		return;
	}
	memory_fill(memory, (INPUTS_MAX + 2) * len, 4);
	request_init(&request, 0x8000 + (uint32_t)_i);
	for (unsigned i = 0; i < function->inputs; i++) {
		work.in[i] = memory + i * len;
		request_in(&request, i, work.in[i], len);
	}
	memcpy(request.wire.req_immediate, work.immediate, 8);
	request_out(&request, memory + INPUTS_MAX * len, len);
	work.out = malloc(len);
	oracle_run(function, &work);
	old_pack(record, &request, function->inputs == 0);
	EXPECT(write(fd, record, OLD_REQUEST), OLD_REQUEST);
	old_expect_response(fd, request.wire.req_id, 0);
	EXPECT_BYTES(memory + INPUTS_MAX * len, work.out, len);
}
END_TEST

START_TEST(the_layout_of_2002_reports_errors)
{
	uint8_t record[OLD_REQUEST];
	int fd = session_open("zero");
	struct request request;

	request_empty(&request, 1);
	request_out(&request, (void *)PAGE, 10);
	old_pack(record, &request, true);
	EXPECT(write(fd, record, OLD_REQUEST), OLD_REQUEST);
	old_expect_response(fd, 1, EFAULT);
	request.wire.req_outbuf.dmbuf_iovcnt = VECTORS_MAX + 1;
	old_pack(record, &request, true);
	EXPECT_ERRNO(write(fd, record, OLD_REQUEST), EINVAL);
}
END_TEST

/* A session of 2002: lengths are multiples of 32 and 8 from then on. */
START_TEST(the_first_write_fixes_the_layout_of_2002)
{
	uint8_t records[5 * OLD_REQUEST], responses[64];
	int fd = session_open("zero");
	struct request request;

	request_empty(&request, 7);
	for (unsigned i = 0; i < 5; i++)
		old_pack(records + i * OLD_REQUEST, &request, true);
	EXPECT(write(fd, records, OLD_REQUEST), OLD_REQUEST);
	old_expect_response(fd, 7, 0);
	EXPECT_ERRNO(write(fd, records, 40), EINVAL);
	/* 160 bytes are five of these, and no longer four of the others. */
	EXPECT(write(fd, records, 160), 160);
	session_wait(fd, POLLIN);
	EXPECT_ERRNO(read(fd, responses, 12), EINVAL);
	EXPECT(read(fd, responses, 24), 24);
	old_expect_response(fd, 7, 0);
	old_expect_response(fd, 7, 0);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_length_that_fits_both_layouts_is_current)
{
	struct request request;
	struct dmio_usrreq wires[4];
	int fd = session_open("zero");

	request_empty(&request, 9);
	for (unsigned i = 0; i < 4; i++)
		wires[i] = request.wire;
	EXPECT(write(fd, wires, sizeof(wires)), 160);
	for (unsigned i = 0; i < 4; i++)
		EXPECT(session_response(fd).resp_id, 9);
	EXPECT_ERRNO(write(fd, wires, OLD_REQUEST), EINVAL);
	EXPECT_ERRNO(read(fd, wires, OLD_RESPONSE), EINVAL);
	EXPECT_ERRNO(read(fd, wires, 24), EINVAL);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(each_session_has_its_own_layout)
{
	int old = session_open("zero"), current = session_open("zero");
	uint8_t record[OLD_REQUEST];
	struct request request;

	request_empty(&request, 3);
	old_pack(record, &request, true);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(write(old, record, OLD_REQUEST), OLD_REQUEST);
		session_write(current, &request.wire, 1);
		old_expect_response(old, 3, 0);
		EXPECT(session_response(current).resp_id, 3);
	}
}
END_TEST

/* A reader may wait before the first write has said which layout it is. */
START_TEST(reading_before_the_first_write_finds_nothing)
{
	uint8_t responses[48];
	int fd = session_open("zero");

	session_nonblock(fd, true);
	EXPECT_ERRNO(read(fd, responses, 16), EAGAIN);
	EXPECT_ERRNO(read(fd, responses, 48), EAGAIN);
	EXPECT_ERRNO(read(fd, responses, 12), EINVAL);
	EXPECT_ERRNO(read(fd, responses, 8), EAGAIN);
}
END_TEST

START_TEST(lengths_of_other_word_sizes_are_einval)
{
	uint8_t bytes[64] = { 0 };
	int fd = session_open("zero");

	/* 24 and 20 bytes are requests of 32-bit programs; this one is not. */
	EXPECT_ERRNO(write(fd, bytes, 24), EINVAL);
	EXPECT_ERRNO(write(fd, bytes, 20), EINVAL);
	EXPECT_ERRNO(write(fd, bytes, 60), EINVAL);
}
END_TEST

START_TEST(a_response_has_no_byte_that_nobody_set)
{
	const struct oracle_function *function = &oracle_functions[_i];
	uint8_t *memory = memory_map(PAGE);
	int fd = session_open(function->name);

	for (int fault = 0; fault < 2; fault++) {
		struct dmio_usrresp response;
		struct request request;

		request_init(&request, 0xa5a5a5a5);
		memset(request.wire.req_immediate, 0xee, 8);
		for (unsigned i = 0; i < function->inputs; i++)
			request_in(&request, i, fault ? (void *)8 : memory, 64);
		if (function->has_output)
			request_out(&request, fault ? (void *)8 : memory, 64);
		session_write(fd, &request.wire, 1);
		response = session_response(fd);
		EXPECT(response.resp_error, fault ? EFAULT : 0);
		if (function->has_result && !fault)
			EXPECT(memory_is(response.resp_immediate + 4, 0, 4), true);
		else
			EXPECT(memory_is(response.resp_immediate, 0, 8), true);
	}
}
END_TEST

Suite *
suite_layout(void)
{
	Suite *suite = suite_create("layout");
	TCase *tcase = suite_case(suite, "layout");

	tcase_add_loop_test(tcase, the_layout_of_2002_works, 0, (int)oracle_nfunctions);
	tcase_add_test(tcase, the_layout_of_2002_reports_errors);
	tcase_add_test(tcase, the_first_write_fixes_the_layout_of_2002);
	tcase_add_test(tcase, a_length_that_fits_both_layouts_is_current);
	tcase_add_test(tcase, each_session_has_its_own_layout);
	tcase_add_test(tcase, reading_before_the_first_write_finds_nothing);
	tcase_add_test(tcase, lengths_of_other_word_sizes_are_einval);
	tcase_add_loop_test(
	    tcase, a_response_has_no_byte_that_nobody_set, 0, (int)oracle_nfunctions);
	return suite;
}
