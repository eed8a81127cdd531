/* SPDX-License-Identifier: BSD-2-Clause */
/* group.c: one point: all engines, and all that they are compared with. */
#include "tools/bench/group.h"

#include <stdio.h>
#include <string.h>

#include "tools/bench/floor.h"
#include "tools/bench/inside.h"

#define LANES_MAX (BENCH_ENGINES_MAX + BENCH_NROLES)

struct group {
	struct bench_rig *rig;
	const struct bench_plan *plan;
	const struct bench_point *point;
	struct bench_site site;
	unsigned nlanes;
	struct bench_lane lanes[LANES_MAX];
};

static void
skip(struct group *group, const char *name, const char *why)
{
	struct bench_skip *row = bench_result_skip(group->rig->result);

	row->point = *group->point;
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->why, sizeof(row->why), "%s", why);
}

static void
open_engines(struct group *group)
{
	const bool is_running = !group->point->is_direct && group->rig->options->path != NULL;

	for (unsigned i = 0; i < group->plan->nengines; i++) {
		const char *name = is_running ? "device" : group->plan->engines[i];
		struct bench_lane *lane = &group->lanes[group->nlanes];
		struct bench_why why = { "" };
		int err;

		if (group->point->is_direct && strcmp(name, "auto") == 0)
			continue;
		err = group->point->is_direct
			  ? bench_direct_open(lane, &group->site, name, why.text, sizeof(why.text))
			  : bench_rig_open(group->rig, lane, &group->site, name, &why);
		if (err < 0)
			skip(group, name, why.text);
		else
			group->nlanes++;
		/* A running daemon has one setting. */
		if (is_running)
			break;
	}
}

/* What must be paid at least, and NetBSD's way. */
static void
open_floor(struct group *group)
{
	const struct bench_floor_options options = {
		.trip = group->rig->trip,
		.threads = group->rig->options->threads,
	};
	struct bench_why why = { "" };

	if (options.trip == NULL)
		skip(group, "floor", group->rig->why_no_trip);
	else if (bench_floor_open(&group->lanes[group->nlanes], &group->site, &options, why.text,
		     sizeof(why.text)) < 0)
		skip(group, "floor", why.text);
	else
		group->nlanes++;
	bench_netbsd_device_open(&group->lanes[group->nlanes++], &group->site);
}

/* Libraries are there for some functions only; that they are not is worth no line. */
static void
open_libraries(struct group *group)
{
	const enum dmover_kind kind = group->site.work.function->dfn_kind;
	struct bench_why why;

	if (group->point->is_direct && bench_netbsd_open(&group->lanes[group->nlanes], &group->site,
					   why.text, sizeof(why.text)) == 0)
		group->nlanes++;
	if (bench_libc_open(
		&group->lanes[group->nlanes], &group->site, why.text, sizeof(why.text)) == 0)
		group->nlanes++;
	if (bench_isal_open(
		&group->lanes[group->nlanes], &group->site, why.text, sizeof(why.text)) == 0)
		group->nlanes++;
	else if (kind == DMOVER_KIND_CRC32C || kind == DMOVER_KIND_XOR)
		skip(group, "isa-l", why.text);
}

static void
add_rows(struct group *group, const struct bench_figures *figures)
{
	const double huge = bench_area_huge(&group->site.area);

	for (unsigned i = 0; i < group->nlanes; i++) {
		struct bench_row *row = bench_result_row(group->rig->result);

		row->point = *group->point;
		row->role = group->lanes[i].role;
		row->figures = figures[i];
		row->huge = huge;
		memcpy(row->name, group->lanes[i].name, sizeof(row->name));
		memcpy(row->how, group->lanes[i].how, sizeof(row->how));
	}
}

static void
measure(struct group *group)
{
	struct bench_result *result = group->rig->result;
	struct bench_figures figures[LANES_MAX];

	open_engines(group);
	if (group->nlanes > 0) {
		if (!group->point->is_direct)
			open_floor(group);
		open_libraries(group);
		bench_measure(group->lanes, group->nlanes, &group->plan->effort, figures);
		add_rows(group, figures);
		bench_progress_clear(&group->rig->progress);
		if (group->rig->table != NULL)
			bench_table_group(&result->rows[result->nrows - group->nlanes],
			    group->nlanes, group->rig->table);
	}
	for (unsigned i = 0; i < group->nlanes; i++)
		group->lanes[i].close(&group->lanes[i]);
}

void
bench_group_run(
    struct bench_rig *rig, const struct bench_plan *plan, const struct bench_point *point)
{
	const struct bench_site_options options = {
		.limit = rig->options->memory,
		.is_checked = rig->options->is_verifying,
	};
	struct group group = { .rig = rig, .plan = plan, .point = point };
	struct bench_why why = { "" };

	if (bench_site_init(&group.site, point, &options, why.text, sizeof(why.text)) < 0)
		skip(&group, "", why.text);
	else
		measure(&group);
	bench_site_fini(&group.site);
}
