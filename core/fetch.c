/* SPDX-License-Identifier: BSD-2-Clause */
/* fetch.c: from the records of a write(2) to a batch. */
#include "core/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/uio.h"

#define PARTS_MAX  4096
#define BUFFER_MAX 16 /* bytes of a dmio_buffer in the widest layout */

/* Something to be read: the vectors of one buffer, or the input array of one record. */
struct part {
	void *local;
	uint64_t remote;
	size_t len;
	unsigned record; /* whose it is */
};

/* The parts of one access.  Those that touch on both sides go as one piece: the kernel's cost is by
 * the piece. */
struct parts {
	struct part part[PARTS_MAX];
	unsigned n;
	struct iovec local[DMOVER_UIO_PIECES], remote[DMOVER_UIO_PIECES];
};

struct dmover_fetcher {
	struct parts parts;
	struct dmover_wire_request *requests;
	struct dmover_wire_buffer *inputs;
	uint8_t *arrays; /* input arrays as the caller laid them out */
	unsigned max_records, max_inputs;
};

/* A fetch under way. */
struct state {
	struct dmover_fetcher *fetcher;
	const struct dmover_fetch *fetch;
	struct dmover_batch *batch;
	unsigned n; /* records that are good so far; the ones behind do not matter any more */
	int err;    /* what is wrong with record n */
};

struct dmover_fetcher *
dmover_fetcher_create(void)
{
	return calloc(1, sizeof(struct dmover_fetcher));
}

void
dmover_fetcher_destroy(struct dmover_fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	free(fetcher->requests);
	free(fetcher->inputs);
	free(fetcher->arrays);
	free(fetcher);
}

/* Room for the records and the inputs of the fetch. */
static int
fetcher_resize(struct dmover_fetcher *fetcher, const struct dmover_fetch *fetch)
{
	unsigned inputs = fetch->nrecords * fetch->func->dfn_ninputs;

	if (fetch->nrecords > fetcher->max_records) {
		free(fetcher->requests);
		fetcher->max_records = 0;
		fetcher->requests = malloc(fetch->nrecords * sizeof(*fetcher->requests));
		if (fetcher->requests == NULL)
			return -ENOMEM;
		fetcher->max_records = fetch->nrecords;
	}
	if (inputs > fetcher->max_inputs) {
		free(fetcher->inputs);
		free(fetcher->arrays);
		fetcher->max_inputs = 0;
		fetcher->inputs = malloc(inputs * sizeof(*fetcher->inputs));
		fetcher->arrays = malloc((size_t)inputs * BUFFER_MAX);
		if (fetcher->inputs == NULL || fetcher->arrays == NULL)
			return -ENOMEM;
		fetcher->max_inputs = inputs;
	}
	return 0;
}

/* Record I is bad, and with it ends the batch. */
static void
fail(struct state *st, unsigned i, int err)
{
	if (i < st->n) {
		st->n = i;
		st->err = err;
	}
}

static bool
touches(const struct iovec *piece, uintptr_t addr)
{
	return (uintptr_t)piece->iov_base + piece->iov_len == addr;
}

/* Makes pieces of the parts from FROM on, as many as one access takes.  The first part left out. */
static unsigned
parts_join(struct parts *p, unsigned from, unsigned *ret_npieces)
{
	unsigned n = 0, i;

	for (i = from; i < p->n; i++) {
		const struct part *part = &p->part[i];

		if (n > 0 && touches(&p->local[n - 1], (uintptr_t)part->local) &&
		    touches(&p->remote[n - 1], (uintptr_t)part->remote)) {
			p->local[n - 1].iov_len += part->len;
			p->remote[n - 1].iov_len += part->len;
			continue;
		}
		if (n == DMOVER_UIO_PIECES)
			break;
		p->local[n] = (struct iovec){ part->local, part->len };
		p->remote[n++] = (struct iovec){ (void *)(uintptr_t)part->remote, part->len };
	}
	*ret_npieces = n;
	return i;
}

/*
 * Reads the parts [from, to).  One that cannot be read ends the batch at its record; the parts
 * behind it were not read, and those of earlier records still must be.  Where to go on.
 */
static unsigned
parts_read(struct state *st, unsigned from, unsigned to, unsigned npieces)
{
	struct parts *p = &st->fetcher->parts;
	struct dmover_space *space = st->fetch->space;
	ssize_t done = space->spc_ops->spo_readv(space, p->local, npieces, p->remote, npieces);
	unsigned i = from, keep, next;

	if (done < 0) {
		fail(st, p->part[from].record,
		    done == -EPERM || done == -ENOMEM ? (int)done : -EFAULT);
		done = 0;
	}
	for (; i < to && (size_t)done >= p->part[i].len; i++)
		done -= (ssize_t)p->part[i].len;
	if (i == to)
		return to;
	fail(st, p->part[i].record, -EFAULT);
	next = i + 1;
	for (i = keep = next; i < p->n; i++)
		if (p->part[i].record < st->n)
			p->part[keep++] = p->part[i];
	p->n = keep;
	return next;
}

