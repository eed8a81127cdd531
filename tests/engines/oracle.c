/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.c: one request for the first engine of the table. */
#include "oracle.h"

#include <string.h>

#include "rig.h"

void
oracle_ask(const struct question *question, uint8_t *ret_result)
{
	struct rig oracle;
	struct work work;

	/* The result for no bytes at all is the immediate: no engine is asked. */
	memset(ret_result, 0, DMOVER_IMMEDIATE_LEN);
	memcpy(ret_result, question->immediate, question->func->dfn_immediate_out);
	if (question->len == 0)
		return;
	rig_open(&oracle, dmover_engines[0], NULL);
	work_init(&work, question->func, question->len);
	memcpy(work.in_bytes, question->in, sizeof(work.in_bytes));
	memcpy(work.dreq.dreq_immediate, question->immediate, DMOVER_IMMEDIATE_LEN);
	work.out_bytes = question->out;
	work.is_kept = true;
	rig_demand(work_run(&work, &oracle) == 0, "the oracle failed");
	memcpy(ret_result, work.dreq.dreq_result, DMOVER_IMMEDIATE_LEN);
	work_fini(&work);
	rig_close(&oracle);
}
