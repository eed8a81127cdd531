/* SPDX-License-Identifier: BSD-2-Clause */
/* bars.c: the list of what the project promises, and the rows that are one lane against another. */
#include "tools/bench/bars.h"

#include <stdio.h>
#include <string.h>

#include "tools/bench/chooser.h"
#include "tools/bench/floor.h"
#include "tools/bench/inside.h"
#include "tools/bench/pin.h"

#define KIB (1u << 10)
#define MIB (1u << 20)

struct row;
typedef void row_run(struct bench_rig *rig, const struct row *row, struct bench_bar *bar);

/* The point, and what it is compared with. */
struct row {
	const char *name;
	row_run *run;
	const char *function;
	unsigned size, batch;
	bool is_cold;
	bool is_small; /* short work: many rounds, and a floor with round trips */
	double bar;    /* the ratio of speeds that is wanted at least */
};

static row_run run_against_floor, run_against_netbsd, run_against_isal, run_batches, run_chooser;

static const struct row rows[] = {
	{ "64 MiB copy, posted", run_against_floor, "copy", 64 * MIB, 1, .bar = 0.95 },
	{ "64 MiB zero", run_against_floor, "zero", 64 * MIB, 1, .bar = 0.95 },
	{ "64 MiB fill8", run_against_floor, "fill8", 64 * MIB, 1, .bar = 0.95 },
	{ "64 MiB iscsi-crc32c", run_against_floor, "iscsi-crc32c", 64 * MIB, 1, .bar = 0.90 },
	{ "64 MiB xor5", run_against_floor, "xor5", 64 * MIB, 1, .bar = 0.85 },
	{ "64 x 4 KiB copy, one write and read", run_against_floor, "copy", 4 * KIB, 64,
	    .is_small = true, .bar = 1 / 1.25 },
	{ "4 KiB copy, one write and read", run_against_floor, "copy", 4 * KIB, 1, .is_small = true,
	    .bar = 1 / 1.2 },
	{ "64 MiB copy, to NetBSD's algorithm", run_against_netbsd, "copy", 64 * MIB, 1, .bar = 8 },
	{ "CRC32C kernel, 64 KiB hot", run_against_isal, "iscsi-crc32c", 64 * KIB, 1, .bar = 1 },
	{ "XOR5 kernel, 64 KiB hot", run_against_isal, "xor5", 64 * KIB, 1, .bar = 1 },
	{ "XOR5 kernel, 64 MiB cold", run_against_isal, "xor5", 64 * MIB, 1, .is_cold = true,
	    .bar = 1 },
	{ "null engine, 64 a batch to 1 a batch", run_batches, "copy", 4 * KIB, 64,
	    .is_small = true, .bar = 8 },
	{ "auto, to the best engine: the worst", run_chooser, .bar = 0.95 },
};

/* Two lanes; the second one is what the first is compared with. */
struct duel {
	struct bench_point point;
	struct bench_site site;
	struct bench_lane lanes[2];
	struct bench_figures figures[2];
};

static struct bench_point
point_of(const struct row *row, bool is_direct)
{
	struct bench_point point = { .is_direct = is_direct };

	bench_axis_parse(BENCH_FUNCTION, row->function, &point.value[BENCH_FUNCTION]);
	point.value[BENCH_SIZE] = row->size;
	point.value[BENCH_BATCH] = row->batch;
	point.value[BENCH_DEPTH] = point.value[BENCH_SESSIONS] = point.value[BENCH_IOVECS] = 1;
	point.value[BENCH_FOOTPRINT] = row->is_cold ? BENCH_COLD : BENCH_HOT;
	return point;
}

static void
skip(struct bench_bar *bar, const char *why)
{
	bar->is_skipped = true;
	snprintf(bar->why, sizeof(bar->why), "%s", why);
}

/* The memory of both sides; false when the row is skipped. */
static bool
duel_init(struct duel *duel, const struct bench_rig *rig, struct bench_bar *bar)
{
	const struct bench_site_options options = {
		.limit = rig->options->memory,
		.is_checked = rig->options->is_verifying,
	};
	struct bench_why why;

	if (bench_site_init(&duel->site, &duel->point, &options, why.text, sizeof(why.text)) == 0)
		return true;
	skip(bar, why.text);
	return false;
}

