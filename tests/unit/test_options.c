/* SPDX-License-Identifier: BSD-2-Clause */
/* test_options.c: the command line of dmoverd, every option of it. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cuse/options.h"

static char why[256];

/* Parses up to three arguments, ended by NULL. */
static int
parse(struct dmio_options *options, const char *one, const char *two, const char *three)
{
	static char words[4][128];
	char *argv[5] = { words[0] };
	const char *args[] = { one, two, three };
	int argc = 1;

	strcpy(words[0], "dmoverd");
	for (; argc <= 3 && args[argc - 1] != NULL; argc++) {
		strcpy(words[argc], args[argc - 1]);
		argv[argc] = words[argc];
	}
	argv[argc] = NULL;
	why[0] = '\0';
	return dmio_options_parse(options, argc, argv, why, sizeof(why));
}

START_TEST(without_options_the_defaults_hold)
{
	struct dmover_core_options core;
	struct dmio_options options;

	dmover_core_defaults(&core);
	same_int(parse(&options, NULL, NULL, NULL), 0);
	same_int(options.action, DMIO_SERVE);
	same_int(options.front, DMIO_FRONT_AUTO);
	same_text(options.path, "/dev/dmoverio");
	same_int(options.mode, 0666);
	same_int(options.is_foreground, false);
	same_int(options.log_level, DMIO_LOG_WARNING);
	same_int(options.posted, DMIO_POSTED_AUTO);
	same_text(options.core.engine, core.engine);
	same_size(options.core.workers, core.workers);
	same_size(options.core.hold_limit, core.hold_limit);
}
END_TEST

START_TEST(words_are_chosen_from_a_list)
{
	struct dmio_options options;

	same_int(parse(&options, "--front=cuse", "--log-level=debug", NULL), 0);
	same_int(options.front, DMIO_FRONT_CUSE);
	same_int(options.log_level, DMIO_LOG_DEBUG);
	same_int(parse(&options, "--front", "fuse", "--log-level=error"), 0);
	same_int(options.front, DMIO_FRONT_FUSE);
	same_int(options.log_level, DMIO_LOG_ERROR);
	same_int(parse(&options, "--front=auto", "--log-level=info", NULL), 0);
	same_int(options.front, DMIO_FRONT_AUTO);
	same_int(options.log_level, DMIO_LOG_INFO);
	same_int(parse(&options, "--log-level=warning", "--posted=handle", NULL), 0);
	same_int(options.log_level, DMIO_LOG_WARNING);
	same_int(options.posted, DMIO_POSTED_HANDLE);
	same_int(parse(&options, "--posted=handle", "--posted=auto", NULL), 0);
	same_int(options.posted, DMIO_POSTED_AUTO);
}
END_TEST

START_TEST(paths_modes_and_engines_are_taken_as_they_are)
{
	struct dmio_options options;

	same_int(parse(&options, "--list-engines", "--json", "--calibration=/tmp/costs"), 0);
	same_int(options.action, DMIO_LIST_ENGINES);
	holds(options.is_json);
	same_text(options.core.calibration, "/tmp/costs");
	same_int(parse(&options, "--path=/tmp/x", "--mode=0640", "--engine=fault:delay=1ms"), 0);
	same_text(options.path, "/tmp/x");
	same_int(options.mode, 0640);
	same_text(options.core.engine, "fault:delay=1ms");
	same_int(parse(&options, "--mode=0", "--foreground", NULL), 0);
	same_int(options.mode, 0);
	same_int(options.is_foreground, true);
}
END_TEST

