/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c: bytes <-> requests and responses; pure. */
#include "core/wire.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <dev/dmover/dmover_io.h>

enum { CURRENT_64, CURRENT_32, MAN2002_64, MAN2002_32 };

static const struct dmover_layout layouts[] = {
	[CURRENT_64] = { .lay_name = "current, 64 bit",
	    .lay_request = 40,
	    .lay_response = 16,
	    .lay_pointer = 8,
	    .lay_buffer = 16,
	    .lay_iovec = 16,
	    .lay_immediate = 16,
	    .lay_inbuf = 24,
	    .lay_id = 32,
	    .lay_has_result = true },
	[CURRENT_32] = { .lay_name = "current, 32 bit",
	    .lay_request = 24,
	    .lay_response = 16,
	    .lay_pointer = 4,
	    .lay_buffer = 8,
	    .lay_iovec = 8,
	    .lay_immediate = 8,
	    .lay_inbuf = 16,
	    .lay_id = 20,
	    .lay_has_result = true },
	[MAN2002_64] = { .lay_name = "2002, 64 bit",
	    .lay_request = 32,
	    .lay_response = 8,
	    .lay_pointer = 8,
	    .lay_buffer = 16,
	    .lay_iovec = 16,
	    .lay_immediate = 16,
	    .lay_inbuf = 16,
	    .lay_id = 24 },
	[MAN2002_32] = { .lay_name = "2002, 32 bit",
	    .lay_request = 20,
	    .lay_response = 8,
	    .lay_pointer = 4,
	    .lay_buffer = 8,
	    .lay_iovec = 8,
	    .lay_immediate = 8,
	    .lay_inbuf = 8,
	    .lay_id = 16 },
};

#if __SIZEOF_POINTER__ == 8
_Static_assert(sizeof(struct dmio_usrreq) == 40, "request of dmover_io.h");
_Static_assert(offsetof(struct dmio_usrreq, req_id) == 32, "request of dmover_io.h");
#endif
_Static_assert(sizeof(struct dmio_usrresp) == 16, "response of dmover_io.h");
_Static_assert(DMOVER_RECORD_LCM % 40 == 0 && DMOVER_RECORD_LCM % 24 == 0 &&
		   DMOVER_RECORD_LCM % 32 == 0 && DMOVER_RECORD_LCM % 20 == 0,
    "whole records of each layout");

const struct dmover_layout *
dmover_layout_guess(size_t len, bool is_32bit)
{
	const struct dmover_layout *current = &layouts[is_32bit ? CURRENT_32 : CURRENT_64];
	const struct dmover_layout *man2002 = &layouts[is_32bit ? MAN2002_32 : MAN2002_64];

	if (len % current->lay_request == 0)
		return current;
	if (len % man2002->lay_request == 0)
		return man2002;
	return NULL;
}

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t
get_pointer(const struct dmover_layout *layout, const uint8_t *p)
{
	uint64_t v;

	if (layout->lay_pointer == 4)
		return get32(p);
	memcpy(&v, p, sizeof(v));
	return v;
}

static void
get_buffer(const struct dmover_layout *layout, const uint8_t *p, struct dmover_wire_buffer *ret)
{
	ret->wbf_iov = get_pointer(layout, p);
	ret->wbf_iovcnt = get32(p + layout->lay_pointer);
}

void
dmover_wire_request_decode(
    const struct dmover_layout *layout, const void *record, struct dmover_wire_request *ret_request)
{
	const uint8_t *p = record;

	get_buffer(layout, p, &ret_request->wrq_out);
	memcpy(ret_request->wrq_immediate, p + layout->lay_immediate, DMOVER_IMMEDIATE_LEN);
	ret_request->wrq_inbuf = get_pointer(layout, p + layout->lay_inbuf);
	ret_request->wrq_id = get32(p + layout->lay_id);
}

int
dmover_wire_request_check(
    const struct dmover_function *func, const struct dmover_wire_request *request)
{
	if (request->wrq_out.wbf_iovcnt > IOV_MAX)
		return -EINVAL;
	if ((request->wrq_out.wbf_iovcnt != 0) != func->dfn_has_output)
		return -EINVAL;
	return 0;
}

int
dmover_wire_buffer_decode(const struct dmover_layout *layout, const void *array, unsigned i,
    struct dmover_wire_buffer *ret_buffer)
{
	get_buffer(layout, (const uint8_t *)array + (size_t)i * layout->lay_buffer, ret_buffer);
	if (ret_buffer->wbf_iovcnt == 0 || ret_buffer->wbf_iovcnt > IOV_MAX)
		return -EINVAL;
	return 0;
}

int
dmover_wire_iovecs_decode(
    const struct dmover_layout *layout, struct iovec *iov, unsigned n, size_t *ret_len)
{
	size_t max = layout->lay_pointer == 4 ? INT32_MAX : SSIZE_MAX;
	size_t sum = 0;

	/* From the last to the first: a wide vector never covers a narrow one not yet read. */
	if (layout->lay_iovec == 8) {
		for (unsigned i = n; i-- > 0;) {
			const uint8_t *p = (const uint8_t *)iov + (size_t)i * 8;
			uint32_t base = get32(p), len = get32(p + 4);

			iov[i] = (struct iovec){ (void *)(uintptr_t)base, len };
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (iov[i].iov_len > max - sum)
			return -EINVAL;
		sum += iov[i].iov_len;
	}
	*ret_len = sum;
	return 0;
}

void
dmover_wire_response_encode(
    const struct dmover_layout *layout, const struct dmover_response *response, void *record)
{
	uint8_t *p = record;
	int error = -response->rsp_error; /* wire is positive */

	memcpy(p, &response->rsp_id, 4);
	memcpy(p + 4, &error, 4);
	if (layout->lay_has_result)
		memcpy(p + 8, response->rsp_result, DMOVER_IMMEDIATE_LEN);
}