static void
duel_fini(struct duel *duel)
{
	for (unsigned i = 0; i < 2; i++)
		if (duel->lanes[i].close != NULL)
			duel->lanes[i].close(&duel->lanes[i]);
	bench_site_fini(&duel->site);
}

/* Measures, and writes down speeds or times. */
static void
duel_run(struct duel *duel, const struct row *row, struct bench_bar *bar)
{
	const struct bench_effort large = { 1.0, 21, 9 }, small = { 1.0, 201, 51 };
	struct bench_figures *figures = duel->figures;
	const double scale = (double)row->size / 1e9;

	if (duel->lanes[1].role == BENCH_ENGINE)
		duel->lanes[1].role = BENCH_FLOOR;
	bench_measure(duel->lanes, 2, row->is_small ? &small : &large, figures);
	bar->ratio = figures[0].ratio[duel->lanes[1].role];
	for (unsigned i = 0; i < 2; i++)
		bench_bar_blame(bar, duel->lanes[i].name, &figures[i]);
	if (row->is_small) {
		snprintf(bar->value, sizeof(bar->value), "%.1f us", figures[0].p50 * 1e6);
		snprintf(bar->detail, sizeof(bar->detail), "%.24s: %.1f us %.30s",
		    duel->lanes[1].name, figures[1].p50 * 1e6, duel->lanes[1].how);
	} else {
		snprintf(bar->value, sizeof(bar->value), "%.2f GB/s", figures[0].rate * scale);
		snprintf(bar->detail, sizeof(bar->detail), "%.24s: %.2f GB/s %.30s",
		    duel->lanes[1].name, figures[1].rate * scale, duel->lanes[1].how);
	}
}

static void
run_against(struct bench_rig *rig, const struct row *row, struct bench_bar *bar, bool is_netbsd)
{
	struct duel duel = { .point = point_of(row, false) };
	struct bench_floor_options options = {
		.trip = row->is_small ? rig->trip : NULL,
		.threads = rig->options->threads,
		.is_full = !row->is_small,
		.is_whole = row->is_small,
	};
	struct bench_why why;

	if (row->is_small && rig->trip == NULL) {
		skip(bar, rig->why_no_trip);
	} else if (duel_init(&duel, rig, bar)) {
		if (bench_rig_open(rig, &duel.lanes[0], &duel.site, "auto", &why) < 0) {
			skip(bar, why.text);
		} else if (is_netbsd) {
			bench_netbsd_device_open(&duel.lanes[1], &duel.site);
			duel_run(&duel, row, bar);
		} else if (bench_floor_open(&duel.lanes[1], &duel.site, &options, why.text,
			       sizeof(why.text)) < 0) {
			skip(bar, why.text);
		} else {
			duel_run(&duel, row, bar);
		}
	}
	duel_fini(&duel);
}

static void
run_against_floor(struct bench_rig *rig, const struct row *row, struct bench_bar *bar)
{
	run_against(rig, row, bar, /* is_netbsd= */ false);
}

static void
run_against_netbsd(struct bench_rig *rig, const struct row *row, struct bench_bar *bar)
{
	run_against(rig, row, bar, /* is_netbsd= */ true);
}

/* The engine of the table that is quickest at this site, measured shortly.  All must be right. */
static const struct dmover_engine *
best_engine(struct bench_site *site, struct bench_bar *bar)
{
	const struct bench_effort effort = { 0.1, 5, 3 };
	const struct dmover_engine *best = NULL;
	double rate = 0;

	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		struct bench_lane lane;
		struct bench_figures figures;
		struct bench_why why;

		if (dmover_engines[i]->eng_flags & DMOVER_ENGINE_NAMED ||
		    bench_direct_open(
			&lane, site, dmover_engines[i]->eng_name, why.text, sizeof(why.text)) < 0)
			continue;
		bench_measure(&lane, 1, &effort, &figures);
		bench_bar_blame(bar, lane.name, &figures);
		lane.close(&lane);
		if (figures.rate > rate) {
			rate = figures.rate;
			best = dmover_engines[i];
		}
	}
	return best;
}

