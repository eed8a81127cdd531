/* SPDX-License-Identifier: BSD-2-Clause */
/* crowd.c: several threads that each keep many requests inside one engine. */
#include "crowd.h"

#include <stdlib.h>
#include <string.h>

#define CROWD_THREADS 4
#define CROWD_WORKS   16
#define CROWD_ROUNDS  20
#define CROWD_LEN     3000

/* One thread with many requests inside the engine at once. */
struct submitter {
	const struct rig *rig;
	const struct arena *arena;
	const struct dmover_function *func;
	pthread_t thread;
	uint8_t out[CROWD_WORKS][CROWD_LEN];
	struct work works[CROWD_WORKS];
	unsigned bad; /* requests that were refused, lost or failed */
};

static void
submit_round(struct submitter *submitter)
{
	for (unsigned i = 0; i < CROWD_WORKS; i++) {
		struct work *work = &submitter->works[i];

		work_init(work, submitter->func, CROWD_LEN - i);
		for (unsigned in = 0; in < submitter->func->dfn_ninputs; in++)
			work->in_bytes[in] = submitter->arena->in[in].bytes + i;
		work->out_bytes = submitter->out[i];
		if (work_submit(work, submitter->rig) != 0)
			submitter->bad++;
	}
	for (unsigned i = 0; i < CROWD_WORKS; i++) {
		struct work *work = &submitter->works[i];

		if (!work_wait(work) || work->ends != 1 || work->dreq.dreq_error != 0)
			submitter->bad++;
	}
}

static void *
submitter_main(void *arg)
{
	struct submitter *submitter = arg;

	for (unsigned round = 0; round < CROWD_ROUNDS && submitter->bad == 0; round++) {
		if (round > 0)
			for (unsigned i = 0; i < CROWD_WORKS; i++)
				work_fini(&submitter->works[i]);
		submit_round(submitter);
	}
	return NULL;
}

/* After the last round: every request ended once, with the right bytes. */
static void
submitter_check(struct submitter *submitter)
{
	const char *name = submitter->rig->engine->eng_name;

	ck_assert_msg(submitter->bad == 0, "%s: %u requests lost", name, submitter->bad);
	for (unsigned i = 0; i < CROWD_WORKS; i++) {
		struct work *work = &submitter->works[i];
		const uint8_t *a = work->in_bytes[0], *b = work->in_bytes[1];

		ck_assert_msg(work->ends == 1, "%s: %u ends", name, work->ends);
		for (size_t j = 0; j < work->dreq.dreq_len; j++)
			ck_assert_msg(work->out_bytes[j] == (a[j] ^ b[j]), "%s: byte %zu", name, j);
		work_fini(work);
	}
}

void
crowd_look(const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	struct submitter *crowd;

	if (strcmp(func->dfn_name, "xor2") != 0)
		return;
	crowd = calloc(CROWD_THREADS, sizeof(*crowd));
	ck_assert_ptr_nonnull(crowd);
	for (unsigned i = 0; i < CROWD_THREADS; i++) {
		crowd[i].rig = rig;
		crowd[i].arena = arena;
		crowd[i].func = func;
		ck_assert_int_eq(
		    pthread_create(&crowd[i].thread, NULL, submitter_main, &crowd[i]), 0);
	}
	for (unsigned i = 0; i < CROWD_THREADS; i++)
		pthread_join(crowd[i].thread, NULL);
	for (unsigned i = 0; i < CROWD_THREADS; i++)
		submitter_check(&crowd[i]);
	free(crowd);
}
