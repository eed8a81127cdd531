/* SPDX-License-Identifier: BSD-2-Clause */
/* test_wire.c: bytes to requests, and responses to bytes, in every layout. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <dev/dmover/dmover_io.h>

#include "core/wire.h"

/* The shapes of the layouts, as a compiler lays them out. */
struct buffer32 {
	uint32_t iov;
	uint32_t iovcnt;
};

struct current32 {
	struct buffer32 out;
	uint8_t immediate[8];
	uint32_t inbuf;
	uint32_t id;
};

struct manual64 {
	dmio_buffer out;
	union {
		uint8_t immediate[8];
		dmio_buffer *inbuf;
	} in;
	uint32_t id;
};

struct manual32 {
	struct buffer32 out;
	union {
		uint8_t immediate[8];
		uint32_t inbuf;
	} in;
	uint32_t id;
};

START_TEST(layouts_are_told_by_the_length_of_the_first_write)
{
	same_size(dmover_layout_guess(40, false)->lay_request, 40);
	same_size(dmover_layout_guess(32, false)->lay_request, 32);
	same_size(dmover_layout_guess(64, false)->lay_request, 32);
	same_size(dmover_layout_guess(160, false)->lay_request, 40);
	same_size(dmover_layout_guess(24, true)->lay_request, 24);
	same_size(dmover_layout_guess(20, true)->lay_request, 20);
	same_size(dmover_layout_guess(120, true)->lay_request, 24);
	holds(dmover_layout_guess(39, false) == NULL);
	holds(dmover_layout_guess(24, false) == NULL);
	holds(dmover_layout_guess(1, false) == NULL);
	holds(dmover_layout_guess(40, true)->lay_request == 20);
	holds(dmover_layout_guess(32, true) == NULL);
}
END_TEST

START_TEST(layouts_have_the_sizes_that_a_compiler_gives_them)
{
	same_size(sizeof(struct current32), dmover_layout_guess(24, true)->lay_request);
	same_size(sizeof(struct manual32), dmover_layout_guess(20, true)->lay_request);
	same_size(sizeof(struct manual64), dmover_layout_guess(32, false)->lay_request);
	same_size(sizeof(struct dmio_usrreq), dmover_layout_guess(40, false)->lay_request);
	same_size(sizeof(struct dmio_usrresp), dmover_layout_guess(40, false)->lay_response);
	same_size(8, dmover_layout_guess(32, false)->lay_response);
	same_size(8, dmover_layout_guess(20, true)->lay_response);
	for (size_t len = 20; len <= 40; len += 4) {
		const struct dmover_layout *layout = dmover_layout_guess(len, len < 32);

		if (layout == NULL)
			continue;
		holds(layout->lay_request <= DMOVER_RECORD_MAX);
		holds(layout->lay_response <= DMOVER_RESPONSE_MAX);
		same_size(DMOVER_RECORD_LCM % layout->lay_request, 0);
	}
}
END_TEST

START_TEST(a_current_record_is_decoded)
{
	const struct dmio_usrreq record = {
		.req_outbuf = { (struct iovec *)0x123456789abcul, 3 },
		.req_immediate = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.req_inbuf = (dmio_buffer *)0xfedcba98ul,
		.req_id = 0xdeadbeef,
	};
	struct dmover_wire_request request;

	dmover_wire_request_decode(dmover_layout_guess(40, false), &record, &request);
	same_size(request.wrq_out.wbf_iov, 0x123456789abcul);
	same_size(request.wrq_out.wbf_iovcnt, 3);
	same_bytes(request.wrq_immediate, record.req_immediate, 8);
	same_size(request.wrq_inbuf, 0xfedcba98ul);
	same_size(request.wrq_id, 0xdeadbeef);
}
END_TEST

