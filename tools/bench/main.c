/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: dmover-bench, from the command line to the results. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bench/bars.h"
#include "tools/bench/cleanup.h"
#include "tools/bench/dsa.h"
#include "tools/bench/group.h"
#include "tools/bench/outputs.h"
#include "tools/bench/regress.h"

#define EXIT_USAGE 2

static int
list_plan(const struct bench_plan *plan)
{
	char text[160];

	for (unsigned i = 0; i < plan->n; i++)
		puts(bench_point_text(&plan->points[i], text, sizeof(text)));
	printf("%u points; %u engines:", plan->n, plan->nengines);
	for (unsigned i = 0; i < plan->nengines; i++)
		printf(" %s", plan->engines[i]);
	printf(
	    "; %.2f s in %u rounds for each engine\n", plan->effort.seconds, plan->effort.rounds);
	return 0;
}

static void
run_plan(struct bench_rig *rig, const struct bench_plan *plan)
{
	char text[160];

	if (rig->table != NULL)
		bench_table_columns(rig->table);
	for (unsigned i = 0; i < plan->n; i++) {
		bench_progress_show(&rig->progress, i, plan->n,
		    bench_point_text(&plan->points[i], text, sizeof(text)));
		bench_group_run(rig, plan, &plan->points[i]);
	}
	bench_progress_clear(&rig->progress);
}

/* Queues in software: said beside the figures, and in what is written of them. */
static void
warn_of_models(const struct bench_plan *plan, struct bench_result *result, FILE *table)
{
	const char *warning = bench_dsa_warning(plan);

	if (warning == NULL)
		return;
	bench_machine_add(&result->machine, "dsa", warning);
	fprintf(table != NULL ? table : stderr, "idxd: %s\n", warning);
}

/* What the result means for the exit status. */
static int
judge(const struct bench_result *result)
{
	const struct bench_row *wrong = bench_result_wrong(result);
	unsigned measured = result->nrows;
	char text[160];
	int status = 0;

	if (wrong != NULL) {
		warnx("%s %s: wrong bytes: %s", bench_point_text(&wrong->point, text, sizeof(text)),
		    wrong->name, wrong->figures.wrong);
		status = 1;
	}
	for (unsigned i = 0; i < result->nbars; i++) {
		const struct bench_bar *bar = &result->bars[i];

		measured += !bar->is_skipped;
		if (!bar->is_skipped && !bench_bar_is_good(bar))
			status = 1;
		if (bar->wrong[0] != '\0') {
			warnx("%s: wrong bytes: %s", bar->name, bar->wrong);
			status = 1;
		}
	}
	if (measured == 0) {
		warnx("nothing was measured");
		status = 1;
	}
	return status;
}

static int
run(const struct bench_options *options, const struct bench_plan *plan)
{
	const bool is_taken = (options->json != NULL && strcmp(options->json, "-") == 0) ||
			      (options->csv != NULL && strcmp(options->csv, "-") == 0);
	FILE *table = is_taken ? NULL : stdout;
	char *old = bench_regress_old(options);
	struct bench_outputs outputs;
	struct bench_result result;
	struct bench_rig rig;
	int status;

	bench_outputs_open(&outputs, options);
	bench_cleanup_init();
	bench_result_init(&result);
	result.is_verified = options->is_verifying;
	if (table != NULL)
		bench_table_head(&result, table);
	warn_of_models(plan, &result, table);
	bench_rig_init(&rig, options, &result, table);
	if (options->action == BENCH_BARS)
		bench_bars_run(&rig);
	else
		run_plan(&rig, plan);
	if (old != NULL)
		bench_regress_again(&rig, plan, old);
	bench_rig_fini(&rig);
	bench_machine_finish(&result.machine);
	if (table != NULL)
		bench_table_skips(&result, table);
	bench_outputs_write(&outputs, &result);
	status = judge(&result);
	if (old != NULL && bench_regress_judge(options, old, &result) != 0)
		status = 1;
	bench_result_fini(&result);
	free(old);
	return status;
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	struct bench_plan plan;
	char why[256];
	int status;

	if (bench_options_parse(&options, argc, argv, why, sizeof(why)) < 0) {
		fprintf(stderr, "dmover-bench: %s (--help shows them)\n", why);
		return EXIT_USAGE;
	}
	if (options.action == BENCH_HELP) {
		fputs(bench_help, stdout);
		return 0;
	}
	if (options.action == BENCH_VERSION) {
		printf("dmover-bench %s\n", DMOVER_VERSION);
		return 0;
	}
	if (options.compare_with != NULL)
		return bench_regress_files(&options);
	bench_plan_init(&plan, &options);
	status = options.action == BENCH_LIST ? list_plan(&plan) : run(&options, &plan);
	bench_plan_fini(&plan);
	return status;
}
