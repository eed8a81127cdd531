/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.c: every function does its work, for every kind of length and address. */
#include <stdio.h>

#include "memory.h"
#include "oracle.h"
#include "session.h"

/* Bytes around each output that must stay as they are. */
#define MARGIN 64
#define BATCH  32

/* One request, and the bytes that must be there afterwards. */
struct sample {
	struct request request;
	struct oracle_work work;
	uint8_t *frame; /* MARGIN, output, MARGIN */
	uint8_t *expected;
	uint8_t *end; /* of what the sample uses of the arena */
};

/* Lays a sample out from ARENA on, with buffers misaligned by chance, and runs the oracle. */
static void
sample_init(
    struct sample *sample, const struct oracle_function *function, uint8_t *arena, size_t len)
{
	uint8_t *p = arena;

	request_init(&sample->request, suite_random());
	for (unsigned i = 0; i < function->inputs; i++) {
		p += suite_random() % 64;
		memory_fill(p, len, suite_random());
		request_in(&sample->request, i, p, len);
		sample->work.in[i] = p;
		p += len;
	}
	for (unsigned i = 0; i < 8; i++)
		sample->request.wire.req_immediate[i] = (uint8_t)suite_random();
	memcpy(sample->work.immediate, sample->request.wire.req_immediate, 8);
	sample->frame = p + suite_random() % 64;
	sample->expected = sample->frame + len + 2 * MARGIN;
	sample->end = sample->expected + len + 2 * MARGIN;
	memset(sample->frame, 0xa5, 2 * (len + 2 * MARGIN));
	sample->work.out = sample->expected + MARGIN;
	sample->work.len = len;
	oracle_run(function, &sample->work);
	if (function->has_output)
		request_out(&sample->request, sample->frame + MARGIN, len);
}

static void
sample_check(const struct sample *sample, const struct oracle_function *function,
    const struct dmio_usrresp *response)
{
	ck_assert_msg(response->resp_error == 0, "%s of %zu bytes: %s", function->name,
	    sample->work.len, strerror(response->resp_error));
	EXPECT_BYTES(response->resp_immediate, sample->work.result, 8);
	/* The function without an output leaves the frame and its copy alone. */
	if (function->has_output)
		EXPECT_BYTES(sample->frame, sample->expected, sample->work.len + 2 * MARGIN);
}

/* Space for one sample of at most LEN bytes. */
static size_t
sample_space(const struct oracle_function *function, size_t len)
{
	return (size_t)(function->inputs + 2) * (len + 64) + 4 * MARGIN + 64;
}

static void
run_batch(int fd, const struct oracle_function *function, struct sample *samples, unsigned n)
{
	struct dmio_usrreq wires[BATCH] = { 0 };
	bool seen[BATCH] = { false };

	for (unsigned i = 0; i < n; i++) {
		samples[i].request.wire.req_id = i;
		wires[i] = samples[i].request.wire;
	}
	session_write(fd, wires, n);
	for (unsigned i = 0; i < n; i++) {
		struct dmio_usrresp response = session_response(fd);

		ck_assert_uint_lt(response.resp_id, n);
		ck_assert_msg(!seen[response.resp_id], "two responses to one request");
		seen[response.resp_id] = true;
		sample_check(&samples[response.resp_id], function, &response);
	}
}

/* Every length for the functions with code of their own; for the others steps that hit all residues. */
START_TEST(each_function_does_its_work_for_lengths_0_to_4097)
{
	const struct oracle_function *function = &oracle_functions[_i];
	bool all = function->inputs <= 2 || function->inputs == 5 || function->inputs == 16;
	struct sample *samples = calloc(BATCH, sizeof(*samples));
	uint8_t *arena = memory_map(BATCH * sample_space(function, 4097));
	int fd = session_open(function->name);
	unsigned n = 0;
	uint8_t *p = arena;

	for (size_t len = 0; len <= 4097; len++) {
		bool edge = len >= 4095 || len == 1;

		if (edge ||
		    (suite_takes(len) && (all || len <= 257 || len % 13 == 0 || len >= 4080))) {
			sample_init(&samples[n], function, p, len);
			p = samples[n++].end;
		}
		if (n == BATCH || len == 4097) {
			run_batch(fd, function, samples, n);
			p = arena;
			n = 0;
		}
	}
}
END_TEST

/* Powers of two at which a daemon may cut its work, and the hold limit, each with both neighbours. */
static const size_t edges[] = { 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB, 256 * KIB,
	512 * KIB, MIB, 2 * MIB };

