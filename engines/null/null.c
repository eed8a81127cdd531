/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * null.c: the engine that says "done" and moves nothing: an example to start from, and the floor
 * under every measurement of what the road to an engine costs.
 */
#include "engines/table.h"

static int
null_probe(char *why, size_t len)
{
	(void)why;
	(void)len;
	return 0;
}

static int
null_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	dreq->dreq_error = 0;
	dmover_done(dreq);
	return 0;
}

const struct dmover_engine null_engine = {
	.eng_name = "null",
	.eng_about = "completes every request without moving a byte",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_UIO | DMOVER_ENGINE_NAMED | DMOVER_ENGINE_NO_DATA,
	.eng_probe = null_probe,
	.eng_submit = null_submit,
};
