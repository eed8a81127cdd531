/* SPDX-License-Identifier: BSD-2-Clause */
/* exec.c: callers that are somebody else by the time their work is done (exec_attack, exec_loop). */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"
#include "submit.h"

/* The unprivileged attacker. */
#define ATTACKER 65534

/* Copies a helper to where an unprivileged user may execute it. */
static void
install(const char *name, const char *dir, mode_t mode, char *ret_path, size_t len)
{
	char from[4096], bytes[65536];
	int in, out;
	ssize_t n;

	suite_helper(from, sizeof(from), name);
	snprintf(ret_path, len, "%s/%s", dir, name);
	in = open(from, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(in >= 0, "%s: %s", from, strerror(errno));
	out = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ck_assert_int_ge(out, 0);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		ck_assert_int_eq(write(out, bytes, (size_t)n), n);
	ck_assert_int_eq(fchmod(out, mode), 0);
	close(in);
	close(out);
}

/* One run of a helper. */
struct attack {
	const char *program; /* exec_attack or exec_loop */
	const char *mode;
	const char *way; /* how the work is handed in; NULL: as the helper does */
	bool is_setuid;  /* the image */
	bool is_root;    /* the attacker */
};

static int
run_attack(const struct attack *attack, const char *program, const char *image)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (!attack->is_root && (setresgid(ATTACKER, ATTACKER, ATTACKER) != 0 ||
					    setresuid(ATTACKER, ATTACKER, ATTACKER) != 0))
			_exit(2);
		execl(program, program, attack->mode, image, attack->way, (char *)NULL);
		_exit(2);
	}
	status = sleeper_reap(child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Installs the helpers, attacks, and cleans up. */
static int
attack_run(const struct attack *attack)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200], program[256], image[256] = "";
	bool has_image = strcmp(attack->program, "exec_attack") == 0;
	int status;

	snprintf(dir, sizeof(dir), "%s/device-suite-XXXXXX", tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	install(attack->program, dir, 0755, program, sizeof(program));
	if (has_image)
		install("exec_image", dir, attack->is_setuid ? 04755 : 0755, image, sizeof(image));
	status = run_attack(attack, program, has_image ? image : NULL);
	unlink(program);
	if (has_image)
		unlink(image);
	rmdir(dir);
	return status;
}

static const char *const modes[] = { "plain", "inherit" };

START_TEST(nothing_is_written_into_an_image_that_was_executed_meanwhile)
{
	struct attack attack = {
		.program = "exec_attack",
		.mode = modes[_i % 2],
		.is_root = _i < 2 || geteuid() != 0,
	};

	EXPECT(attack_run(&attack), 0);
	suite_daemon_works();
}
END_TEST

START_TEST(nothing_is_written_into_a_setuid_image)
{
	/* By write(2), then by every other way that there is. */
	struct attack attack = {
		.program = "exec_attack",
		.mode = "setuid",
		.way = _i == 0 ? "write" : submit_name((enum submit_way)(_i - 1)),
		.is_setuid = true,
	};
	int status;

	if (geteuid() != 0)
		SKIP("needs root to make a setuid image");
	status = attack_run(&attack);
	if (status == 77)
		SKIP(
		    "%s: not to be had here, or TMPDIR does not honour the setuid bit", attack.way);
	EXPECT(status, 0);
	suite_daemon_works();
}
END_TEST

static const char *const loops[] = { "loops", "share", "forge" };

START_TEST(nothing_goes_from_one_image_into_another)
{
	struct attack attack = {
		.program = "exec_loop",
		.mode = loops[_i % 3],
		.is_root = _i < 3 || geteuid() != 0,
	};
	int status = attack_run(&attack);

	if (status == 77)
		SKIP("addresses cannot be made the same in each image");
	EXPECT(status, 0);
	suite_daemon_works();
}
END_TEST

START_TEST(a_daemon_that_was_kept_asleep_takes_no_image_for_the_one_before)
{
	struct attack attack = { .program = "exec_stall", .is_root = true };
	int status = attack_run(&attack);

	if (status == 77)
		SKIP("no userfaultfd, or the daemon does not look at AT_RANDOM (--posted=handle)");
	EXPECT(status, 0);
	suite_daemon_works();
}
END_TEST

START_TEST(nothing_is_written_into_a_process_with_the_same_number)
{
	struct attack attack = { .program = "exec_attack", .mode = "reuse", .is_root = true };
	int status;

	if (geteuid() != 0)
		SKIP("needs root to choose a process number");
	for (unsigned round = suite_takes(1) ? 0 : 1; round < 2; round++) {
		status = attack_run(&attack);
		if (status == 77)
			SKIP("this kernel does not let us choose a process number");
		EXPECT(status, 0);
	}
	suite_daemon_works();
}
END_TEST

/*
 * "exec" is enough to tell one way to callers' memory from another; "exec_more" are the same attacks
 * in other circumstances.
 */
Suite *
suite_exec(void)
{
	Suite *suite = suite_create("exec");
	TCase *tcase = suite_case(suite, "exec"), *more = suite_case(suite, "exec_more");

	tcase_add_loop_test(
	    tcase, nothing_is_written_into_an_image_that_was_executed_meanwhile, 1, 2);
	tcase_add_loop_test(tcase, nothing_is_written_into_a_setuid_image, 0, 1);
	tcase_add_test(tcase, nothing_is_written_into_a_process_with_the_same_number);
	tcase_add_loop_test(tcase, nothing_goes_from_one_image_into_another, 3, 6);
	tcase_add_test(tcase, a_daemon_that_was_kept_asleep_takes_no_image_for_the_one_before);
	tcase_add_loop_test(
	    more, nothing_is_written_into_an_image_that_was_executed_meanwhile, 0, 1);
	tcase_add_loop_test(
	    more, nothing_is_written_into_an_image_that_was_executed_meanwhile, 2, 4);
	tcase_add_loop_test(more, nothing_is_written_into_a_setuid_image, 1, 1 + SUBMIT_WAYS);
	tcase_add_loop_test(more, nothing_goes_from_one_image_into_another, 0, 3);
	return suite;
}