START_TEST(numbers_and_sizes_reach_their_places)
{
	struct dmio_options options;

	same_int(parse(&options, "--workers=7", "--uid-threads=256", "--queue-depth=65536"), 0);
	same_size(options.core.workers, 7);
	same_size(options.core.uid_threads, 256);
	same_size(options.core.queue_depth, 65536);
	same_int(parse(&options, "--max-sessions=1048576", "--max-sessions-per-uid=1", NULL), 0);
	same_size(options.core.max_sessions, 1u << 20);
	same_size(options.core.max_sessions_per_uid, 1);
	same_int(parse(&options, "--hold-limit=0", "--stage-limit=8M", NULL), 0);
	same_size(options.core.hold_limit, 0);
	same_size(options.core.stage_limit, 8u << 20);
	same_int(parse(&options, "--hold-limit=256K", "--stage-limit=1024G", NULL), 0);
	same_size(options.core.hold_limit, 262144);
	same_size(options.core.stage_limit, 1ull << 40);
	same_int(parse(&options, "--hold-limit=100", "--stage-limit=8388608", NULL), 0);
	same_size(options.core.hold_limit, 100);
}
END_TEST

START_TEST(folders_of_queues_become_arguments_of_their_engine)
{
	struct dmio_options options;

	same_int(parse(&options, "--engine=auto", NULL, NULL), 0);
	holds(options.core.engine_args == NULL);
	same_int(parse(&options, "--dsa-sysfs=/tmp/s", NULL, NULL), 0);
	same_text(options.core.engine_args, "idxd:sysfs=/tmp/s");
	same_int(parse(&options, "--dsa-dev=/tmp/d", NULL, NULL), 0);
	same_text(options.core.engine_args, "idxd:dev=/tmp/d");
	same_int(parse(&options, "--dsa-dev=/tmp/d", "--dsa-sysfs=/tmp/s", NULL), 0);
	same_text(options.core.engine_args, "idxd:sysfs=/tmp/s,dev=/tmp/d");
}
END_TEST

START_TEST(actions_are_chosen)
{
	struct dmio_options options;

	same_int(parse(&options, "--help", NULL, NULL), 0);
	same_int(options.action, DMIO_SHOW_HELP);
	same_int(parse(&options, "--version", NULL, NULL), 0);
	same_int(options.action, DMIO_SHOW_VERSION);
	same_int(parse(&options, "--list-engines", NULL, NULL), 0);
	same_int(options.action, DMIO_LIST_ENGINES);
	same_int(parse(&options, "--doctor", "--json", NULL), 0);
	same_int(options.action, DMIO_DOCTOR);
	holds(options.is_json);
}
END_TEST

/* Values that must be refused, with the option named in the reason. */
static const char *const bad[] = {
	"--front=x",
	"--dsa-sysfs=relative",
	"--dsa-dev=/tmp/a,b",
	"--front=",
	"--front=CUSE",
	"--log-level=",
	"--log-level=verbose",
	"--posted=",
	"--posted=lent",
	"--mode=888",
	"--mode=1777",
	"--mode=rw",
	"--mode=",
	"--mode=-1",
	"--mode=0x1ff",
	"--path=",
	"--path=dev",
	"--path=/",
	"--path=/dev/",
	"--workers=0",
	"--workers=257",
	"--workers=-1",
	"--workers=",
	"--workers=1K",
	"--workers= 1",
	"--workers=+1",
	"--workers=1x",
	"--uid-threads=0",
	"--uid-threads=257",
	"--queue-depth=0",
	"--queue-depth=65537",
	"--max-sessions=0",
	"--max-sessions=1048577",
	"--max-sessions-per-uid=0",
	"--max-sessions-per-uid=1048577",
	"--hold-limit=262145",
	"--hold-limit=257K",
	"--hold-limit=1KB",
	"--hold-limit=1q",
	"--hold-limit=",
	"--hold-limit=-0",
	"--stage-limit=7M",
	"--stage-limit=8388607",
	"--stage-limit=1025G",
	"--stage-limit=99999999999999999999",
	"--stage-limit=18014398509481984G",
	"--stage-limit=17179869184G",
};

START_TEST(bad_values_are_refused_by_name)
{
	struct dmio_options options;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg((parse(&options, bad[i], NULL, NULL) == -EINVAL) != (unit_break == 1),
		    "%s was taken", bad[i]);
		ck_assert_msg(strstr(why, bad[i]) != NULL, "%s: \"%s\"", bad[i], why);
	}
}
END_TEST

