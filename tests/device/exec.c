/* SPDX-License-Identifier: BSD-2-Clause */
/* exec.c: callers that are somebody else by the time their work is done (runs exec_attack). */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

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

static int
run_attack(const char *mode, const char *program, const char *image, bool as_root)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (!as_root && (setresgid(ATTACKER, ATTACKER, ATTACKER) != 0 ||
				    setresuid(ATTACKER, ATTACKER, ATTACKER) != 0))
			_exit(2);
		execl(program, program, mode, image, (char *)NULL);
		_exit(2);
	}
	status = sleeper_reap(child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Installs the helpers, attacks, and cleans up. */
static int
attack(const char *mode, bool setuid_image, bool as_root)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200], program[256], image[256];
	int status;

	snprintf(dir, sizeof(dir), "%s/device-suite-XXXXXX", tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	install("exec_attack", dir, 0755, program, sizeof(program));
	install("exec_image", dir, setuid_image ? 04755 : 0755, image, sizeof(image));
	status = run_attack(mode, program, image, as_root);
	unlink(program);
	unlink(image);
	rmdir(dir);
	return status;
}

static const char *const modes[] = { "plain", "inherit" };

START_TEST(nothing_is_written_into_an_image_that_was_executed_meanwhile)
{
	EXPECT(attack(modes[_i % 2], false, _i < 2 || geteuid() != 0), 0);
	suite_daemon_works();
}
END_TEST

START_TEST(nothing_is_written_into_a_setuid_image)
{
	int status;

	if (geteuid() != 0)
		SKIP("needs root to make a setuid image");
	status = attack("setuid", true, false);
	if (status == 77)
		SKIP("the file system of TMPDIR does not honour the setuid bit");
	EXPECT(status, 0);
	suite_daemon_works();
}
END_TEST

START_TEST(nothing_is_written_into_a_process_with_the_same_number)
{
	int status;

	if (geteuid() != 0)
		SKIP("needs root to choose a process number");
	for (unsigned round = 0; round < 2; round++) {
		status = attack("reuse", false, true);
		if (status == 77)
			SKIP("this kernel does not let us choose a process number");
		EXPECT(status, 0);
	}
	suite_daemon_works();
}
END_TEST

Suite *
suite_exec(void)
{
	Suite *suite = suite_create("exec");
	TCase *tcase = suite_case(suite, "exec");

	tcase_add_loop_test(
	    tcase, nothing_is_written_into_an_image_that_was_executed_meanwhile, 0, 4);
	tcase_add_test(tcase, nothing_is_written_into_a_setuid_image);
	tcase_add_test(tcase, nothing_is_written_into_a_process_with_the_same_number);
	return suite;
}
