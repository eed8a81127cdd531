/* SPDX-License-Identifier: BSD-2-Clause */
/* refused.c: records that write(2) refuses, and what becomes of their neighbours. */
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>

#include "memory.h"
#include "oracle.h"
#include "session.h"

/* A good "copy" of one page that a test then spoils. */
struct spoilt {
	int fd;
	uint8_t *memory;
	struct request request;
};

static void
spoilt_init(struct spoilt *spoilt, const char *function, unsigned inputs)
{
	spoilt->fd = session_open(function);
	spoilt->memory = memory_map(2 * PAGE);
	memory_fill(spoilt->memory, PAGE, 1);
	request_init(&spoilt->request, 21);
	request_out(&spoilt->request, spoilt->memory + PAGE, PAGE);
	for (unsigned i = 0; i < inputs; i++)
		request_in(&spoilt->request, i, spoilt->memory, PAGE);
}

/* write(2) fails, there is no response, and the output is as it was; blocking or not. */
static void
spoilt_expect(struct spoilt *spoilt, int error)
{
	for (int nonblock = 0; nonblock < 2; nonblock++) {
		session_nonblock(spoilt->fd, nonblock);
		EXPECT_ERRNO(
		    write(spoilt->fd, &spoilt->request.wire, sizeof(spoilt->request.wire)), error);
		EXPECT(session_ready(spoilt->fd), POLLOUT);
	}
	EXPECT(memory_is(spoilt->memory + PAGE, 0, PAGE), true);
}

START_TEST(an_unreadable_vector_array_is_efault)
{
	struct spoilt spoilt;
	uint8_t *end = memory_map_at_end(sizeof(struct iovec) + 8);

	spoilt_init(&spoilt, "copy", 1);
	spoilt.request.wire.req_outbuf.dmbuf_iov = NULL;
	spoilt_expect(&spoilt, EFAULT);
	spoilt.request.wire.req_outbuf.dmbuf_iov = (void *)(uintptr_t)0xffff888000000000;
	spoilt_expect(&spoilt, EFAULT);
	spoilt.request.wire.req_outbuf.dmbuf_iov =
	    (void *)(uintptr_t)(0 - sizeof(struct iovec) / 2);
	spoilt_expect(&spoilt, EFAULT);
	/* The first entry is there, the second but half. */
	memcpy(end, &spoilt.request.out_iov, sizeof(struct iovec));
	spoilt.request.wire.req_outbuf = (dmio_buffer){ (struct iovec *)end, 2 };
	spoilt_expect(&spoilt, EFAULT);
}
END_TEST

START_TEST(an_unreadable_input_array_is_efault)
{
	struct spoilt spoilt;
	dmio_buffer *end = memory_map_at_end(sizeof(*end));

	spoilt_init(&spoilt, "xor2", 2);
	spoilt.request.wire.req_inbuf = NULL;
	spoilt_expect(&spoilt, EFAULT);
	spoilt.request.wire.req_inbuf = (void *)(uintptr_t)0xffff888000000000;
	spoilt_expect(&spoilt, EFAULT);
	/* The first of two is there. */
	*end = spoilt.request.in[0];
	spoilt.request.wire.req_inbuf = end;
	spoilt_expect(&spoilt, EFAULT);
}
END_TEST

START_TEST(an_unreadable_vector_array_of_an_input_is_efault)
{
	struct spoilt spoilt;

	for (unsigned i = 0; i < 2; i++) {
		spoilt_init(&spoilt, "xor2", 2);
		spoilt.request.in[i].dmbuf_iov = (void *)(uintptr_t)16;
		spoilt_expect(&spoilt, EFAULT);
	}
}
END_TEST

static const unsigned too_many[] = { VECTORS_MAX + 1, 65536, INT_MAX, (unsigned)INT_MAX + 1,
	UINT_MAX };

START_TEST(more_than_1024_vectors_are_einval)
{
	struct iovec *iov = memory_map((VECTORS_MAX + 1) * sizeof(*iov));
	struct spoilt spoilt;

	spoilt_init(&spoilt, "copy", 1);
	spoilt.request.wire.req_outbuf = (dmio_buffer){ iov, too_many[_i] };
	spoilt_expect(&spoilt, EINVAL);
	spoilt_init(&spoilt, "copy", 1);
	spoilt.request.in[0] = (dmio_buffer){ iov, too_many[_i] };
	spoilt_expect(&spoilt, EINVAL);
	spoilt_init(&spoilt, "iscsi-crc32c", 1);
	spoilt.request.wire.req_outbuf.dmbuf_iovcnt = 0;
	spoilt.request.in[0] = (dmio_buffer){ iov, too_many[_i] };
	spoilt_expect(&spoilt, EINVAL);
}
END_TEST

