/* SPDX-License-Identifier: BSD-2-Clause */
/* test_run_options.c: the command line of dmover-run, every option of it. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/run/options.h"

#define WORDS_MAX 8

/* What was complained of by the last parse(). */
static char said[1024];
/* What getopt(3) puts in another order, and the options point into. */
static char *argv[WORDS_MAX + 2];

/* Parses up to WORDS_MAX words, which NULL ends. */
static enum run_parsed
parse(struct run_options *options, const char *const *words)
{
	int argc = 1, saved = dup(STDERR_FILENO), file = memfd_create("said", MFD_CLOEXEC);
	enum run_parsed parsed;
	ssize_t n;

	argv[0] = (char *)(uintptr_t) "dmover-run";
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	argv[argc] = NULL;
	optind = 0;
	fflush(stderr);
	ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
	parsed = run_options_parse(argc, argv, options);
	fflush(stderr);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	n = pread(file, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(file);
	return parsed;
}

#define PARSE(options, ...) parse(options, (const char *const[WORDS_MAX + 1]){ __VA_ARGS__ })

START_TEST(without_options_a_program_gets_the_defaults)
{
	struct run_options options;

	same_int(PARSE(&options, "true", "--stats", "--", "x"), RUN_GO);
	same_text(options.path, "/dev/dmoverio");
	same_int(options.way, RUN_AUTO);
	holds(options.library == NULL && options.engine == NULL && options.trace == NULL);
	holds(!options.is_forced && !options.has_stats && !options.is_verbose);
	same_int(options.queue_depth, 0);
	/* What follows the program is the program's. */
	same_text(options.argv[0], "true");
	same_text(options.argv[1], "--stats");
	same_text(options.argv[2], "--");
	same_text(options.argv[3], "x");
	holds(options.argv[4] == NULL);
	same_text(said, "");
	run_options_free(&options);
}
END_TEST

START_TEST(every_option_reaches_its_place)
{
	struct run_options options;

	same_int(PARSE(&options, "--path=/tmp/x", "--library=l.so", "--engine=cpu-scalar",
		     "--trace=/tmp/t", "--queue-depth", "65536", "--force", "true"),
	    RUN_GO);
	same_text(options.path, "/tmp/x");
	same_text(options.library, "l.so");
	same_text(options.engine, "cpu-scalar");
	same_text(options.trace, "/tmp/t");
	same_int(options.queue_depth, 65536);
	holds(options.is_forced);
	run_options_free(&options);
	same_int(PARSE(&options, "--stats", "--verbose", "--queue-depth=1", "--", "--x"), RUN_GO);
	holds(options.has_stats && options.is_verbose);
	same_int(options.queue_depth, 1);
	same_text(options.argv[0], "--x");
	run_options_free(&options);
}
END_TEST

START_TEST(a_path_is_kept_as_programs_paths_are_compared)
{
	static const char *const rows[][2] = {
		{ "--path=/dev//dmoverio", "/dev/dmoverio" },
		{ "--path=//dev/./dmoverio", "/dev/dmoverio" },
		{ "--path=/dev/x/../../../dev/dmoverio", "/dev/dmoverio" },
		{ "--path=/dev/dmoverio/", "/dev/dmoverio" },
	};
	struct run_options options;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		same_int(PARSE(&options, rows[i][0], "true"), RUN_GO);
		same_text(options.path, rows[i][1]);
		run_options_free(&options);
	}
}
END_TEST

/* It would do without them what its own daemon was told. */
START_TEST(a_real_device_takes_no_option_of_a_service)
{
	static const char *const words[] = { "--engine=cpu-scalar", "--fault=EIO", "--stats",
		"--trace=/tmp/t", "--queue-depth=5", "--force" };
	struct run_options options;

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(words[i], "="), words[i]);
		same_int(PARSE(&options, words[i], "--way=device", "true"), RUN_BAD);
		holds(strstr(said, name) != NULL && strstr(said, "exclude each other") != NULL);
		run_options_free(&options);
		same_int(PARSE(&options, words[i], "true"), RUN_GO);
		same_text(run_options_need_service(&options), name);
		run_options_free(&options);
	}
	same_int(PARSE(&options, "--way=device", "--verbose", "--path=/x", "true"), RUN_GO);
	holds(run_options_need_service(&options) == NULL);
	run_options_free(&options);
}
END_TEST

START_TEST(what_the_service_has_no_room_for_is_refused)
{
	static char engine[PRELOAD_ENGINE_MAX + 16] = "--engine=";
	static char trace[PRELOAD_PATH_MAX + 16] = "--trace=/";
	const size_t engine_at = strlen(engine), trace_at = strlen(trace);
	struct run_options options;

	memset(engine + engine_at, 'x', PRELOAD_ENGINE_MAX - 1);
	memset(trace + trace_at, 'x', PRELOAD_PATH_MAX - 2);
	same_int(PARSE(&options, engine, trace, "true"), RUN_GO);
	same_size(strlen(options.engine), PRELOAD_ENGINE_MAX - 1);
	same_size(strlen(options.trace), PRELOAD_PATH_MAX - 1);
	run_options_free(&options);
	engine[engine_at + PRELOAD_ENGINE_MAX - 1] = 'x';
	same_int(PARSE(&options, engine, "true"), RUN_BAD);
	holds(strstr(said, "longer than") != NULL);
	run_options_free(&options);
	trace[trace_at + PRELOAD_PATH_MAX - 2] = 'x';
	same_int(PARSE(&options, trace, "true"), RUN_BAD);
	run_options_free(&options);
}
END_TEST