/* Values outside a bound, and what the reason says of it. */
static const struct {
	const char *arg, *bound;
} outside[] = {
	{ "--hold-limit=262145", "bad value (at most 256K)" },
	{ "--hold-limit=1M", "bad value (at most 256K)" },
	{ "--path=dmoverio", "bad value (an absolute path)" },
	{ "--calibration=costs", "bad value (an absolute path)" },
	{ "--posted=lent", "bad value (one of: auto handle)" },
	{ "--front=file", "bad value (one of: auto cuse fuse)" },
	{ "--hold-limit=99999999999999999999", "bad value (at most 256K)" },
	{ "--hold-limit=17179869184G", "bad value (at most 256K)" },
	{ "--stage-limit=0", "bad value (at least 8M)" },
	{ "--stage-limit=1025G", "bad value (at most 1024G)" },
	{ "--workers=0", "bad value (at least 1)" },
	{ "--workers=257", "bad value (at most 256)" },
	{ "--uid-threads=257", "bad value (at most 256)" },
	{ "--queue-depth=65537", "bad value (at most 65536)" },
	{ "--max-sessions=1048577", "bad value (at most 1048576)" },
	{ "--max-sessions-per-uid=0", "bad value (at least 1)" },
	/* Not numbers at all: no bound would help. */
	{ "--hold-limit=12Q", "bad value" },
	{ "--workers=99999999999999999999x", "bad value" },
	{ "--mode=1777", "bad value" },
};

START_TEST(a_bound_that_was_passed_is_named)
{
	struct dmio_options options;
	char expected[128];

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		same_int(parse(&options, outside[i].arg, NULL, NULL), -EINVAL);
		snprintf(expected, sizeof(expected), "%s: %s", outside[i].arg, outside[i].bound);
		same_text(why, expected);
	}
}
END_TEST

START_TEST(what_is_no_option_is_named)
{
	struct dmio_options options;

	same_int(parse(&options, "--nonsense", NULL, NULL), -EINVAL);
	holds(strstr(why, "--nonsense") != NULL);
	same_int(parse(&options, "--foreground", "--workers", NULL), -EINVAL);
	holds(strstr(why, "--workers") != NULL);
	same_int(parse(&options, "--foreground=1", NULL, NULL), -EINVAL);
	holds(strstr(why, "--foreground") != NULL);
	same_int(parse(&options, "--foreground", "/dev/x", NULL), -EINVAL);
	holds(strstr(why, "/dev/x") != NULL);
	same_int(parse(&options, "-f", NULL, NULL), -EINVAL);
	holds(strstr(why, "-f") != NULL);
	same_int(parse(&options, "-xyz", NULL, NULL), -EINVAL);
	holds(strstr(why, "-xyz") != NULL);
}
END_TEST

START_TEST(the_help_names_every_option)
{
	static const char *const names[] = { "--front", "--path", "--mode", "--foreground",
		"--engine", "--workers", "--hold-limit", "--queue-depth", "--list-engines",
		"--version", "--log-level", "--help", "--max-sessions", "--max-sessions-per-uid",
		"--stage-limit", "--uid-threads", "--posted", "--doctor", "--dsa-sysfs",
		"--dsa-dev" };
	size_t lines = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(
		    (strstr(dmio_help, names[i]) != NULL) != (unit_break == 1), "%s", names[i]);
	for (const char *at = dmio_help; *at != '\0'; at++)
		lines += *at == '\n';
	holds(lines <= 25);
}
END_TEST

TCase *
unit_options(void)
{
	TCase *tc = unit_case("options");

	tcase_add_test(tc, without_options_the_defaults_hold);
	tcase_add_test(tc, words_are_chosen_from_a_list);
	tcase_add_test(tc, paths_modes_and_engines_are_taken_as_they_are);
	tcase_add_test(tc, numbers_and_sizes_reach_their_places);
	tcase_add_test(tc, folders_of_queues_become_arguments_of_their_engine);
	tcase_add_test(tc, actions_are_chosen);
	tcase_add_test(tc, bad_values_are_refused_by_name);
	tcase_add_test(tc, a_bound_that_was_passed_is_named);
	tcase_add_test(tc, what_is_no_option_is_named);
	tcase_add_test(tc, the_help_names_every_option);
	return tc;
}