START_TEST(a_record_of_the_manual_of_2002_is_decoded)
{
	struct manual64 record = {
		.out = { (struct iovec *)0x7000, 1024 },
		.in = { .inbuf = (dmio_buffer *)0x8000 },
		.id = 77,
	};
	struct dmover_wire_request request;

	dmover_wire_request_decode(dmover_layout_guess(32, false), &record, &request);
	same_size(request.wrq_out.wbf_iov, 0x7000);
	same_size(request.wrq_out.wbf_iovcnt, 1024);
	same_size(request.wrq_inbuf, 0x8000);
	same_size(request.wrq_id, 77);
	memcpy(record.in.immediate, "abcdefgh", 8);
	dmover_wire_request_decode(dmover_layout_guess(32, false), &record, &request);
	same_bytes(request.wrq_immediate, "abcdefgh", 8);
}
END_TEST

START_TEST(records_of_32_bit_callers_are_decoded)
{
	const struct current32 current = { { 0xfffff000, 5 }, "12345678", 0x80000000, 9 };
	const struct manual32 manual = { { 0x1000, 6 }, { .inbuf = 0x2000 }, 10 };
	struct dmover_wire_request request;

	dmover_wire_request_decode(dmover_layout_guess(24, true), &current, &request);
	same_size(request.wrq_out.wbf_iov, 0xfffff000);
	same_size(request.wrq_out.wbf_iovcnt, 5);
	same_bytes(request.wrq_immediate, "12345678", 8);
	same_size(request.wrq_inbuf, 0x80000000);
	same_size(request.wrq_id, 9);
	dmover_wire_request_decode(dmover_layout_guess(20, true), &manual, &request);
	same_size(request.wrq_out.wbf_iovcnt, 6);
	same_size(request.wrq_inbuf, 0x2000);
	same_size(request.wrq_id, 10);
}
END_TEST

START_TEST(an_output_must_be_there_when_there_is_one_and_only_then)
{
	const struct dmover_function *copy = dmover_function_find("copy");
	const struct dmover_function *crc = dmover_function_find("iscsi-crc32c");
	struct dmover_wire_request request = { .wrq_out = { 0, 0 } };

	same_int(dmover_wire_request_check(copy, &request), -EINVAL);
	same_int(dmover_wire_request_check(crc, &request), 0);
	request.wrq_out.wbf_iovcnt = 1;
	same_int(dmover_wire_request_check(copy, &request), 0);
	same_int(dmover_wire_request_check(crc, &request), -EINVAL);
	request.wrq_out.wbf_iovcnt = IOV_MAX;
	same_int(dmover_wire_request_check(copy, &request), 0);
	request.wrq_out.wbf_iovcnt = IOV_MAX + 1;
	same_int(dmover_wire_request_check(copy, &request), -EINVAL);
	request.wrq_out.wbf_iovcnt = UINT32_MAX;
	same_int(dmover_wire_request_check(copy, &request), -EINVAL);
}
END_TEST

START_TEST(input_buffers_have_1_to_1024_vectors)
{
	const dmio_buffer array[] = { { (struct iovec *)0x1000, 1 }, { NULL, 1024 }, { NULL, 0 },
		{ NULL, 1025 }, { NULL, UINT_MAX } };
	const struct buffer32 narrow[] = { { 1, 0 }, { 2, 3 } };
	const struct dmover_layout *layout = dmover_layout_guess(40, false);
	struct dmover_wire_buffer buffer;

	same_int(dmover_wire_buffer_decode(layout, array, 0, &buffer), 0);
	same_size(buffer.wbf_iov, 0x1000);
	same_size(buffer.wbf_iovcnt, 1);
	same_int(dmover_wire_buffer_decode(layout, array, 1, &buffer), 0);
	for (unsigned i = 2; i < 5; i++)
		same_int(dmover_wire_buffer_decode(layout, array, i, &buffer), -EINVAL);
	layout = dmover_layout_guess(20, true);
	same_int(dmover_wire_buffer_decode(layout, narrow, 0, &buffer), -EINVAL);
	same_int(dmover_wire_buffer_decode(layout, narrow, 1, &buffer), 0);
	same_size(buffer.wbf_iov, 2);
}
END_TEST