START_TEST(ways_have_names)
{
	static const struct {
		const char *word;
		enum run_way way;
	} rows[] = {
		{ "--way=auto", RUN_AUTO },
		{ "--way=device", RUN_DEVICE },
		{ "--way=preload", RUN_PRELOAD },
		{ "--way=seccomp", RUN_SECCOMP },
		{ "--seccomp", RUN_SECCOMP },
	};
	struct run_options options;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		same_int(PARSE(&options, rows[i].word, "true"), RUN_GO);
		same_int(options.way, rows[i].way);
		run_options_free(&options);
	}
}
END_TEST

START_TEST(faults_become_arguments_of_their_engine)
{
	static const char *const rows[][2] = {
		{ "--fault=EIO", "fault:error=EIO,final" },
		{ "--fault=copy:EIO:every=100,reorder",
		    "fault:only=copy,error=EIO,final,every=100,reorder" },
		{ "--fault=error=EIO", "fault:error=EIO" },
		{ "--fault=delay=5ms,corrupt", "fault:delay=5ms,corrupt" },
		{ "--fault=xor16", "fault:only=xor16" },
		{ "--fault=", "fault:" },
		{ "--fault=,", "fault:," },
	};
	struct run_options options;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		same_int(PARSE(&options, rows[i][0], "true"), RUN_GO);
		same_text(options.engine, rows[i][1]);
		run_options_free(&options);
	}
	same_int(PARSE(&options, "--fault=EIO", "--engine=null", "true"), RUN_BAD);
	holds(strstr(said, "exclude each other") != NULL);
	run_options_free(&options);
	same_int(PARSE(&options, "--engine=null", "--engine=null", "true"), RUN_BAD);
	run_options_free(&options);
}
END_TEST

START_TEST(a_trace_is_where_it_was_named)
{
	struct run_options options;
	char cwd[PATH_MAX], path[PATH_MAX + 16];

	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "%s/trace", cwd);
	same_int(PARSE(&options, "--trace=/first", "--trace=trace", "true"), RUN_GO);
	same_text(options.trace, path);
	run_options_free(&options);
}
END_TEST

START_TEST(bad_words_are_refused_with_what_was_expected)
{
	static const char *const rows[][2] = {
		{ "--way=", "--way=: expected" },
		{ "--way=autos", "--way=autos: expected" },
		{ "--path=dev/x", "--path=dev/x: expected" },
		{ "--path=", "--path=: expected" },
		{ "--path=/", "--path=/: expected" },
		{ "--queue-depth=0", "--queue-depth=0: expected" },
		{ "--queue-depth=65537", "expected a number from 1 to 65536" },
		{ "--queue-depth=-1", "expected" },
		{ "--queue-depth= 1", "expected" },
		{ "--queue-depth=1x", "expected" },
		{ "--queue-depth=", "expected" },
		{ "--queue-depth=99999999999999999999", "expected" },
		{ "--nonsense", "nonsense" },
		{ "--engine", "engine" },
		{ "--stats=1", "stats" },
		{ "-x", "x" },
	};
	struct run_options options;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i][0], "--engine") == 0)
			same_int(PARSE(&options, rows[i][0]), RUN_BAD);
		else
			same_int(PARSE(&options, rows[i][0], "true"), RUN_BAD);
		ck_assert_msg(strstr(said, rows[i][1]) != NULL, "%s: %s", rows[i][0], said);
		run_options_free(&options);
	}
	same_int(PARSE(&options, "--stats"), RUN_BAD);
	holds(strstr(said, "no program") != NULL);
	run_options_free(&options);
}
END_TEST

START_TEST(a_path_as_long_as_there_is_room_for_is_taken)
{
	static char word[PATH_MAX + 16] = "--path=";
	const size_t at = strlen(word);
	struct run_options options;

	memset(word + at, '/', PATH_MAX - 1);
	memset(word + at + 1, 'x', PATH_MAX - 2);
	same_int(PARSE(&options, word, "true"), RUN_GO);
	same_size(strlen(options.path), PATH_MAX - 1);
	run_options_free(&options);
	word[at + PATH_MAX - 1] = 'x';
	same_int(PARSE(&options, word, "true"), RUN_BAD);
	run_options_free(&options);
}
END_TEST

START_TEST(help_names_every_option)
{
	static const char *const names[] = { "--path", "--way", "--seccomp", "--force", "--engine",
		"--fault", "--queue-depth", "--stats", "--trace", "--library", "--verbose",
		"--version", "--help" };
	struct run_options options;

	same_int(PARSE(&options, "--help"), RUN_HELP);
	run_options_free(&options);
	same_int(PARSE(&options, "--version", "--help"), RUN_VERSION);
	run_options_free(&options);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		holds(strstr(run_help, names[i]) != NULL);
}
END_TEST

TCase *
unit_run_options(void)
{
	TCase *tc = unit_case("run_options");

	tcase_add_test(tc, without_options_a_program_gets_the_defaults);
	tcase_add_test(tc, every_option_reaches_its_place);
	tcase_add_test(tc, a_path_is_kept_as_programs_paths_are_compared);
	tcase_add_test(tc, a_real_device_takes_no_option_of_a_service);
	tcase_add_test(tc, what_the_service_has_no_room_for_is_refused);
	tcase_add_test(tc, ways_have_names);
	tcase_add_test(tc, faults_become_arguments_of_their_engine);
	tcase_add_test(tc, a_trace_is_where_it_was_named);
	tcase_add_test(tc, bad_words_are_refused_with_what_was_expected);
	tcase_add_test(tc, a_path_as_long_as_there_is_room_for_is_taken);
	tcase_add_test(tc, help_names_every_option);
	return tc;
}
