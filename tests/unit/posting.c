/* SPDX-License-Identifier: BSD-2-Clause */
/* posting.c: batches that are posted, and compared with what must come of them. */
#include "posting.h"

#include <stdlib.h>

#include "unit.h"

const struct fake_plan posting_mixed[POSTING_NMIXED] = {
	{ "copy", 1500 * KIB, 3 },
	{ "zero", 2200 * KIB, 700 },
	{ "fill8", 300 * KIB, 2 },
	{ "xor5", 700 * KIB + 3, 7 },
	{ "iscsi-crc32c", 2100 * KIB + 1, 1024 },
	{ "copy", 0, 1 },
	{ "iscsi-crc32c", 0, 1 },
	{ "copy", 1, 1 },
};

unsigned
posting_run(struct rig *rig, size_t size, const struct fake_plan *plans, unsigned n, size_t bad)
{
	struct dmover_response *responses = calloc(n, sizeof(*responses));
	struct dmover_batch *batch;
	struct fake_caller caller;
	struct fake_model model;
	unsigned naccesses;

	caller_init(&caller, size);
	batch = caller_build(&caller, plans, n);
	if (bad != SIZE_MAX)
		fake_add_bad(&caller.fake, caller.memory + bad, 1, true, true);
	model_init(&model, &caller, batch);
	rig_post(rig, batch);
	model_check_responses(&model, responses, rig_responses(rig->session, responses, n));
	holds(dmover_stage_drain(&rig->stage, 30));
	model_check_memory(&model, &caller);
	naccesses = atomic_load(&caller.fake.naccesses);
	dmover_space_unref(&caller.fake.space);
	holds(atomic_load(&caller.fake.is_destroyed));
	model_fini(&model);
	caller_fini(&caller);
	free(responses);
	return naccesses;
}