static void
parts_flush(struct state *st)
{
	struct parts *p = &st->fetcher->parts;
	unsigned at = 0, to, npieces;

	while (at < p->n) {
		to = parts_join(p, at, &npieces);
		at = parts_read(st, at, to, npieces);
	}
	p->n = 0;
}

static void
parts_add(struct state *st, unsigned record, void *local, uint64_t remote, size_t len)
{
	struct parts *p = &st->fetcher->parts;

	if (p->n == PARTS_MAX)
		parts_flush(st);
	p->part[p->n++] = (struct part){ local, remote, len, record };
}

/* Step 1: what the bytes of the records alone show. */
static void
decode_records(struct state *st)
{
	const struct dmover_fetch *fetch = st->fetch;
	unsigned iovs = 0;

	for (unsigned i = 0; i < st->n; i++) {
		struct dmover_wire_request *request = &st->fetcher->requests[i];
		int err;

		dmover_wire_request_decode(fetch->layout,
		    fetch->records + (size_t)i * fetch->layout->lay_request, request);
		err = dmover_wire_request_check(fetch->func, request);
		if (err < 0) {
			fail(st, i, err);
		} else {
			/* Inputs mostly have as many vectors as the output. */
			iovs += request->wrq_out.wbf_iovcnt * (1 + fetch->func->dfn_ninputs);
			if (i > 0 && iovs > FETCH_IOVS_MAX)
				fail(st, i, 0);
		}
	}
}

/* Step 2: the vectors of the outputs, and the arrays of the inputs. */
static void
fetch_outputs(struct state *st)
{
	const struct dmover_layout *layout = st->fetch->layout;
	unsigned n = st->n, ninputs = st->fetch->func->dfn_ninputs;
	size_t array = (size_t)ninputs * layout->lay_buffer;
	struct iovec *iov = st->batch->bat_iovs;

	for (unsigned i = 0; i < n; i++) {
		const struct dmover_wire_buffer *out = &st->fetcher->requests[i].wrq_out;

		if (out->wbf_iovcnt == 0)
			continue;
		parts_add(st, i, iov, out->wbf_iov, (size_t)out->wbf_iovcnt * layout->lay_iovec);
		iov += out->wbf_iovcnt;
	}
	for (unsigned i = 0; i < n && ninputs > 0; i++)
		parts_add(st, i, st->fetcher->arrays + i * array,
		    st->fetcher->requests[i].wrq_inbuf, array);
	parts_flush(st);
}

/* Step 3: the input buffers; and the batch ends where its vectors get too many. */
static unsigned
decode_inputs(struct state *st, unsigned iovs)
{
	unsigned ninputs = st->fetch->func->dfn_ninputs;

	if (ninputs == 0)
		return iovs;
	for (unsigned i = 0; i < st->n; i++) {
		struct dmover_wire_buffer *inputs = &st->fetcher->inputs[i * ninputs];
		unsigned own = 0;
		int err = 0;

		for (unsigned j = 0; j < ninputs && err == 0; j++) {
			err = dmover_wire_buffer_decode(
			    st->fetch->layout, st->fetcher->arrays, i * ninputs + j, &inputs[j]);
			own += inputs[j].wbf_iovcnt;
		}
		if (err < 0)
			fail(st, i, err);
		else if (i > 0 && iovs + own > FETCH_IOVS_MAX)
			fail(st, i, 0);
		else
			iovs += own;
	}
	return iovs;
}

/* Step 4: the vectors of the inputs, behind those of all outputs. */
static void
fetch_inputs(struct state *st, struct iovec *iov)
{
	unsigned n = st->n, ninputs = st->fetch->func->dfn_ninputs;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < ninputs; j++) {
			const struct dmover_wire_buffer *input =
			    &st->fetcher->inputs[i * ninputs + j];

			parts_add(st, i, iov, input->wbf_iov,
			    (size_t)input->wbf_iovcnt * st->fetch->layout->lay_iovec);
			iov += input->wbf_iovcnt;
		}
	}
	parts_flush(st);
}

/* Makes a buffer of the vectors at *iov, and passes them. */
static int
make_buffer(const struct state *st, struct iovec **iov, unsigned n, enum dmover_uio_rw rw,
    struct dmover_buffer *buffer)
{
	size_t len;
	int err = dmover_wire_iovecs_decode(st->fetch->layout, *iov, n, &len);

