/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c: which points are measured. */
#include "tools/bench/plan.h"

#include <dev/dmover/engine.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS "zero,copy,iscsi-crc32c,xor5"

/* Lists as on the command line; NULL: the usual value. */
struct sweep {
	bool is_direct;
	const char *lists[BENCH_NAXES];
};

static const struct sweep quick[] = {
	{ .lists = { [BENCH_FUNCTION] = FUNCTIONS, [BENCH_SIZE] = "4K,64K,1M,16M" } },
	{ .lists = { [BENCH_FUNCTION] = "copy", [BENCH_SIZE] = "4K", [BENCH_BATCH] = "64" } },
	{ .is_direct = true,
	    .lists = { [BENCH_FUNCTION] = FUNCTIONS, [BENCH_SIZE] = "4K,64K,1M,16M" } },
	{ .lists = { NULL } },
};

static const struct sweep usual[] = {
	{ .lists = { [BENCH_FUNCTION] = FUNCTIONS,
	      [BENCH_SIZE] = "1K,4K,16K,64K,256K,1M,16M,64M" } },
	{ .lists = { [BENCH_FUNCTION] = "copy", [BENCH_SIZE] = "4K,64K", [BENCH_BATCH] = "64" } },
	{ .lists = { [BENCH_FUNCTION] = "copy", [BENCH_SIZE] = "4K,1M", [BENCH_DEPTH] = "8" } },
	{ .lists = { [BENCH_FUNCTION] = "copy", [BENCH_SIZE] = "4K,1M", [BENCH_SESSIONS] = "4" } },
	{ .lists = { [BENCH_FUNCTION] = "copy", [BENCH_SIZE] = "64K,1M", [BENCH_IOVECS] = "16" } },
	{ .lists = { [BENCH_FUNCTION] = "copy", [BENCH_SIZE] = "64M", [BENCH_PAGES] = "2M" } },
	{ .is_direct = true,
	    .lists = { [BENCH_FUNCTION] = FUNCTIONS,
		[BENCH_SIZE] = "64,256,1K,4K,16K,64K,256K,1M,16M,64M" } },
	{ .is_direct = true,
	    .lists = { [BENCH_FUNCTION] = FUNCTIONS,
		[BENCH_SIZE] = "4K,64K",
		[BENCH_FOOTPRINT] = "cold" } },
	{ .is_direct = true,
	    .lists = { [BENCH_FUNCTION] = FUNCTIONS,
		[BENCH_SIZE] = "4K,64K",
		[BENCH_ALIGN] = "1" } },
	{ .lists = { NULL } },
};

/* What goes without saying on an axis. */
static const char *const usual_lists[BENCH_NAXES] = {
	[BENCH_FUNCTION] = FUNCTIONS,
	[BENCH_PAGES] = "4K",
	[BENCH_FOOTPRINT] = "hot",
	[BENCH_ALIGN] = "0",
	[BENCH_IOVECS] = "1",
	[BENCH_SESSIONS] = "1",
	[BENCH_DEPTH] = "1",
	[BENCH_BATCH] = "1",
	[BENCH_SIZE] = "4K,64K,1M,64M",
};

static bool
is_planned(const struct bench_plan *plan, const struct bench_point *point)
{
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->points[i].is_direct == point->is_direct &&
		    memcmp(plan->points[i].value, point->value, sizeof(point->value)) == 0)
			return true;
	return false;
}

static void
plan_add(struct bench_plan *plan, struct bench_point point)
{
	/* An engine has no writes that could be outstanding. */
	if (point.is_direct)
		point.value[BENCH_DEPTH] = 1;
	if (is_planned(plan, &point))
		return;
	plan->points = reallocarray(plan->points, plan->n + 1, sizeof(plan->points[0]));
	if (plan->points == NULL)
		err(1, "memory");
	plan->points[plan->n++] = point;
}