START_TEST(each_function_does_its_work_around_the_limits)
{
	const struct oracle_function *function = &oracle_functions[_i];
	struct sample *sample = calloc(1, sizeof(*sample));
	uint8_t *arena = memory_map(sample_space(function, 2 * MIB + 1));
	int fd = session_open(function->name);

	for (unsigned e = 0; e < sizeof(edges) / sizeof(edges[0]); e++) {
		/* Sixteen inputs of the largest size say nothing that a few do not. */
		if (edges[e] > 256 * KIB && function->inputs > 3 && function->inputs < 16)
			continue;
		for (size_t len = edges[e] - 1; len <= edges[e] + 1; len++) {
			if (!suite_takes(e + len + function->inputs))
				continue;
			sample_init(sample, function, arena, len);
			run_batch(fd, function, sample, 1);
		}
	}
}
END_TEST

START_TEST(large_requests_share_the_session_with_small_ones)
{
	const struct oracle_function *function = oracle_find("copy");
	struct sample *samples = calloc(BATCH, sizeof(*samples));
	int fd = session_open(function->name);

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < BATCH; i++) {
			size_t len = i % 8 == round ? 3 * MIB + i : i * 100;

			sample_init(
			    &samples[i], function, memory_map(sample_space(function, len)), len);
		}
		run_batch(fd, function, samples, BATCH);
		for (unsigned i = 0; i < BATCH; i++)
			memory_unmap((void *)(uintptr_t)samples[i].work.in[0],
			    sample_space(function, samples[i].work.len));
	}
}
END_TEST

static uint32_t
crc_of(int fd, const void *bytes, size_t len, uint32_t previous)
{
	struct dmio_usrresp response;
	struct request request;
	uint32_t crc = 0;

	request_init(&request, 77);
	request_in(&request, 0, bytes, len);
	for (int i = 0; i < 4; i++)
		request.wire.req_immediate[i] = (uint8_t)(previous >> (8 * i));
	session_write(fd, &request.wire, 1);
	response = session_response(fd);
	ck_assert_int_eq(response.resp_error, 0);
	for (int i = 0; i < 4; i++)
		crc |= (uint32_t)response.resp_immediate[i] << (8 * i);
	EXPECT(memory_is(response.resp_immediate + 4, 0, 4), true);
	return crc;
}

START_TEST(the_crc_has_its_known_answers)
{
	uint8_t zeros[32] = { 0 }, ones[32], ramp[32];
	int fd = session_open("iscsi-crc32c");

	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++)
		ramp[i] = i;
	EXPECT(crc_of(fd, "123456789", 9, 0), 0xe3069283);
	EXPECT(crc_of(fd, zeros, 32, 0), 0x8a9136aa);
	EXPECT(crc_of(fd, ones, 32, 0), 0x62a8ab43);
	EXPECT(crc_of(fd, ramp, 32, 0), 0x46dd794e);
	EXPECT(crc_of(fd, zeros, 0, 0), 0);
	EXPECT(crc_of(fd, zeros, 0, 0x12345678), 0x12345678);
}
END_TEST

START_TEST(the_crc_of_pieces_chains_to_the_crc_of_the_whole)
{
	size_t len = 3 * MIB + 77, cuts[] = { 0, 1, 63, 4096, 256 * KIB, MIB + 5, len };
	uint8_t *memory = memory_map(len);
	int fd = session_open("iscsi-crc32c");
	uint32_t whole;

	memory_fill(memory, len, 5);
	whole = crc_of(fd, memory, len, 0);
	for (unsigned i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		uint32_t first = crc_of(fd, memory, cuts[i], 0);

		EXPECT(crc_of(fd, memory + cuts[i], len - cuts[i], first), whole);
	}
}
END_TEST

START_TEST(only_the_first_byte_of_the_immediate_is_the_pattern)
{
	uint8_t *memory = memory_map(2 * MIB);
	int fd = session_open("fill8");
	struct request request;

	for (unsigned pattern = 0; pattern < 256; pattern += 51) {
		size_t len = pattern % 2 ? 100 : 2 * MIB;

		memset(memory, ~pattern, len);
		request_init(&request, pattern);
		request_out(&request, memory, len);
		memset(request.wire.req_immediate, 0x11, 8);
		request.wire.req_immediate[0] = (uint8_t)pattern;
		EXPECT(session_run(fd, &request.wire), 0);
		EXPECT(memory_is(memory, (uint8_t)pattern, len), true);
	}
}
END_TEST

