/* SPDX-License-Identifier: BSD-2-Clause */
/* model.c: what must come of a batch, worked out one byte at a time. */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

uint32_t
model_crc(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	while (n-- > 0) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

/* Whether an access to the buffer meets a bad byte. */
static bool
is_bad(const struct fake_space *fake, const struct dmover_uio *uio)
{
	bool is_write = uio->uio_rw == DMOVER_UIO_READ;

	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		uintptr_t from = (uintptr_t)uio->uio_iov[i].iov_base,
			  to = from + uio->uio_iov[i].iov_len;

		for (unsigned j = 0; j < fake->nbad; j++) {
			const struct fake_bad *bad = &fake->bad[j];

			if ((is_write ? bad->no_write : bad->no_read) && bad->from < to &&
			    bad->to > from)
				return true;
		}
	}
	return false;
}

/* Where the vector begins, as an offset in the caller's memory. */
static size_t
offset_of(const struct fake_caller *caller, const struct iovec *iov)
{
	return (size_t)((uint8_t *)iov->iov_base - caller->memory);
}

/* All bytes of the buffer, one after the other. */
static uint8_t *
flat(const struct fake_model *model, const struct fake_caller *caller, const struct dmover_uio *uio)
{
	uint8_t *bytes = malloc(uio->uio_resid + 1), *at = bytes;

	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		size_t len = uio->uio_iov[i].iov_len;

		memcpy(at, model->memory + offset_of(caller, &uio->uio_iov[i]), len);
		at += len;
	}
	return bytes;
}

/* Puts the bytes where the buffer is. */
static void
unflat(struct fake_model *model, const struct fake_caller *caller, const struct dmover_uio *uio,
    const uint8_t *bytes)
{
	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		size_t len = uio->uio_iov[i].iov_len;

		memcpy(model->memory + offset_of(caller, &uio->uio_iov[i]), bytes, len);
		bytes += len;
	}
}

static void
mark_any(struct fake_model *model, const struct fake_caller *caller, const struct dmover_uio *uio)
{
	for (unsigned i = 0; i < uio->uio_iovcnt; i++)
		memset(model->is_any + offset_of(caller, &uio->uio_iov[i]), 1,
		    uio->uio_iov[i].iov_len);
}

/* What the function makes of the inputs, into OUT. */
static void
compute(struct fake_model *model, const struct fake_caller *caller, unsigned e,
    const struct dmover_request *req, uint8_t *out)
{
	size_t len = req->dreq_len;
	uint32_t crc;

	memset(
	    out, req->dreq_func->dfn_kind == DMOVER_KIND_FILL8 ? req->dreq_immediate[0] : 0, len);
	for (unsigned j = 0; j < req->dreq_func->dfn_ninputs; j++) {
		uint8_t *in = flat(model, caller, &req->dreq_in[j].buf_uio);

		for (size_t i = 0; i < len; i++)
			out[i] ^= in[i];
		if (req->dreq_func->dfn_kind == DMOVER_KIND_CRC32C) {
			memcpy(&crc, req->dreq_immediate, sizeof(crc));
			crc = model_crc(crc, in, len);
			memcpy(model->results[e], &crc, sizeof(crc));
		}
		free(in);
	}
}

static int
error_of(const struct fake_caller *caller, const struct dmover_request *req)
{
	if (req->dreq_len == 0)
		return 0;
	for (unsigned j = 0; j < req->dreq_func->dfn_ninputs; j++)
		if (is_bad(&caller->fake, &req->dreq_in[j].buf_uio))
			return -EFAULT;
	if (req->dreq_func->dfn_has_output && is_bad(&caller->fake, &req->dreq_out.buf_uio))
		return -EFAULT;
	return 0;
}

void
model_init(
    struct fake_model *model, const struct fake_caller *caller, const struct dmover_batch *batch)
{
	*model = (struct fake_model){
		.nentries = batch->bat_nentries,
		.memory = malloc(caller->size),
		.is_any = calloc(1, caller->size),
		.errors = calloc(batch->bat_nentries, sizeof(int)),
		.results = calloc(batch->bat_nentries, DMOVER_IMMEDIATE_LEN),
	};
	memcpy(model->memory, caller->memory, caller->size);
	for (unsigned e = 0; e < batch->bat_nentries; e++) {
		const struct dmover_request *req = &batch->bat_entries[e].ent_req;
		uint8_t *out = malloc(req->dreq_len + 1);

		model->errors[e] = error_of(caller, req);
		if (model->errors[e] == 0)
			compute(model, caller, e, req, out);
		if (req->dreq_func->dfn_has_output && model->errors[e] == 0)
			unflat(model, caller, &req->dreq_out.buf_uio, out);
		else if (req->dreq_func->dfn_has_output)
			mark_any(model, caller, &req->dreq_out.buf_uio);
		free(out);
	}
}

void
model_fini(struct fake_model *model)
{
	free(model->memory);
	free(model->is_any);
	free(model->errors);
	free(model->results);
}

void
model_check_memory(const struct fake_model *model, const struct fake_caller *caller)
{
	for (size_t i = 0; i < caller->size; i++)
		if (model->is_any[i])
			model->memory[i] = caller->memory[i];
	same_bytes(model->memory, caller->memory, caller->size);
}

void
model_check_responses(
    const struct fake_model *model, const struct dmover_response *responses, unsigned n)
{
	bool *is_there = calloc(model->nentries, sizeof(*is_there));

	same_size(n, model->nentries);
	for (unsigned i = 0; i < n; i++) {
		unsigned e = responses[i].rsp_id - FAKE_FIRST_ID;

		ck_assert_msg(e < n && !is_there[e], "response for request %u", e);
		is_there[e] = true;
		same_int(responses[i].rsp_error, model->errors[e]);
		same_bytes(responses[i].rsp_result, model->results[e], DMOVER_IMMEDIATE_LEN);
	}
	free(is_there);
}