START_TEST(an_input_without_vectors_is_einval)
{
	struct spoilt spoilt;

	for (unsigned i = 0; i < 3; i++) {
		spoilt_init(&spoilt, "xor3", 3);
		spoilt.request.in[i].dmbuf_iovcnt = 0;
		spoilt_expect(&spoilt, EINVAL);
	}
	spoilt_init(&spoilt, "iscsi-crc32c", 1);
	spoilt.request.wire.req_outbuf.dmbuf_iovcnt = 0;
	spoilt.request.in[0].dmbuf_iovcnt = 0;
	spoilt_expect(&spoilt, EINVAL);
}
END_TEST

START_TEST(a_missing_output_is_einval)
{
	const struct oracle_function *function = &oracle_functions[_i];
	struct spoilt spoilt;

	spoilt_init(&spoilt, function->name, function->inputs);
	if (function->has_output)
		spoilt.request.wire.req_outbuf.dmbuf_iovcnt = 0;
	/* The other way round for the one function that has none. */
	spoilt_expect(&spoilt, EINVAL);
}
END_TEST

START_TEST(a_sum_above_ssize_max_is_einval)
{
	struct spoilt spoilt;
	struct iovec iov[3];

	spoilt_init(&spoilt, "zero", 0);
	spoilt.request.out_iov.iov_len = (size_t)SSIZE_MAX + 1;
	spoilt_expect(&spoilt, EINVAL);
	spoilt.request.out_iov.iov_len = SIZE_MAX;
	spoilt_expect(&spoilt, EINVAL);
	/* Each is allowed, the sum is not; or comes out small after an overflow. */
	iov[0] = iov[1] = (struct iovec){ spoilt.memory + PAGE, (size_t)SSIZE_MAX };
	iov[2] = (struct iovec){ spoilt.memory + PAGE, 2 + PAGE };
	for (unsigned n = 2; n <= 3; n++) {
		spoilt.request.wire.req_outbuf = (dmio_buffer){ iov, n };
		spoilt_expect(&spoilt, EINVAL);
	}
	spoilt_init(&spoilt, "copy", 1);
	spoilt.request.in[0] = (dmio_buffer){ iov, 3 };
	spoilt_expect(&spoilt, EINVAL);
}
END_TEST

START_TEST(lengths_that_differ_are_einval)
{
	struct spoilt spoilt;

	for (unsigned i = 0; i < 3; i++) {
		static const size_t lens[] = { 0, 1, PAGE - 1, PAGE + 1, MIB, SSIZE_MAX };

		for (unsigned n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
			spoilt_init(&spoilt, "xor3", 3);
			spoilt.request.in_iov[i].iov_len = lens[n];
			spoilt_expect(&spoilt, EINVAL);
		}
	}
	spoilt_init(&spoilt, "copy", 1);
	spoilt.request.out_iov.iov_len = 0;
	spoilt_expect(&spoilt, EINVAL);
}
END_TEST

/* Four copies of a page; the third is spoilt by the test. */
struct batch {
	int fd;
	uint8_t *memory;
	struct request requests[4];
	struct dmio_usrreq wires[4];
};

static void
batch_init(struct batch *batch)
{
	batch->fd = session_open("copy");
	batch->memory = memory_map(5 * PAGE);
	memory_fill(batch->memory, PAGE, 77);
	for (unsigned i = 0; i < 4; i++) {
		request_init(&batch->requests[i], i);
		request_in(&batch->requests[i], 0, batch->memory, PAGE);
		request_out(&batch->requests[i], batch->memory + (i + 1) * PAGE, PAGE);
		batch->wires[i] = batch->requests[i].wire;
	}
}

