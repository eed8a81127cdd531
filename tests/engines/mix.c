/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mix.c: thousands of random requests -- function, length, cuts, places, way -- through every engine
 * by turns.
 *
 * The seed is printed, and is in each failure; --seed=N repeats a run.
 */
#include "roster.h"
#include "trial.h"

#include <stdio.h>
#include <string.h>

#define REQUESTS 20000u
#define MEMORY   ((size_t)24 << 20)
#define BATCH    48u
#define TRAFFIC  ((size_t)4 << 20) /* of one batch */

static uint32_t
nfunctions(void)
{
	uint32_t n = 0;

	while (dmover_function_at(n) != NULL)
		n++;
	return n;
}

/* Half of them are not xor, of which there are many. */
static uint32_t
random_row(uint32_t *seed)
{
	uint32_t row;

	do
		row = rig_random(seed, nfunctions());
	while (dmover_function_at(row)->dfn_kind == DMOVER_KIND_XOR && rig_random(seed, 4) != 0);
	return row;
}

/* Most are short, a few have several chunks: below a random power of 2. */
static size_t
random_len(uint32_t *seed)
{
	const uint32_t bits =
	    rig_random(seed, 40) == 0 ? 16 + rig_random(seed, 5) : rig_random(seed, 15);

	return rig_random(seed, (UINT32_C(1) << bits) + 1);
}

/* Few as a rule, the most there may be now and then. */
static unsigned
random_pieces(uint32_t *seed)
{
	return rig_random(seed, 50) == 0 ? 1 + rig_random(seed, 1024) : 1 + rig_random(seed, 6);
}

static void
random_plan(struct plan *plan, uint32_t *seed)
{
	*plan = (struct plan){
		.func = dmover_function_at(random_row(seed)),
		.len = random_len(seed),
		.in_pieces = random_pieces(seed),
		.out_pieces = random_pieces(seed),
		.skew = rig_random(seed, 64),
		.seed = rig_random(seed, UINT32_MAX),
	};
	for (unsigned i = 0; i < 4; i++)
		plan->immediate[i] = (uint8_t)rig_random(seed, 256);
	if (plan->func->dfn_ninputs == 0 || !plan->func->dfn_has_output)
		return;
	if (rig_random(seed, 8) == 0) {
		plan->shape = PLAN_IN_PLACE;
		plan->alias = rig_random(seed, plan->func->dfn_ninputs);
	} else if (plan->func->dfn_kind == DMOVER_KIND_COPY && plan->len <= DMOVER_HOLD_MAX &&
		   rig_random(seed, 4) == 0) {
		plan->shape = PLAN_OVERLAP;
		plan->shift = (ptrdiff_t)rig_random(seed, (uint32_t)plan->len + 1);
		plan->shift -= (ptrdiff_t)plan->len / 2;
	}
}

/* Requests for one batch, at most MAX; returns how many. */
static unsigned
random_batch(struct plan *plans, unsigned max, uint32_t *seed)
{
	const unsigned want = 1 + rig_random(seed, max);
	size_t traffic = 0;
	unsigned n = 0;

	while (n < want) {
		random_plan(&plans[n], seed);
		traffic += plan_traffic(plans[n].func, plans[n].len) + plans[n].len;
		if (traffic > TRAFFIC && n > 0)
			break;
		/* Alone it may have 16 inputs of 2 MiB: more than there is memory. */
		if (traffic > MEMORY - TRAFFIC)
			plans[n].len /= 4;
		n++;
	}
	return n;
}

static enum road_way
random_way(const struct trial *trial, uint32_t *seed)
{
	if (road_may_hold(trial->map) && rig_random(seed, 2) == 0)
		return ROAD_HELD;
	return rig_random(seed, 4) == 0 ? ROAD_WALKED : ROAD_POSTED;
}

START_TEST(random_requests_agree_with_the_oracle)
{
	const unsigned share = REQUESTS / (unsigned)roster_nchoices / rig_slowness() + 1;
	uint32_t seed = rig_seed + (uint32_t)_i;
	struct plan plans[BATCH];
	struct trial trial;
	unsigned done = 0;
	char engine[2 * ROSTER_TEXT];

	/* A failure tells what to repeat. */
	trial_start(&trial, roster_choices[_i], MEMORY);
	snprintf(engine, sizeof(engine), "%s --seed=%u", roster_choices[_i], rig_seed);
	trial.engine = engine;
	while (done < share) {
		const unsigned n = random_batch(plans, BATCH, &seed);

		trial_plan(&trial, plans, n);
		trial_run(&trial, random_way(&trial, &seed), /* bad= */ NULL);
		trial_check(&trial);
		trial_unplan(&trial);
		done += n;
	}
	trial_stop(&trial);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("mix");
	TCase *mix = tcase_create("mix");

	roster_fill();
	printf("--seed=%u\n", rig_seed);
	tcase_set_timeout(mix, 300);
	tcase_add_loop_test(mix, random_requests_agree_with_the_oracle, 0, roster_nchoices);
	suite_add_tcase(suite, mix);
	return suite;
}

int
main(int argc, char **argv)
{
	return trial_main(argc, argv, make_suite);
}
