/* SPDX-License-Identifier: BSD-2-Clause */
/* regress.c: has anything become slower since an older result? */
#include "tools/bench/regress.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/compare.h"
#include "tools/bench/group.h"

/* How much longer a point is looked at the second time. */
#define PATIENCE 5

/* Points of a plan at which something fell. */
struct suspects {
	const struct bench_plan *plan;
	bool *is_suspect;
};

static void
suspect(void *arg, const char *point)
{
	struct suspects *suspects = arg;
	char text[160];

	for (unsigned i = 0; i < suspects->plan->n; i++)
		if (strcmp(bench_point_text(&suspects->plan->points[i], text, sizeof(text)),
			point) == 0)
			suspects->is_suspect[i] = true;
}

static char *
read_or_end(const char *path)
{
	char *text = bench_file_read(path);

	if (text == NULL)
		err(1, "%s", path);
	return text;
}

static char *
json_of(const struct bench_result *result)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		err(1, "memory");
	bench_json_write(result, file);
	if (fclose(file) != 0)
		err(1, "memory");
	return text;
}

char *
bench_regress_old(const struct bench_options *options)
{
	const struct bench_comparison nothing = { .file = NULL };
	struct bench_why why;
	char *old;

	if (options->compare == NULL)
		return NULL;
	old = read_or_end(options->compare);
	/* With itself: is there anything at all? */
	if (bench_compare(old, old, &nothing, &why) < 0)
		errx(1, "--compare: %s", why.text);
	return old;
}

void
bench_regress_again(struct bench_rig *rig, const struct bench_plan *plan, const char *old)
{
	char *current = json_of(rig->result);
	struct suspects suspects = { plan, calloc(plan->n + 1, sizeof(bool)) };
	const struct bench_comparison comparison = { .fell = suspect, .arg = &suspects };
	struct bench_plan longer = *plan;
	struct bench_why why;

	if (suspects.is_suspect == NULL)
		err(1, "memory");
	longer.effort.seconds *= PATIENCE;
	longer.effort.rounds_min *= PATIENCE;
	longer.effort.rounds *= PATIENCE;
	if (longer.effort.rounds > BENCH_ROUNDS_MAX)
		longer.effort.rounds = BENCH_ROUNDS_MAX;
	if (bench_compare(old, current, &comparison, &why) > 0 && rig->table != NULL)
		fprintf(rig->table, "\nonce more, and longer: where something fell\n");
	for (unsigned i = 0; i < plan->n; i++) {
		if (!suspects.is_suspect[i])
			continue;
		bench_result_forget(rig->result, &plan->points[i]);
		bench_group_run(rig, &longer, &plan->points[i]);
	}
	free(suspects.is_suspect);
	free(current);
}

/* Prints the comparison to FILE. */
static int
judge(const char *old, const char *current, FILE *file)
{
	const struct bench_comparison comparison = { .file = file };
	struct bench_why why;
	int ret = bench_compare(old, current, &comparison, &why);

	if (ret < 0)
		warnx("--compare: %s", why.text);
	return ret != 0;
}

int
bench_regress_judge(
    const struct bench_options *options, const char *old, const struct bench_result *result)
{
	const bool is_taken = (options->json != NULL && strcmp(options->json, "-") == 0) ||
			      (options->csv != NULL && strcmp(options->csv, "-") == 0);
	char *current = json_of(result);
	int ret = judge(old, current, is_taken ? stderr : stdout);

	free(current);
	return ret;
}

int
bench_regress_files(const struct bench_options *options)
{
	char *old = read_or_end(options->compare), *current = read_or_end(options->compare_with);
	int ret = judge(old, current, stdout);

	free(old);
	free(current);
	return ret;
}
