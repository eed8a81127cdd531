/* SPDX-License-Identifier: BSD-2-Clause */
/* test_path.c: which of the paths that a program opens is the device's. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/path.h"
#include "preload/settings.h"

/* In place of settings.c: the path is the test's. */
static struct preload_settings settings;

const struct preload_settings *
preload_settings(void)
{
	return &settings;
}

static void
device_is(const char *path)
{
	snprintf(settings.path, sizeof(settings.path), "%s", path);
	settings.path_len = strlen(settings.path);
	settings.base = strrchr(settings.path, '/') + 1;
}

START_TEST(names_of_the_device_are_known_and_no_others)
{
	static const struct {
		const char *path;
		bool is_ours;
	} rows[] = {
		{ "/dev/dmoverio", true },
		{ "//dev///dmoverio", true },
		{ "/dev/./dmoverio", true },
		{ "/../dev/../dev/dmoverio", true },
		{ "/a/b/../../dev/dmoverio", true },
		{ "/dev/dmoverio/", false }, /* it is no folder */
		{ "/dev/dmoverio/.", false },
		{ "/dev/dmoverio2", false },
		{ "/dev/xdmoverio", false },
		{ "/dev/Dmoverio", false },
		{ "/dev/dmoveri", false },
		{ "/dmoverio", false },
		{ "/dev/x/dmoverio", false },
		{ "/dev/..dmoverio", false },
		{ "/dev/.../dmoverio", false },
		{ "/devdmoverio", false },
		{ "/", false },
		{ "", false },
		{ ".", false },
	};

	device_is("/dev/dmoverio");
	errno = EDOM;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(preload_path_is_ours(AT_FDCWD, rows[i].path) ==
				  (rows[i].is_ours != (unit_break == 1)),
		    "%s", rows[i].path);
	same_int(errno, EDOM);
}
END_TEST

START_TEST(a_relative_path_begins_where_the_call_says)
{
	int dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pair[2];
	char before[4096];

	device_is("/dev/dmoverio");
	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	errno = EDOM;
	holds(preload_path_is_ours(dir, "dmoverio"));
	holds(preload_path_is_ours(dir, "./../dev/dmoverio"));
	holds(!preload_path_is_ours(dir, "dev/dmoverio"));
	holds(preload_path_is_ours(-1, "/dev/dmoverio"));
	holds(!preload_path_is_ours(-1, "dmoverio"));
	holds(!preload_path_is_ours(pair[0], "dmoverio"));
	holds(!preload_path_is_ours(1 << 30, "dmoverio"));
	ck_assert_int_eq(chdir("/dev"), 0);
	holds(preload_path_is_ours(AT_FDCWD, "dmoverio"));
	holds(!preload_path_is_ours(AT_FDCWD, "shm/dmoverio"));
	ck_assert_int_eq(chdir("/"), 0);
	holds(preload_path_is_ours(AT_FDCWD, "dev/dmoverio"));
	holds(!preload_path_is_ours(AT_FDCWD, "dmoverio"));
	same_int(errno, EDOM);
	ck_assert_int_eq(chdir(before), 0);
	close(dir);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_device_in_the_root_is_like_others)
{
	device_is("/device");
	holds(preload_path_is_ours(AT_FDCWD, "/device"));
	holds(preload_path_is_ours(AT_FDCWD, "//device"));
	holds(preload_path_is_ours(AT_FDCWD, "/../device"));
	holds(!preload_path_is_ours(AT_FDCWD, "/dev/device"));
	holds(!preload_path_is_ours(AT_FDCWD, "/devic"));
}
END_TEST

/* PATH_MAX and more, to the last byte before memory that is not there. */
START_TEST(paths_of_any_length_are_read_to_their_end_only)
{
	static const size_t lens[] = { 13, 100, 4094, 4095, 4096, 4097, 8192, 20000 };
	const size_t size = 6 * 4096;
	char *memory =
	    mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(mprotect(memory + size, 4096, PROT_NONE), 0);
	device_is("/dev/dmoverio");
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		char *path = memory + size - lens[i] - 1;

		/* Slashes mean nothing, however many there are. */
		memset(path, '/', lens[i]);
		path[lens[i]] = '\0';
		holds(!preload_path_is_ours(AT_FDCWD, path));
		memcpy(path + lens[i] - 12, "dev/dmoverio", 12);
		holds(preload_path_is_ours(AT_FDCWD, path));
		/* A component that is too long for any file. */
		memset(path + 1, 'x', lens[i] - 13);
		if (lens[i] > 13)
			holds(!preload_path_is_ours(AT_FDCWD, path));
	}
	munmap(memory, size + 4096);
}
END_TEST