/* The two before the bad one are done; it is named by the next write; the last one is untouched. */
static void
batch_expect(struct batch *batch, int error)
{
	uint8_t *page = batch->memory;

	for (int nonblock = 0; nonblock < 2; nonblock++) {
		session_nonblock(batch->fd, nonblock);
		memset(page + PAGE, 0, 4 * PAGE);
		EXPECT(write(batch->fd, batch->wires, sizeof(batch->wires)),
		    2 * sizeof(batch->wires[0]));
		EXPECT_ERRNO(
		    write(batch->fd, &batch->wires[2], 2 * sizeof(batch->wires[0])), error);
		EXPECT(session_response(batch->fd).resp_error, 0);
		EXPECT(session_response(batch->fd).resp_error, 0);
		EXPECT(session_ready(batch->fd), POLLOUT);
		EXPECT_BYTES(page + PAGE, page, PAGE);
		EXPECT_BYTES(page + 2 * PAGE, page, PAGE);
		EXPECT(memory_is(page + 3 * PAGE, 0, 2 * PAGE), true);
	}
	/* The rest after the bad one can be written by itself. */
	EXPECT(session_run(batch->fd, &batch->wires[3]), 0);
	EXPECT_BYTES(page + 4 * PAGE, page, PAGE);
}

START_TEST(the_requests_before_a_refused_one_are_executed)
{
	struct batch batch;

	batch_init(&batch);
	batch.wires[2].req_outbuf.dmbuf_iov = (struct iovec *)8;
	batch_expect(&batch, EFAULT);
	batch_init(&batch);
	batch.wires[2].req_outbuf.dmbuf_iovcnt = 0;
	batch_expect(&batch, EINVAL);
	batch_init(&batch);
	batch.wires[2].req_inbuf = NULL;
	batch_expect(&batch, EFAULT);
	batch_init(&batch);
	batch.requests[2].in[0].dmbuf_iovcnt = VECTORS_MAX + 1;
	batch_expect(&batch, EINVAL);
	batch_init(&batch);
	batch.requests[2].in[0].dmbuf_iov = NULL;
	batch_expect(&batch, EFAULT);
	batch_init(&batch);
	batch.requests[2].in_iov[0].iov_len--;
	batch_expect(&batch, EINVAL);
}
END_TEST

START_TEST(a_fault_in_the_data_of_one_request_does_not_touch_its_neighbours)
{
	struct batch batch;

	batch_init(&batch);
	memory_protect(batch.memory + 3 * PAGE, PAGE, PROT_READ);
	session_write(batch.fd, batch.wires, 4);
	for (unsigned i = 0; i < 4; i++) {
		struct dmio_usrresp response = session_response(batch.fd);

		EXPECT(response.resp_error, response.resp_id == 2 ? EFAULT : 0);
	}
	EXPECT_BYTES(batch.memory + PAGE, batch.memory, PAGE);
	EXPECT_BYTES(batch.memory + 2 * PAGE, batch.memory, PAGE);
	EXPECT(memory_is(batch.memory + 3 * PAGE, 0, PAGE), true);
	EXPECT_BYTES(batch.memory + 4 * PAGE, batch.memory, PAGE);
}
END_TEST

