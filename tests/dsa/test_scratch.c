/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scratch.c: a folder for the folders of all tests, removed with whatever failed tests have left. */
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "tests/dsa/test_site.h"

static char scratch[] = "/tmp/dsa-test-XXXXXX";

void
scratch_open(void)
{
	if (mkdtemp(scratch) == NULL) {
		perror(scratch);
		exit(1);
	}
}

void
scratch_make(char *path, size_t len)
{
	snprintf(path, len, "%s/XXXXXX", scratch);
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	remove(path);
	return 0;
}

void
scratch_close(void)
{
	DIR *dir = opendir(scratch);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", scratch, entry->d_name);
		umount2(path, MNT_DETACH); /* most are none */
	}
	if (dir != NULL)
		closedir(dir);
	nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