static void
run_against_isal(struct bench_rig *rig, const struct row *row, struct bench_bar *bar)
{
	struct duel duel = { .point = point_of(row, true) };
	struct bench_why why = { "no engine works here" };
	const struct dmover_engine *engine;
	char detail[sizeof(bar->detail)];

	if (!duel_init(&duel, rig, bar)) {
		duel_fini(&duel);
		return;
	}
	if (bench_isal_open(&duel.lanes[1], &duel.site, why.text, sizeof(why.text)) < 0) {
		skip(bar, why.text);
	} else {
		engine = best_engine(&duel.site, bar);
		if (engine == NULL || bench_direct_open(&duel.lanes[0], &duel.site,
					  engine->eng_name, why.text, sizeof(why.text)) < 0) {
			skip(bar, why.text);
		} else {
			duel_run(&duel, row, bar);
			memcpy(detail, bar->detail, sizeof(detail));
			snprintf(bar->detail, sizeof(bar->detail), "%s; %.60s", engine->eng_name,
			    detail);
		}
	}
	duel_fini(&duel);
}

/* The same daemon, whose engine moves nothing, in two ways: what do calls cost? */
static void
run_batches(struct bench_rig *rig, const struct row *row, struct bench_bar *bar)
{
	struct row single = *row;
	struct duel duel = { .point = point_of(row, false) }, other = { 0 };
	struct bench_why why;

	single.batch = 1;
	other.point = point_of(&single, false);
	if (rig->options->path != NULL) {
		skip(bar, "needs a daemon of our own (without --path)");
		return;
	}
	if (duel_init(&duel, rig, bar) && duel_init(&other, rig, bar)) {
		if (bench_rig_open(rig, &duel.lanes[0], &duel.site, "null", &why) < 0 ||
		    bench_rig_open(rig, &duel.lanes[1], &other.site, "null", &why) < 0) {
			skip(bar, why.text);
		} else {
			duel_run(&duel, row, bar);
			snprintf(bar->value, sizeof(bar->value), "%.0f requests/s",
			    duel.figures[0].rate);
			snprintf(bar->detail, sizeof(bar->detail), "one at a time: %.0f",
			    duel.figures[1].rate);
		}
	}
	duel_fini(&duel);
	duel_fini(&other);
}

static void
run_chooser(struct bench_rig *rig, const struct row *row, struct bench_bar *bar)
{
	(void)row;
	if (rig->options->path != NULL)
		skip(bar, "needs daemons of our own (without --path)");
	else
		bench_chooser_run(rig, bar);
}

static void
run_small(
    struct bench_rig *rig, struct bench_pin *pin, const struct row *row, struct bench_bar *bar)
{
	struct bench_rig *pinned = bench_pin_begin(pin, rig);

	row->run(pinned, row, bar);
	bench_pin_end(pin, pinned);
}

static bool
is_wanted(const struct bench_rig *rig, const struct row *row)
{
	if (row->run == run_against_isal)
		return !rig->options->is_device;
	return !rig->options->is_direct;
}

void
bench_bars_run(struct bench_rig *rig)
{
	const unsigned n = sizeof(rows) / sizeof(rows[0]);
	struct bench_pin pin = { 0 };

	if (rig->table != NULL)
		fprintf(rig->table, "\n%-40s %-22s %6s %6s\n", "work", "measured", "ratio", "bar");
	for (unsigned i = 0; i < n; i++) {
		struct bench_bar *bar;

		if (!is_wanted(rig, &rows[i]))
			continue;
		bar = bench_result_bar(rig->result);
		snprintf(bar->name, sizeof(bar->name), "%s", rows[i].name);
		bar->bar = rows[i].bar;
		bench_progress_show(&rig->progress, i, n, rows[i].name);
		if (rows[i].is_small)
			run_small(rig, &pin, &rows[i], bar);
		else
			rows[i].run(rig, &rows[i], bar);
		bench_progress_clear(&rig->progress);
		if (rig->table != NULL)
			bench_table_bar(bar, rig->table);
	}
	bench_pin_fini(&pin);
}