	if (err == 0) {
		buffer->buf_type = DMOVER_BUF_UIO;
		dmover_uio_init(&buffer->buf_uio, st->fetch->space, rw, *iov, n, len);
	}
	*iov += n;
	return err;
}

/* The request of record I; *out and *in are where its vectors begin. */
static int
make_entry(struct state *st, unsigned i, struct iovec **out, struct iovec **in)
{
	const struct dmover_function *func = st->fetch->func;
	const struct dmover_wire_request *request = &st->fetcher->requests[i];
	struct dmover_entry *entry = &st->batch->bat_entries[i];
	struct dmover_request *req = &entry->ent_req;
	int err;

	*entry = (struct dmover_entry){ .ent_batch = st->batch, .ent_id = request->wrq_id };
	req->dreq_func = func;
	if (func->dfn_ninputs > 0)
		req->dreq_in = &st->batch->bat_buffers[i * func->dfn_ninputs];
	memcpy(req->dreq_immediate, request->wrq_immediate, DMOVER_IMMEDIATE_LEN);
	/* Of no bytes at all the result is what it was before. */
	memcpy(req->dreq_result, request->wrq_immediate, func->dfn_immediate_out);
	if (func->dfn_has_output) {
		err = make_buffer(
		    st, out, request->wrq_out.wbf_iovcnt, DMOVER_UIO_READ, &req->dreq_out);
		if (err < 0)
			return err;
		req->dreq_len = req->dreq_out.buf_uio.uio_resid;
	}
	for (unsigned j = 0; j < func->dfn_ninputs; j++) {
		unsigned n = st->fetcher->inputs[i * func->dfn_ninputs + j].wbf_iovcnt;

		err = make_buffer(st, in, n, DMOVER_UIO_WRITE, &req->dreq_in[j]);
		if (err < 0)
			return err;
		if (j == 0 && !func->dfn_has_output)
			req->dreq_len = req->dreq_in[0].buf_uio.uio_resid;
		if (req->dreq_in[j].buf_uio.uio_resid != req->dreq_len)
			return -EINVAL;
	}
	return 0;
}

/* Step 5: the requests. */
static void
make_entries(struct state *st, unsigned out_iovs)
{
	struct iovec *out = st->batch->bat_iovs, *in = out + out_iovs;

	for (unsigned i = 0; i < st->n; i++) {
		int err = make_entry(st, i, &out, &in);

		if (err < 0)
			fail(st, i, err);
	}
}

/* What all its requests read, or write, whichever is more; it stops growing past SIZE_MAX / 2. */
static size_t
batch_bytes(const struct dmover_batch *batch, const struct dmover_function *func)
{
	unsigned times = func->dfn_ninputs > 0 ? func->dfn_ninputs : 1;
	size_t bytes = 0;

	for (unsigned i = 0; i < batch->bat_nentries && bytes < SIZE_MAX / 2; i++) {
		size_t len = batch->bat_entries[i].ent_req.dreq_len;

		bytes = len > (SIZE_MAX / 2 - bytes) / times ? SIZE_MAX / 2 : bytes + len * times;
	}
	return bytes;
}

unsigned
dmover_fetch(struct dmover_fetcher *fetcher, const struct dmover_fetch *fetch,
    struct dmover_batch *batch, int *ret_error)
{
	struct state st = {
		.fetcher = fetcher, .fetch = fetch, .batch = batch, .n = fetch->nrecords
	};
	unsigned out_iovs = 0, iovs;

	*ret_error = -ENOMEM;
	batch->bat_nentries = 0;
	batch->bat_bytes = 0;
	if (fetcher_resize(fetcher, fetch) < 0 ||
	    dmover_batch_resize(batch, st.n, st.n * fetch->func->dfn_ninputs) < 0)
		return 0;
	decode_records(&st);
	for (unsigned i = 0; i < st.n; i++)
		out_iovs += fetcher->requests[i].wrq_out.wbf_iovcnt;
	if (dmover_batch_resize_iovs(batch, out_iovs) < 0)
		return 0;
	fetch_outputs(&st);
	iovs = decode_inputs(&st, out_iovs);
	*ret_error = st.err;
	if (st.n == 0)
		return 0;
	*ret_error = -ENOMEM;
	if (dmover_batch_resize_iovs(batch, iovs) < 0)
		return 0;
	fetch_inputs(&st, batch->bat_iovs + out_iovs);
	make_entries(&st, out_iovs);
	batch->bat_nentries = st.n;
	batch->bat_bytes = batch_bytes(batch, fetch->func);
	*ret_error = st.err;
	return st.n;
}
