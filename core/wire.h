/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h: bytes <-> requests and responses.  Pure: bytes in, structures or -EINVAL out.
 *
 * A layout is one way to lay the structures of <dev/dmover/dmover_io.h> out in bytes: the current
 * one or that of the manual page of 2002, each for 64-bit and for 32-bit callers.
 */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include <dev/dmover/dmover.h>

struct dmover_layout {
	const char *lay_name;
	unsigned lay_request;   /* bytes of a request record */
	unsigned lay_response;  /* bytes of a response record */
	unsigned lay_pointer;   /* bytes of a pointer: 4 or 8 */
	unsigned lay_buffer;    /* bytes of a dmio_buffer */
	unsigned lay_iovec;     /* bytes of a struct iovec */
	unsigned lay_immediate; /* offset in the request */
	unsigned lay_inbuf;     /* offset in the request */
	unsigned lay_id;        /* offset in the request */
	bool lay_has_result;    /* the response carries the immediate result */
};

/* Largest records of all layouts, and a length that holds whole records of each of them. */
#define DMOVER_RECORD_MAX   40
#define DMOVER_RESPONSE_MAX 16
#define DMOVER_RECORD_LCM   480

/* A dmio_buffer: an array of vectors somewhere in the caller's memory. */
struct dmover_wire_buffer {
	uint64_t wbf_iov;    /* address of the array */
	uint32_t wbf_iovcnt; /* entries */
};

/* A request record, decoded. */
struct dmover_wire_request {
	struct dmover_wire_buffer wrq_out;
	uint8_t wrq_immediate[DMOVER_IMMEDIATE_LEN];
	uint64_t wrq_inbuf; /* address of the array of input buffers */
	uint32_t wrq_id;
};

/* What a response says. */
struct dmover_response {
	uint32_t rsp_id;
	int rsp_error; /* 0 or -errno */
	uint8_t rsp_result[DMOVER_IMMEDIATE_LEN];
};

/*
 * The layout of a session whose first write has LEN bytes: the current one if LEN is a multiple
 * of its record, else that of 2002 if it is one of that, else NULL.
 */
const struct dmover_layout *dmover_layout_guess(size_t len, bool is_32bit);

/* Decodes one record of lay_request bytes. */
void dmover_wire_request_decode(const struct dmover_layout *layout, const void *record,
    struct dmover_wire_request *ret_request);

/*
 * What the record alone shows to be wrong for FUNC: -EINVAL when the output is missing, is there
 * without a need, or has more than IOV_MAX vectors.
 */
int dmover_wire_request_check(
    const struct dmover_function *func, const struct dmover_wire_request *request);

/* Decodes entry I of an array of dmio_buffers; -EINVAL for 0 or more than IOV_MAX vectors. */
int dmover_wire_buffer_decode(const struct dmover_layout *layout, const void *array, unsigned i,
    struct dmover_wire_buffer *ret_buffer);

/*
 * Widens N vectors of the layout, read to the start of IOV, to struct iovec in place, and adds
 * their lengths up.  -EINVAL when the sum is more than SSIZE_MAX (of the caller's word size).
 */
int dmover_wire_iovecs_decode(
    const struct dmover_layout *layout, struct iovec *iov, unsigned n, size_t *ret_len);

/* Writes one record of lay_response bytes, every byte of it; the error becomes positive here. */
void dmover_wire_response_encode(
    const struct dmover_layout *layout, const struct dmover_response *response, void *record);

#endif /* CORE_WIRE_H */
