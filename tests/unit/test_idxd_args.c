/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_args.c: what --engine=idxd:ARGS may say. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engines/idxd/args.h"

START_TEST(nothing_means_the_systems_queues_by_any_road)
{
	const char *const nothing[] = { NULL, "" };

	for (unsigned i = 0; i < 2; i++) {
		struct idxd_args args;
		char why[64];

		same_int(idxd_args_parse(nothing[i], &args, why, sizeof(why)), 0);
		holds(idxd_args_roots(&args).sysfs == NULL);
		holds(idxd_args_roots(&args).dev == NULL);
		holds(idxd_args_have(&args, "wq0.0"));
		same_int(args.road, IDXD_ROAD_AUTO);
		same_size(args.deadline_ns, 500000000);
	}
}
END_TEST

START_TEST(each_argument_is_heeded)
{
	struct idxd_args args;
	char why[64];

	same_int(idxd_args_parse("dev=/d/e,road=write,deadline=20,queue=wq0.1,sysfs=/s", &args, why,
		     sizeof(why)),
	    0);
	same_text(idxd_args_roots(&args).sysfs, "/s");
	same_text(idxd_args_roots(&args).dev, "/d/e");
	same_int(args.road, IDXD_ROAD_WRITE);
	same_size(args.deadline_ns, 20000000);
	same_int(idxd_args_parse("road=portal", &args, why, sizeof(why)), 0);
	same_int(args.road, IDXD_ROAD_PORTAL);
	same_text(args.dev, "");
}
END_TEST

START_TEST(a_name_is_one_queue_and_a_prefix_many)
{
	struct idxd_args args;
	char why[64];

	same_int(idxd_args_parse("queue=wq0.1", &args, why, sizeof(why)), 0);
	holds(idxd_args_have(&args, "wq0.1"));
	holds(!idxd_args_have(&args, "wq0.10"));
	holds(!idxd_args_have(&args, "wq0.0"));
	same_int(idxd_args_parse("queue=wq0.", &args, why, sizeof(why)), 0);
	holds(idxd_args_have(&args, "wq0.10"));
	holds(!idxd_args_have(&args, "wq1.0"));
	same_int(idxd_args_parse("queue=wq1", &args, why, sizeof(why)), 0);
	holds(idxd_args_have(&args, "wq1.0"));
	holds(idxd_args_have(&args, "wq12.3"));
	holds(!idxd_args_have(&args, "wq0.1"));
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_with_its_name)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{ "queue", "NAME=VALUE" },
		{ "depth=4", "depth" },
		{ "road=air", "auto, portal or write" },
		{ "road=", "road" },
		{ "deadline=0", "milliseconds" },
		{ "deadline=60001", "milliseconds" },
		{ "deadline=5s", "milliseconds" },
		{ "deadline=-5", "milliseconds" },
		{ "deadline=99999999999999999999", "milliseconds" },
		{ "sysfs=", "sysfs" },
		{ "queue=wq0.1234567890123456789012345", "queue" },
		{ "road=write,=", "there are" },
		{ ",road=write", "NAME=VALUE" },
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct idxd_args args = { .deadline_ns = 7 };
		char why[128] = "";

		same_int(idxd_args_parse(bad[i].text, &args, why, sizeof(why)), -EINVAL);
		ck_assert_msg((strstr(why, bad[i].part) != NULL) != (unit_break == 1), "%s: \"%s\"",
		    bad[i].text, why);
		same_size(args.deadline_ns, 7);
	}
}
END_TEST

START_TEST(paths_that_are_too_long_are_refused)
{
	char text[600], why[128];
	struct idxd_args args;
	int n = snprintf(text, sizeof(text), "sysfs=");

	memset(text + n, 'a', IDXD_PATH_MAX - 1);
	text[n + IDXD_PATH_MAX - 1] = '\0';
	same_int(idxd_args_parse(text, &args, why, sizeof(why)), 0);
	text[n + IDXD_PATH_MAX - 1] = 'a';
	text[n + IDXD_PATH_MAX] = '\0';
	same_int(idxd_args_parse(text, &args, why, sizeof(why)), -EINVAL);
	memset(text + n, 'a', 500);
	text[n + 500] = '\0';
	same_int(idxd_args_parse(text, &args, why, sizeof(why)), -EINVAL);
	holds(strstr(why, "too long") != NULL);
}
END_TEST

TCase *
unit_idxd_args(void)
{
	TCase *tc = unit_case("idxd args");

	tcase_add_test(tc, nothing_means_the_systems_queues_by_any_road);
	tcase_add_test(tc, each_argument_is_heeded);
	tcase_add_test(tc, a_name_is_one_queue_and_a_prefix_many);
	tcase_add_test(tc, what_makes_no_sense_is_refused_with_its_name);
	tcase_add_test(tc, paths_that_are_too_long_are_refused);
	return tc;
}
