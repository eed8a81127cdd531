/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor.c: dmoverd --doctor, which is dmoverctl doctor. */
#include "cuse/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOOL     "dmoverctl"
#define ARGS_MAX 6

/* A value, with its option in front. */
struct value {
	char text[PATH_MAX + 16];
};

static const char *
with_option(struct value *value, const char *option, const char *arg)
{
	snprintf(value->text, sizeof(value->text), "%s=%s", option, arg);
	return value->text;
}

/* The tool that was installed with this program.  False: the path is too long, or not known. */
static bool
find_beside(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash + 1 - path) + sizeof(TOOL) > size)
		return false;
	memcpy(slash + 1, TOOL, sizeof(TOOL));
	return true;
}

int
dmio_doctor(const struct dmio_options *options)
{
	const char *argv[ARGS_MAX] = { TOOL, "doctor" };
	struct value sysfs, dev;
	char path[PATH_MAX];
	unsigned n = 2;

	if (options->is_json)
		argv[n++] = "--json";
	if (options->dsa_sysfs != NULL)
		argv[n++] = with_option(&sysfs, "--dsa-sysfs", options->dsa_sysfs);
	if (options->dsa_dev != NULL)
		argv[n++] = with_option(&dev, "--dsa-dev", options->dsa_dev);
	argv[n] = NULL;
	if (find_beside(path, sizeof(path)))
		execv(path, (char *const *)argv);
	execvp(TOOL, (char *const *)argv);
	fprintf(stderr, "dmoverd: --doctor: cannot run %s: %s (it is installed with dmoverd)\n",
	    TOOL, strerror(errno));
	return 1;
}