/* Every combination; the last axis moves fastest. */
static void
plan_product(struct bench_plan *plan, const struct bench_values axes[BENCH_NAXES], bool is_direct)
{
	unsigned at[BENCH_NAXES] = { 0 };
	int axis;

	do {
		struct bench_point point = { .is_direct = is_direct };

		for (axis = 0; axis < BENCH_NAXES; axis++)
			point.value[axis] = axes[axis].value[at[axis]];
		plan_add(plan, point);
		for (axis = BENCH_NAXES - 1; axis >= 0 && ++at[axis] == axes[axis].n; axis--)
			at[axis] = 0;
	} while (axis >= 0);
}

/* A sweep; what the command line says comes before it. */
static void
plan_sweep(struct bench_plan *plan, const struct bench_options *options, const struct sweep *sweep)
{
	struct bench_values axes[BENCH_NAXES];
	char why[128];

	if (sweep->is_direct ? options->is_device : options->is_direct)
		return;
	for (int axis = 0; axis < BENCH_NAXES; axis++) {
		const char *list = sweep->lists[axis];

		if (options->axes[axis].n > 0)
			axes[axis] = options->axes[axis];
		else if (bench_values_parse(&axes[axis], (enum bench_axis)axis,
			     list != NULL ? list : usual_lists[axis], why, sizeof(why)) < 0)
			errx(1, "%s", why);
	}
	plan_product(plan, axes, sweep->is_direct);
}

/* What an engine lacks may show only when it is opened. */
static bool
works_here(const struct dmover_engine *engine)
{
	void *state = NULL;
	char why[256];

	if (engine->eng_probe(why, sizeof(why)) != 0)
		return false;
	if (engine->eng_open == NULL)
		return true;
	if (engine->eng_open(/* args= */ NULL, &state, why, sizeof(why)) != 0)
		return false;
	if (engine->eng_close != NULL)
		engine->eng_close(state);
	return true;
}

static void
plan_engines(struct bench_plan *plan, const struct bench_options *options)
{
	plan->nengines = options->nengines;
	memcpy(plan->engines, options->engines, sizeof(plan->engines));
	if (plan->nengines > 0)
		return;
	snprintf(plan->engines[plan->nengines++], sizeof(plan->engines[0]), "auto");
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		const struct dmover_engine *engine = dmover_engines[i];

		if (plan->nengines == BENCH_ENGINES_MAX ||
		    engine->eng_flags & DMOVER_ENGINE_NAMED || !works_here(engine))
			continue;
		snprintf(plan->engines[plan->nengines++], sizeof(plan->engines[0]), "%s",
		    engine->eng_name);
	}
}

void
bench_plan_init(struct bench_plan *plan, const struct bench_options *options)
{
	static const struct sweep asked[] = { { .is_direct = false }, { .is_direct = true } };
	const struct sweep *sweeps = options->is_quick ? quick : usual;
	bool has_axes = false;

	*plan = (struct bench_plan){ .effort = { .seconds = 0.15, .rounds = 7, .rounds_min = 3 } };
	if (options->is_quick)
		plan->effort = (struct bench_effort){ 0.07, 7, 3 };
	if (options->rounds > 0)
		plan->effort.rounds = options->rounds;
	if (options->seconds > 0)
		plan->effort.seconds = options->seconds;
	if (plan->effort.rounds_min > plan->effort.rounds)
		plan->effort.rounds_min = plan->effort.rounds;
	for (int axis = 0; axis < BENCH_NAXES; axis++)
		has_axes = has_axes || options->axes[axis].n > 0;
	for (unsigned i = 0; has_axes && i < 2; i++)
		plan_sweep(plan, options, &asked[i]);
	for (unsigned i = 0; !has_axes && sweeps[i].lists[BENCH_FUNCTION] != NULL; i++)
		plan_sweep(plan, options, &sweeps[i]);
	plan_engines(plan, options);
}

void
bench_plan_fini(struct bench_plan *plan)
{
	free(plan->points);
}
