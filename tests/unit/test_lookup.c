/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lookup.c: which file the name of a program means. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/run/program.h"

/* 0 and the path that NAME is found at in the folders of PATH, or -errno. */
static int
look_up(const char *name, const char *path, char ret_found[PATH_MAX])
{
	struct program program;
	int err;

	if (path != NULL)
		setenv("PATH", path, 1);
	else
		unsetenv("PATH");
	err = program_inspect(name, &program);
	memcpy(ret_found, err == 0 ? program.path : "", err == 0 ? strlen(program.path) + 1 : 1);
	return err;
}

START_TEST(a_name_is_looked_up_as_execvp_does)
{
	char dir[] = "/tmp/unit.XXXXXX", folder[64], name[64], path[256];
	char found[PATH_MAX], none[PATH_MAX], want[PATH_MAX];
	int err, missing, denied;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(folder, sizeof(folder), "%s/true", dir);
	snprintf(name, sizeof(name), "%s/env", dir);
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	close(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	/* A folder of that name is passed over, and so is a file that may not be executed. */
	snprintf(path, sizeof(path), "/nowhere:%s:/usr/bin", dir);
	err = look_up("true", path, found);
	look_up("env", path, want);
	missing = look_up("no-such-program", path, none);
	denied = look_up("env", dir, none);
	unlink(name);
	rmdir(folder);
	rmdir(dir);
	same_int(err, 0);
	same_text(found, "/usr/bin/true");
	same_text(want, "/usr/bin/env");
	same_int(missing, -ENOENT);
	same_int(denied, -EACCES);
	same_int(look_up("sh", NULL, found), 0);
	same_text(found, "/bin/sh");
}
END_TEST

START_TEST(names_may_be_paths_and_empty_folders_are_this_one)
{
	char found[PATH_MAX], name[PATH_MAX + 1], before[PATH_MAX];

	same_int(look_up("/bin/sh", "/nowhere", found), 0);
	same_text(found, "/bin/sh");
	same_int(look_up("/nowhere/sh", "/bin", found), -ENOENT);
	same_int(look_up("/bin", "/bin", found), -EACCES);
	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	ck_assert_int_eq(chdir("/bin"), 0);
	same_int(look_up("sh", ":/nowhere", found), 0);
	same_text(found, "./sh");
	same_int(look_up("./sh", "/nowhere", found), 0);
	ck_assert_int_eq(chdir(before), 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	same_int(look_up(name, "/bin:/usr/bin", found), -ENOENT);
	name[0] = '/';
	same_int(look_up(name, "/bin", found), -ENAMETOOLONG);
}
END_TEST

TCase *
unit_lookup(void)
{
	TCase *tc = unit_case("lookup");

	tcase_add_test(tc, a_name_is_looked_up_as_execvp_does);
	tcase_add_test(tc, names_may_be_paths_and_empty_folders_are_this_one);
	return tc;
}
