/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lanes.c: which engines are open, what --engine says, costs from a file. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lanes.h"
#include "engine.h"

#define LEN 100

static struct dmover_dispatch dispatch;
static struct dmover_stats stats;

static int
open_with(const char *engine, const char *calibration, char *why, size_t len)
{
	const struct dmover_lanes_options options = {
		.engine = engine, .calibration = calibration, .workers = 2
	};

	return dmover_lanes_open(&dispatch, &stats, &options, why, len);
}

/* The reason why --engine=SPEC is refused; empty: it is not. */
static const char *
refusal(const char *spec)
{
	static char why[200];

	why[0] = '\0';
	if (open_with(spec, NULL, why, sizeof(why)) == 0) {
		dmover_lanes_close(&dispatch);
		return "";
	}
	ck_assert(why[0] != '\0');
	return why;
}

START_TEST(engines_are_named_with_or_without_arguments)
{
	same_text(refusal("auto"), "");
	same_text(refusal("cycle"), "");
	same_text(refusal(dmover_engines[0]->eng_name), "");
	same_text(refusal("null"), "");
	same_text(refusal("fault"), "");
	same_text(refusal("fault:delay=1us"), "");
	holds(refusal("nonsense")[0] != '\0');
	holds(refusal("nul")[0] != '\0');
	holds(refusal("nullx")[0] != '\0');
	holds(refusal("")[0] != '\0');
	holds(refusal("null:x")[0] != '\0');
	holds(refusal("fault:x")[0] != '\0');
}
END_TEST

START_TEST(arguments_of_both_options_go_to_an_engine_its_own_last)
{
	struct dmover_lanes_options options = { .engine = "fault", .workers = 1 };
	char why[200] = "";

	options.args = "fault:nonsense";
	same_int(dmover_lanes_open(&dispatch, &stats, &options, why, sizeof(why)), -EINVAL);
	holds(strstr(why, "nonsense") != NULL);
	options.engine = "fault:delay=1us";
	same_int(dmover_lanes_open(&dispatch, &stats, &options, why, sizeof(why)), -EINVAL);
	holds(strstr(why, "nonsense") != NULL);
	options.args = "fault:reorder";
	same_int(dmover_lanes_open(&dispatch, &stats, &options, why, sizeof(why)), 0);
	dmover_lanes_close(&dispatch);
	options.engine = "fault";
	options.args = "faulty:nonsense";
	same_int(dmover_lanes_open(&dispatch, &stats, &options, why, sizeof(why)), 0);
	dmover_lanes_close(&dispatch);
}
END_TEST

START_TEST(the_first_engine_is_always_open_and_a_named_one_is_forced)
{
	char why[200] = "";

	same_int(open_with("null", NULL, why, sizeof(why)), 0);
	holds(dispatch.lanes[DISPATCH_CPU].lane_engine == dmover_engines[0]);
	holds(dispatch.lanes[DISPATCH_CPU].lane_is_measured);
	same_int(dispatch.forced, dispatch.nlanes - 1);
	same_size(dispatch.nchoosable, dispatch.nlanes - 1);
	holds(dmover_dispatch_takes_uio(&dispatch, (unsigned)dispatch.forced));
	holds(!dmover_dispatch_takes_uio(&dispatch, DISPATCH_CPU));
	holds(dmover_dispatch_is_inplace(&dispatch, DISPATCH_CPU));
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		same_size(
		    dmover_dispatch_choose(&dispatch,
			&(struct dmover_ask){
			    .func = dmover_cost_function((enum dmover_kind)kind), .len = LEN }),
		    (unsigned)dispatch.forced);
	dmover_lanes_close(&dispatch);
	same_size(dispatch.nlanes, 0);
}
END_TEST

START_TEST(every_engine_is_open_or_says_why_not)
{
	char why[200] = "";

	same_int(open_with("auto", NULL, why, sizeof(why)), 0);
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		bool is_open = false;

		for (unsigned lane = 0; lane < dispatch.nlanes; lane++)
			is_open |= dispatch.lanes[lane].lane_engine == dmover_engines[i];
		if ((dmover_engines[i]->eng_flags & DMOVER_ENGINE_NAMED) == 0)
			holds(is_open == (dispatch.left_out[i][0] == '\0'));
	}
	dmover_lanes_close(&dispatch);
}
END_TEST

/* The first bytes of the file. */
static const char *
text_of(const char *path)
{
	static char text[8192];
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* Takes the first line away that begins with NAME. */
static void
cut_line(const char *path, const char *name)
{
	char text[8192], *from, *to;
	FILE *file;

	strcpy(text, text_of(path));
	from = strstr(text, name);
	ck_assert_ptr_nonnull(from);
	to = strchr(from, '\n');
	ck_assert_ptr_nonnull(to);
	memmove(from, to + 1, strlen(to + 1) + 1);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

START_TEST(costs_are_written_when_missing_and_read_when_there)
{
	char dir[] = "/tmp/test_lanes.XXXXXX", path[64], why[200] = "";
	double ns;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/costs", dir);
	same_int(open_with("auto", path, why, sizeof(why)), 0);
	ns = dispatch.lanes[0].lane_cost.lines[DMOVER_KIND_CRC32C][2].ns_per_byte;
	dmover_lanes_close(&dispatch);
	holds(strstr(text_of(path), dmover_engines[0]->eng_name) != NULL);
	holds(strstr(text_of(path), "access copy ") != NULL);
	holds(!dispatch.is_from_file);
	same_int(open_with("auto", path, why, sizeof(why)), 0);
	holds(dispatch.is_from_file);
	/* The same to the last digit that was written. */
	holds(ns / dispatch.lanes[0].lane_cost.lines[DMOVER_KIND_CRC32C][2].ns_per_byte < 1.001);
	holds(dispatch.lanes[0].lane_cost.lines[DMOVER_KIND_CRC32C][2].ns_per_byte / ns < 1.001);
	/* What it does not have is measured, and written. */
	dmover_lanes_close(&dispatch);
	cut_line(path, dmover_engines[0]->eng_name);
	same_int(open_with("auto", path, why, sizeof(why)), 0);
	holds(!dispatch.is_from_file);
	dmover_lanes_close(&dispatch);
	same_int(open_with("auto", path, why, sizeof(why)), 0);
	holds(dispatch.is_from_file);
	dmover_lanes_close(&dispatch);
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
	char why[200] = "";

	same_int(open_with("auto", "/nonexistent/costs", why, sizeof(why)), -ENOENT);
	holds(strstr(why, "/nonexistent/costs") != NULL);
	same_size(dispatch.nlanes, 0);
}
END_TEST

TCase *
unit_lanes(void)
{
	TCase *tc = unit_case("lanes");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, engines_are_named_with_or_without_arguments);
	tcase_add_test(tc, arguments_of_both_options_go_to_an_engine_its_own_last);
	tcase_add_test(tc, the_first_engine_is_always_open_and_a_named_one_is_forced);
	tcase_add_test(tc, every_engine_is_open_or_says_why_not);
	tcase_add_test(tc, costs_are_written_when_missing_and_read_when_there);
	tcase_add_test(tc, a_file_that_cannot_be_written_is_an_error);
	return tc;
}
