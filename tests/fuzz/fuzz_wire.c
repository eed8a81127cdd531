/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_wire.c: any bytes as request records, input arrays and vectors of each layout.
 *
 * Byte 0 chooses the layout and the function; the rest is the records, and read once more as an
 * array of buffers and as a list of vectors.  What is decoded must be what the bytes say, and a
 * response must fill its record to the last byte.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fuzz.h"

#define VECTORS_MAX 64

static const struct dmover_layout *
layout_of(unsigned choice)
{
	static const size_t lens[] = { 40, 32, 24, 20 };

	return dmover_layout_guess(lens[choice % 4], choice % 4 >= 2);
}

/* An unsigned number of WIDTH bytes, least significant first. */
static uint64_t
number(const uint8_t *p, unsigned width)
{
	uint64_t n = 0;

	for (unsigned i = width; i-- > 0;)
		n = n << 8 | p[i];
	return n;
}

static void
check_record(
    const struct dmover_layout *layout, const struct dmover_function *func, const uint8_t *record)
{
	struct dmover_wire_request request;
	int err;

	dmover_wire_request_decode(layout, record, &request);
	MUST(request.wrq_out.wbf_iov == number(record, layout->lay_pointer));
	MUST(request.wrq_out.wbf_iovcnt == number(record + layout->lay_pointer, 4));
	MUST(request.wrq_inbuf == number(record + layout->lay_inbuf, layout->lay_pointer));
	MUST(request.wrq_id == number(record + layout->lay_id, 4));
	MUST(memcmp(request.wrq_immediate, record + layout->lay_immediate, 8) == 0);
	err = dmover_wire_request_check(func, &request);
	MUST((err == 0) == (request.wrq_out.wbf_iovcnt <= 1024 &&
			       (request.wrq_out.wbf_iovcnt > 0) == func->dfn_has_output));
}

static void
check_buffers(const struct dmover_layout *layout, const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < size / layout->lay_buffer; i++) {
		struct dmover_wire_buffer buffer;
		int err = dmover_wire_buffer_decode(layout, data, i, &buffer);

		MUST((err == 0) == (buffer.wbf_iovcnt >= 1 && buffer.wbf_iovcnt <= 1024));
		MUST(buffer.wbf_iov ==
		     number(data + (size_t)i * layout->lay_buffer, layout->lay_pointer));
	}
}

static void
check_vectors(const struct dmover_layout *layout, const uint8_t *data, size_t size)
{
	const uint64_t max = layout->lay_pointer == 4 ? INT32_MAX : INT64_MAX;
	unsigned n = (unsigned)(size / layout->lay_iovec), width = layout->lay_pointer;
	struct iovec *iov;
	uint64_t sum = 0;
	bool is_good = true;
	size_t len = 0;

	n = n < VECTORS_MAX ? n : VECTORS_MAX;
	iov = malloc((n + 1) * sizeof(*iov));
	memcpy(iov, data, (size_t)n * layout->lay_iovec);
	for (unsigned i = 0; i < n && is_good; i++) {
		uint64_t own = number(data + (size_t)i * layout->lay_iovec + width, width);

		is_good = own <= max - sum;
		sum += own;
	}
	MUST((dmover_wire_iovecs_decode(layout, iov, n, &len) == 0) == is_good);
	for (unsigned i = 0; i < n && is_good; i++) {
		const uint8_t *vector = data + (size_t)i * layout->lay_iovec;

		MUST((uintptr_t)iov[i].iov_base == number(vector, width));
		MUST(iov[i].iov_len == number(vector + width, width));
	}
	MUST(!is_good || len == sum);
	free(iov);
}

static void
check_response(const struct dmover_layout *layout, const uint8_t *data, size_t size)
{
	struct dmover_response response = { 0 };
	uint8_t one[DMOVER_RESPONSE_MAX + 1], other[DMOVER_RESPONSE_MAX + 1];

	memcpy(&response, data, size < sizeof(response) ? size : sizeof(response));
	response.rsp_error = -(int)((unsigned)response.rsp_error & 0xfff);
	memset(one, 0x00, sizeof(one));
	memset(other, 0xff, sizeof(other));
	dmover_wire_response_encode(layout, &response, one);
	dmover_wire_response_encode(layout, &response, other);
	MUST(memcmp(one, other, layout->lay_response) == 0);
	MUST(one[layout->lay_response] == 0x00 && other[layout->lay_response] == 0xff);
	MUST(number(one, 4) == response.rsp_id && (int)number(one + 4, 4) == -response.rsp_error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dmover_layout *layout;
	const struct dmover_function *func;

	if (size < 1)
		return 0;
	layout = layout_of(data[0]);
	func = fuzz_function(data[0] / 4);
	data++, size--;
	for (size_t at = 0; size - at >= layout->lay_request; at += layout->lay_request)
		check_record(layout, func, data + at);
	check_buffers(layout, data, size);
	check_vectors(layout, data, size);
	check_response(layout, data, size);
	layout = dmover_layout_guess(size, size % 2 != 0);
	MUST(layout == NULL || size % layout->lay_request == 0);
	return 0;
}