/* Bad arrays in every second request, so that one fetch for all of them fails at each. */
START_TEST(every_second_request_of_a_batch_may_be_bad)
{
	enum { N = 32 };
	struct request requests[N];
	struct dmio_usrreq wires[N];
	int fd = session_open("zero");
	unsigned done = 0, refused = 0;

	for (unsigned i = 0; i < N; i++) {
		request_empty(&requests[i], i);
		wires[i] = requests[i].wire;
		if (i % 2 == 1)
			wires[i].req_outbuf.dmbuf_iov = (struct iovec *)8;
	}
	for (unsigned i = 0; i < N;) {
		ssize_t len = write(fd, &wires[i], (N - i) * sizeof(wires[0]));

		if (len < 0) {
			EXPECT(errno, EFAULT);
			refused++;
			i++;
		} else {
			EXPECT(len, sizeof(wires[0]));
			done++;
			i++;
		}
	}
	EXPECT(done, N / 2);
	EXPECT(refused, N / 2);
	session_drain(fd, N / 2);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

/* Arrays that touch may be fetched together; only what names the bad page is refused. */
START_TEST(an_array_beside_an_unreadable_one_is_good)
{
	struct iovec *iov = memory_map(2 * PAGE),
		     *last = (struct iovec *)((uint8_t *)iov + PAGE) - 1;
	uint8_t *memory = memory_map(2 * PAGE);
	struct dmio_usrreq wires[3] = { 0 };
	int fd = session_open("fill8");

	/* The first ends where the page does, the second begins there, the third is anywhere. */
	last[0] = (struct iovec){ memory, PAGE };
	iov[0] = (struct iovec){ memory + PAGE, PAGE };
	wires[0].req_outbuf = (dmio_buffer){ last, 1 };
	wires[1].req_outbuf = (dmio_buffer){ last + 1, 1 };
	wires[2].req_outbuf = (dmio_buffer){ iov, 1 };
	for (unsigned i = 0; i < 3; i++)
		wires[i].req_immediate[0] = 0x2b;
	memory_protect((uint8_t *)iov + PAGE, PAGE, PROT_NONE);
	EXPECT(write(fd, wires, sizeof(wires)), sizeof(wires[0]));
	EXPECT(session_response(fd).resp_error, 0);
	EXPECT(memory_is(memory, 0x2b, PAGE), true);
	EXPECT(memory_is(memory + PAGE, 0, PAGE), true);
	EXPECT_ERRNO(write(fd, wires + 1, 2 * sizeof(wires[0])), EFAULT);
	/* The other way round: the bad one is the first of the two that touch. */
	wires[0].req_outbuf = (dmio_buffer){ iov, 1 };
	wires[1].req_outbuf = (dmio_buffer){ last, 2 };
	EXPECT(write(fd, wires, sizeof(wires)), sizeof(wires[0]));
	EXPECT(session_response(fd).resp_error, 0);
	EXPECT(memory_is(memory, 0x2b, 2 * PAGE), true);
	EXPECT_ERRNO(write(fd, wires + 1, sizeof(wires[0])), EFAULT);
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

/* The data of neighbours in one batch touches, and part of it is bad. */
START_TEST(data_beside_unreadable_data_is_moved)
{
	uint8_t *memory = memory_map(8 * PAGE), *from = memory_map(8 * PAGE);
	struct request requests[8];
	struct dmio_usrreq wires[8];
	int fd = session_open("copy");

	memory_fill(from, 8 * PAGE, 9);
	for (unsigned i = 0; i < 8; i++) {
		request_init(&requests[i], i);
		request_in(&requests[i], 0, from + i * PAGE, PAGE);
		request_out(&requests[i], memory + i * PAGE, PAGE);
		wires[i] = requests[i].wire;
	}
	memory_protect(from + PAGE, PAGE, PROT_NONE);
	memory_protect(memory + 4 * PAGE, PAGE, PROT_READ);
	memory_protect(from + 7 * PAGE, PAGE, PROT_NONE);
	session_write(fd, wires, 8);
	for (unsigned i = 0; i < 8; i++) {
		struct dmio_usrresp response = session_response(fd);
		uint32_t id = response.resp_id;

		EXPECT(response.resp_error, id == 1 || id == 4 || id == 7 ? EFAULT : 0);
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == 1 || i == 4 || i == 7)
			EXPECT(memory_is(memory + i * PAGE, 0, PAGE), true);
		else
			EXPECT_BYTES(memory + i * PAGE, from + i * PAGE, PAGE);
	}
}
END_TEST

Suite *
suite_refused(void)
{
	Suite *suite = suite_create("refused");
	TCase *tcase = suite_case(suite, "refused");

	tcase_add_test(tcase, an_unreadable_vector_array_is_efault);
	tcase_add_test(tcase, an_unreadable_input_array_is_efault);
	tcase_add_test(tcase, an_unreadable_vector_array_of_an_input_is_efault);
	tcase_add_loop_test(tcase, more_than_1024_vectors_are_einval, 0,
	    (int)(sizeof(too_many) / sizeof(too_many[0])));
	tcase_add_test(tcase, an_input_without_vectors_is_einval);
	tcase_add_loop_test(tcase, a_missing_output_is_einval, 0, (int)oracle_nfunctions);
	tcase_add_test(tcase, a_sum_above_ssize_max_is_einval);
	tcase_add_test(tcase, lengths_that_differ_are_einval);
	tcase_add_test(tcase, the_requests_before_a_refused_one_are_executed);
	tcase_add_test(tcase, a_fault_in_the_data_of_one_request_does_not_touch_its_neighbours);
	tcase_add_test(tcase, every_second_request_of_a_batch_may_be_bad);
	tcase_add_test(tcase, an_array_beside_an_unreadable_one_is_good);
	tcase_add_test(tcase, data_beside_unreadable_data_is_moved);
	return suite;
}