START_TEST(the_longest_path_of_a_device_is_known)
{
	static char path[PRELOAD_PATH_MAX];

	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "/x", 2);
	device_is(path);
	holds(settings.path_len > PRELOAD_PATH_MAX - 4);
	holds(preload_path_is_ours(AT_FDCWD, path));
	path[1] = 'y';
	holds(!preload_path_is_ours(AT_FDCWD, path));
}
END_TEST

START_TEST(paths_are_made_plain)
{
	static const char *const rows[][2] = {
		{ "/dev/dmoverio", "/dev/dmoverio" },
		{ "//a/.//b/../c/", "/a/c" },
		{ "/../..", "/" },
		{ "/", "/" },
		{ "/.hidden/..two/three..", "/.hidden/..two/three.." },
	};
	static char longest[PRELOAD_PATH_MAX + 1];
	char path[PRELOAD_PATH_MAX];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		holds(preload_path_normalise(rows[i][0], path));
		same_text(path, rows[i][1]);
	}
	memset(longest, '/', PRELOAD_PATH_MAX - 1);
	holds(preload_path_normalise(longest, path));
	same_text(path, "/");
	memset(longest + 1, 'x', PRELOAD_PATH_MAX - 2);
	holds(preload_path_normalise(longest, path));
	same_text(path, longest);
	longest[PRELOAD_PATH_MAX - 1] = 'x';
	holds(!preload_path_normalise(longest, path));
}
END_TEST

START_TEST(addresses_below_every_object_are_nobodys)
{
	device_is("/dev/dmoverio");
	holds(!preload_path_is_ours(AT_FDCWD, NULL));
	holds(!preload_path_is_ours(AT_FDCWD, (const char *)1));
	holds(!preload_path_is_ours(AT_FDCWD, (const char *)4095));
}
END_TEST

/* Another thread's relative path begins in that one's folder. */
START_TEST(a_path_of_another_process_is_from_its_folder)
{
	char proc[16], byte;
	int up[2], down[2];
	pid_t pid;

	device_is("/dev/dmoverio");
	ck_assert_int_eq(pipe(up) + pipe(down), 0);
	pid = fork();
	if (pid == 0) {
		close(down[1]);
		_exit(chdir("/dev") != 0 || write(up[1], "x", 1) != 1 ||
		      read(down[0], &byte, 1) != 0);
	}
	ck_assert_int_eq(read(up[0], &byte, 1), 1);
	snprintf(proc, sizeof(proc), "%d", (int)pid);
	holds(preload_path_names_device(proc, AT_FDCWD, "dmoverio"));
	holds(preload_path_names_device(proc, up[0], "/dev/dmoverio"));
	holds(!preload_path_names_device(proc, up[0], "dmoverio"));
	close(up[0]), close(up[1]), close(down[0]), close(down[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	/* One that has ended has no folder. */
	holds(!preload_path_names_device(proc, AT_FDCWD, "dmoverio"));
}
END_TEST

TCase *
unit_path(void)
{
	TCase *tc = unit_case("path");

	tcase_add_test(tc, names_of_the_device_are_known_and_no_others);
	tcase_add_test(tc, a_relative_path_begins_where_the_call_says);
	tcase_add_test(tc, a_device_in_the_root_is_like_others);
	tcase_add_test(tc, paths_of_any_length_are_read_to_their_end_only);
	tcase_add_test(tc, the_longest_path_of_a_device_is_known);
	tcase_add_test(tc, paths_are_made_plain);
	tcase_add_test(tc, addresses_below_every_object_are_nobodys);
	tcase_add_test(tc, a_path_of_another_process_is_from_its_folder);
	return tc;
}
