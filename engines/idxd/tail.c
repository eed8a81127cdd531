/* SPDX-License-Identifier: BSD-2-Clause */
/* tail.c: the engine of the CPU, which finishes what no device does. */
#include "tail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Engines like this are finished when submit returns. */
static bool
is_for_tails(const struct dmover_engine *engine)
{
	const uint32_t other = DMOVER_ENGINE_UIO | DMOVER_ENGINE_NAMED;

	return (engine->eng_flags & DMOVER_ENGINE_ON_CPU) != 0 &&
	       (engine->eng_flags & other) == 0 && engine->eng_kinds == DMOVER_F_ALL;
}

/* The table lists the engines of the CPU from the plainest to the best. */
int
idxd_tail_open(struct idxd_tail *tail, char *why, size_t len)
{
	*tail = (struct idxd_tail){ .engine = NULL };
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (is_for_tails(dmover_engines[i]) && dmover_engines[i]->eng_probe(why, len) == 0)
			tail->engine = dmover_engines[i];
	if (tail->engine == NULL) {
		snprintf(why, len, "no engine works on the CPU");
		return -ENODEV;
	}
	if (tail->engine->eng_open == NULL)
		return 0;
	return tail->engine->eng_open(/* args= */ NULL, &tail->state, why, len);
}

void
idxd_tail_close(struct idxd_tail *tail)
{
	if (tail->engine->eng_close != NULL)
		tail->engine->eng_close(tail->state);
}

uint32_t
idxd_load_sum(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

void
idxd_store_sum(uint8_t *bytes, uint32_t sum)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(sum >> 8 * i);
}

static void
tail_done(struct dmover_request *dreq)
{
	*(bool *)dreq->dreq_arg = true;
}

void
idxd_tail_run(const struct idxd_tail *tail, struct dmover_request *dreq, size_t done, uint32_t crc)
{
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	bool is_done = false;
	struct dmover_request rest = {
		.dreq_func = dreq->dreq_func,
		.dreq_len = dreq->dreq_len - done,
		.dreq_in = in,
		.dreq_out = dreq->dreq_out,
		.dreq_done = tail_done,
		.dreq_arg = &is_done,
	};

	memcpy(rest.dreq_immediate, dreq->dreq_immediate, sizeof(rest.dreq_immediate));
	if (dreq->dreq_func->dfn_kind == DMOVER_KIND_CRC32C)
		idxd_store_sum(rest.dreq_immediate, crc);
	for (unsigned i = 0; i < dreq->dreq_func->dfn_ninputs; i++) {
		in[i] = dreq->dreq_in[i];
		in[i].buf_linear += done;
	}
	if (dreq->dreq_func->dfn_has_output)
		rest.dreq_out.buf_linear += done;
	if (tail->engine->eng_submit(tail->state, &rest) != 0 || !is_done)
		rest.dreq_error = -EIO;
	dreq->dreq_error = rest.dreq_error;
	memcpy(dreq->dreq_result, rest.dreq_result, sizeof(dreq->dreq_result));
}
