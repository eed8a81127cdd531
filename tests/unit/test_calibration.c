/* SPDX-License-Identifier: BSD-2-Clause */
/* test_calibration.c: files of costs, good ones and others. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/calibration.h"
#include "engine.h"

static char path[] = "/tmp/test_calibration.XXXXXX";
static struct dmover_dispatch dispatch;
static struct dmover_calibration calibration;

/* A dispatcher with one measured lane, written to the file. */
static void
setup(void)
{
	const double ns[COST_SIZES] = { 700, 5000, 70000, 530000 };
	int fd;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	memset(&dispatch, 0, sizeof(dispatch));
	dispatch.nlanes = dispatch.nchoosable = 1;
	dispatch.lanes[0].lane_engine = &fake_linear_engine;
	dispatch.lanes[0].lane_is_measured = true;
	dmover_cost_init(&dispatch.lanes[0].lane_cost);
	dmover_cost_init(&dispatch.access);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++) {
		dmover_cost_set(&dispatch.lanes[0].lane_cost, (enum dmover_kind)kind, ns);
		dmover_cost_set(&dispatch.access, (enum dmover_kind)kind, ns);
	}
	ck_assert_int_eq(dmover_calibration_write(&dispatch, path), 0);
}

static void
teardown(void)
{
	unlink(path);
}

START_TEST(what_was_written_is_read)
{
	struct dmover_lane lane = { .lane_engine = &fake_linear_engine };
	struct dmover_cost access;

	dmover_cost_init(&lane.lane_cost);
	dmover_cost_init(&access);
	holds(dmover_calibration_read(&calibration, path));
	dmover_calibration_get(&calibration, &lane);
	holds(lane.lane_is_measured);
	same_int(dmover_cost_ns(&lane.lane_cost, dmover_function_find("copy"), 65536), 70000);
	holds(dmover_calibration_get_access(&calibration, &access));
	same_int(dmover_cost_ns(&access, dmover_function_find("zero"), 4096), 5000);
}
END_TEST

START_TEST(an_engine_that_is_not_in_it_is_not_measured)
{
	struct dmover_lane lane = { .lane_engine = &fake_uio_engine };

	dmover_cost_init(&lane.lane_cost);
	holds(dmover_calibration_read(&calibration, path));
	dmover_calibration_get(&calibration, &lane);
	holds(!lane.lane_is_measured);
}
END_TEST

START_TEST(no_file_is_an_empty_one)
{
	struct dmover_cost access;

	holds(!dmover_calibration_read(&calibration, NULL));
	holds(!dmover_calibration_read(&calibration, "/nonexistent"));
	same_size(calibration.nlines, 0);
	holds(!dmover_calibration_get_access(&calibration, &access));
}
END_TEST

/* Reads the file with its first WAS replaced by IS, of the same length. */
static bool
reads_with(const char *was, const char *is)
{
	char text[8192], *at;
	FILE *file = fopen(path, "r+");
	size_t n;

	ck_assert_ptr_nonnull(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	at = strstr(text, was);
	ck_assert_ptr_nonnull(at);
	memcpy(at, is, strlen(is));
	rewind(file);
	fwrite(text, 1, n, file);
	fclose(file);
	return dmover_calibration_read(&calibration, path);
}

START_TEST(a_file_of_another_machine_is_none)
{
	holds(!reads_with("Linux ", "Minix "));
	same_size(calibration.nlines, 0);
}
END_TEST

START_TEST(a_file_with_a_bad_line_is_none)
{
	static const char *const bad[][2] = {
		{ "dmover-calibration 1", "dmover-calibration 2" },
		{ " 70000.0 ", " -7000.0 " },
		{ " 70000.0 ", " 0.0     " },
		{ " 70000.0 ", " nan     " },
		{ " 70000.0 ", " 7e99    " },
		{ " 70000.0 ", " x       " },
		{ " copy ", " cope " },
		{ " xor4 ", " xor5 " },
		{ "530000.0\n", "530000.0 " },
		{ " 530000.0\n", " 5300 0.0\n" },
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		holds(!reads_with(bad[i][0], bad[i][1]));
		same_size(calibration.nlines, 0);
		ck_assert_int_eq(dmover_calibration_write(&dispatch, path), 0);
		holds(dmover_calibration_read(&calibration, path));
	}
}
END_TEST

START_TEST(a_file_without_end_is_none)
{
	FILE *file = fopen(path, "a");

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < CALIBRATION_LINES; i++)
		fprintf(file, "access copy 1 2 3 4\n");
	fclose(file);
	holds(!dmover_calibration_read(&calibration, path));
}
END_TEST

static void
put(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");

	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

START_TEST(nothing_but_such_a_file_is_replaced)
{
	char link[64];
	FILE *file;
	char first[16] = "";

	put(path, "dear diary\n");
	same_int(dmover_calibration_write(&dispatch, path), -EEXIST);
	put(path, "dm");
	same_int(dmover_calibration_write(&dispatch, path), -EEXIST);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	same_size(fread(first, 1, sizeof(first), file), 2);
	fclose(file);
	/* One that is empty, or of another format, is. */
	put(path, "");
	same_int(dmover_calibration_write(&dispatch, path), 0);
	put(path, "dmover-calibration 9\nmachine another\n");
	same_int(dmover_calibration_write(&dispatch, path), 0);
	holds(dmover_calibration_read(&calibration, path));
	snprintf(link, sizeof(link), "%s.link", path);
	ck_assert_int_eq(symlink(path, link), 0);
	same_int(dmover_calibration_write(&dispatch, link), -EEXIST);
	unlink(link);
	same_int(dmover_calibration_write(&dispatch, "/dev/null"), -EEXIST);
	same_int(dmover_calibration_write(&dispatch, "/tmp"), -EEXIST);
	holds(!dmover_calibration_read(&calibration, "/dev/null"));
	holds(!dmover_calibration_read(&calibration, "/tmp"));
}
END_TEST

START_TEST(where_nothing_can_be_written_nothing_is_left)
{
	same_int(dmover_calibration_write(&dispatch, "/nonexistent/costs"), -ENOENT);
	same_int(dmover_calibration_write(&dispatch, "/proc/costs"), -ENOENT);
}
END_TEST

TCase *
unit_calibration(void)
{
	TCase *tc = unit_case("calibration");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_written_is_read);
	tcase_add_test(tc, an_engine_that_is_not_in_it_is_not_measured);
	tcase_add_test(tc, no_file_is_an_empty_one);
	tcase_add_test(tc, a_file_of_another_machine_is_none);
	tcase_add_test(tc, a_file_with_a_bad_line_is_none);
	tcase_add_test(tc, a_file_without_end_is_none);
	tcase_add_test(tc, nothing_but_such_a_file_is_replaced);
	tcase_add_test(tc, where_nothing_can_be_written_nothing_is_left);
	return tc;
}