START_TEST(members_that_a_function_does_not_use_are_ignored)
{
	uint8_t *memory = memory_map(PAGE);
	struct request request;

	memset(memory, 1, PAGE);
	request_init(&request, 1);
	request_out(&request, memory, PAGE);
	request.wire.req_inbuf = (dmio_buffer *)(uintptr_t)0xffff800000000008;
	memset(request.wire.req_immediate, 0xee, 8);
	EXPECT(session_run(session_open("zero"), &request.wire), 0);
	EXPECT(memory_is(memory, 0, PAGE), true);
	EXPECT(session_run(session_open("fill8"), &request.wire), 0);
	EXPECT(memory_is(memory, 0xee, PAGE), true);
	/* No output: its vector is not looked at. */
	request_init(&request, 2);
	request_in(&request, 0, memory, PAGE);
	request.wire.req_outbuf.dmbuf_iov = (struct iovec *)8;
	EXPECT(session_run(session_open("iscsi-crc32c"), &request.wire), 0);
}
END_TEST

START_TEST(a_copy_within_one_chunk_may_overlap)
{
	uint8_t *memory = memory_map(4 * PAGE), *expected = malloc(4 * PAGE);
	static const long shifts[] = { -4095, -64, -1, 0, 1, 7, 64, 4095 };
	int fd = session_open("copy");
	struct request request;

	for (unsigned i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		memory_fill(memory, 4 * PAGE, i);
		memcpy(expected, memory, 4 * PAGE);
		memmove(expected + PAGE + shifts[i], expected + PAGE, PAGE);
		request_init(&request, i);
		request_out(&request, memory + PAGE + shifts[i], PAGE);
		request_in(&request, 0, memory + PAGE, PAGE);
		EXPECT(session_run(fd, &request.wire), 0);
		EXPECT_BYTES(memory, expected, 4 * PAGE);
	}
}
END_TEST

START_TEST(a_total_length_of_zero_completes_and_touches_nothing)
{
	const struct oracle_function *function = &oracle_functions[_i];
	int fd = session_open(function->name);
	struct request request;

	request_init(&request, 3);
	for (unsigned i = 0; i < function->inputs; i++)
		request_in(&request, i, (void *)(uintptr_t)-PAGE, 0);
	if (function->has_output)
		request_out(&request, (void *)8, 0);
	EXPECT(session_run(fd, &request.wire), 0);
}
END_TEST

START_TEST(memory_that_was_never_touched_is_filled)
{
	uint8_t *memory = memory_map(8 * MIB);
	int fd = session_open("fill8");
	struct request request;

	request_init(&request, 1);
	request_out(&request, memory + 13, 8 * MIB - 26);
	request.wire.req_immediate[0] = 0x3c;
	EXPECT(session_run(fd, &request.wire), 0);
	EXPECT(memory_is(memory, 0, 13) && memory_is(memory + 8 * MIB - 13, 0, 13), true);
	EXPECT(memory_is(memory + 13, 0x3c, 8 * MIB - 26), true);
}
END_TEST

START_TEST(every_request_has_exactly_one_response_with_its_own_identifier)
{
	static const uint32_t ids[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1, 1, 0 };
	int fd = session_open("zero");
	uint32_t sum = 0, expected = 0;

	/* Identifiers mean nothing to the device: the same one may be used again at once. */
	for (unsigned i = 0; i < 8; i++) {
		session_fill(fd, ids[i], 1);
		expected += ids[i] * 3 + 1;
	}
	for (unsigned i = 0; i < 8; i++)
		sum += session_response(fd).resp_id * 3 + 1;
	EXPECT(sum, expected);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

Suite *
suite_transfer(void)
{
	Suite *suite = suite_create("transfer");
	TCase *tcase = suite_case(suite, "transfer");

	tcase_add_loop_test(
	    tcase, each_function_does_its_work_for_lengths_0_to_4097, 0, (int)oracle_nfunctions);
	tcase_add_loop_test(
	    tcase, each_function_does_its_work_around_the_limits, 0, (int)oracle_nfunctions);
	tcase_add_loop_test(
	    tcase, a_total_length_of_zero_completes_and_touches_nothing, 0, (int)oracle_nfunctions);
	tcase_add_test(tcase, large_requests_share_the_session_with_small_ones);
	tcase_add_test(tcase, the_crc_has_its_known_answers);
	tcase_add_test(tcase, the_crc_of_pieces_chains_to_the_crc_of_the_whole);
	tcase_add_test(tcase, only_the_first_byte_of_the_immediate_is_the_pattern);
	tcase_add_test(tcase, members_that_a_function_does_not_use_are_ignored);
	tcase_add_test(tcase, a_copy_within_one_chunk_may_overlap);
	tcase_add_test(tcase, memory_that_was_never_touched_is_filled);
	tcase_add_test(tcase, every_request_has_exactly_one_response_with_its_own_identifier);
	return suite;
}
