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
#include "tools/bench/group.h"
#include "tools/bench/regress.h"

#define EXIT_USAGE 2

typedef void writer(const struct bench_result *result, FILE *file);

/* To PATH, or to the standard output when it is "-". */
static void
write_result(const struct bench_result *result, const char *path, writer *write_it)
{
	const bool is_stdout = path != NULL && strcmp(path, "-") == 0;
	FILE *file;

	if (path == NULL)
		return;
	file = is_stdout ? stdout : fopen(path, "we");
	if (file == NULL)
		err(1, "%s", path);
	write_it(result, file);
	if (fflush(file) != 0 || ferror(file))
		err(1, "%s", path);
	if (!is_stdout && fclose(file) != 0)
		err(1, "%s", path);
}

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

/* All that was asked for; the exit status. */
static int
report(const struct bench_options *options, struct bench_result *result, FILE *table)
{
	const struct bench_row *wrong = bench_result_wrong(result);
	char text[160];
	int status = 0;

	bench_machine_finish(&result->machine);
	if (table != NULL)
		bench_table_skips(result, table);
	write_result(result, options->json, bench_json_write);
	write_result(result, options->csv, bench_csv_write);
	write_result(result, options->report, bench_report_write);
	if (wrong != NULL) {
		warnx("%s %s: wrong bytes: %s", bench_point_text(&wrong->point, text, sizeof(text)),
		    wrong->name, wrong->figures.wrong);
		status = 1;
	}
	for (unsigned i = 0; i < result->nbars; i++)
		if (!result->bars[i].is_skipped && result->bars[i].ratio < result->bars[i].bar)
			status = 1;
	if (result->nrows == 0 && result->nbars == 0) {
		warnx("nothing was measured");
		status = 1;
	}
	return options->compare != NULL && bench_regress_judge(options, result) != 0 ? 1 : status;
}

static int
run(const struct bench_options *options, const struct bench_plan *plan)
{
	const bool is_taken = (options->json != NULL && strcmp(options->json, "-") == 0) ||
			      (options->csv != NULL && strcmp(options->csv, "-") == 0);
	FILE *table = is_taken ? NULL : stdout;
	struct bench_result result;
	struct bench_rig rig;
	int status;

	bench_cleanup_init();
	bench_result_init(&result);
	result.is_verified = options->is_verifying;
	if (table != NULL)
		bench_table_head(&result, table);
	bench_rig_init(&rig, options, &result, table);
	if (options->action == BENCH_BARS)
		bench_bars_run(&rig);
	else
		run_plan(&rig, plan);
	if (options->compare != NULL)
		bench_regress_again(&rig, plan);
	bench_rig_fini(&rig);
	status = report(options, &result, table);
	bench_result_fini(&result);
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
		return bench_regress_judge(&options, NULL);
	bench_plan_init(&plan, &options);
	status = options.action == BENCH_LIST ? list_plan(&plan) : run(&options, &plan);
	bench_plan_fini(&plan);
	return status;
}