START_TEST(lengths_are_added_up_and_must_not_exceed_the_largest_count)
{
	const struct dmover_layout *layout = dmover_layout_guess(40, false);
	struct iovec iov[3] = { { NULL, SSIZE_MAX - 1 }, { NULL, 0 }, { NULL, 1 } };
	size_t len = 0;

	same_int(dmover_wire_iovecs_decode(layout, iov, 3, &len), 0);
	same_size(len, SSIZE_MAX);
	iov[1].iov_len = 1;
	same_int(dmover_wire_iovecs_decode(layout, iov, 3, &len), -EINVAL);
	iov[1].iov_len = SIZE_MAX;
	same_int(dmover_wire_iovecs_decode(layout, iov, 3, &len), -EINVAL);
	same_int(dmover_wire_iovecs_decode(layout, iov, 0, &len), 0);
	same_size(len, 0);
}
END_TEST

START_TEST(vectors_of_32_bit_callers_are_widened_in_place)
{
	const struct dmover_layout *layout = dmover_layout_guess(24, true);
	struct iovec iov[50];
	uint32_t narrow[100];
	size_t len;

	for (uint32_t i = 0; i < 50; i++) {
		narrow[2 * i] = 0xf0000000u + i;
		narrow[2 * i + 1] = i;
	}
	memcpy(iov, narrow, sizeof(narrow));
	same_int(dmover_wire_iovecs_decode(layout, iov, 50, &len), 0);
	same_size(len, 49 * 50 / 2);
	for (uint32_t i = 0; i < 50; i++) {
		same_size((uintptr_t)iov[i].iov_base, 0xf0000000u + i);
		same_size(iov[i].iov_len, i);
	}
	narrow[1] = INT32_MAX;
	narrow[3] = 0;
	memcpy(iov, narrow, 16);
	same_int(dmover_wire_iovecs_decode(layout, iov, 2, &len), 0);
	narrow[3] = 1;
	memcpy(iov, narrow, 16);
	same_int(dmover_wire_iovecs_decode(layout, iov, 2, &len), -EINVAL);
}
END_TEST

START_TEST(responses_are_written_to_their_last_byte_and_no_further)
{
	const struct dmover_response response = { 5, -EFAULT, { 1, 2, 3, 4, 5, 6, 7, 8 } };
	struct dmio_usrresp expected = { 5, EFAULT, { 1, 2, 3, 4, 5, 6, 7, 8 } };
	uint8_t record[20];

	memset(record, 0xee, sizeof(record));
	dmover_wire_response_encode(dmover_layout_guess(40, false), &response, record);
	same_bytes(record, &expected, 16);
	same_int(record[16], 0xee);
	memset(record, 0xee, sizeof(record));
	dmover_wire_response_encode(dmover_layout_guess(32, false), &response, record);
	same_bytes(record, &expected, 8);
	same_int(record[8], 0xee);
}
END_TEST

TCase *
unit_wire(void)
{
	TCase *tc = unit_case("wire");

	tcase_add_test(tc, layouts_are_told_by_the_length_of_the_first_write);
	tcase_add_test(tc, layouts_have_the_sizes_that_a_compiler_gives_them);
	tcase_add_test(tc, a_current_record_is_decoded);
	tcase_add_test(tc, a_record_of_the_manual_of_2002_is_decoded);
	tcase_add_test(tc, records_of_32_bit_callers_are_decoded);
	tcase_add_test(tc, an_output_must_be_there_when_there_is_one_and_only_then);
	tcase_add_test(tc, input_buffers_have_1_to_1024_vectors);
	tcase_add_test(tc, lengths_are_added_up_and_must_not_exceed_the_largest_count);
	tcase_add_test(tc, vectors_of_32_bit_callers_are_widened_in_place);
	tcase_add_test(tc, responses_are_written_to_their_last_byte_and_no_further);
	return tc;
}
