/* SPDX-License-Identifier: BSD-2-Clause */
/* preload.c: sets the environment for libdmover-preload.so, and becomes the program. */
#include "tools/run/preload.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define LIBRARY "libdmover-preload.so"

/* Beside this program, in the build tree, or installed; relative to the program's folder first. */
static const char *const places[] = {
	"%s/" LIBRARY,
	"%s/../preload/" LIBRARY,
	"%s/../" DMOVER_LIBDIR "/dmoverio/" LIBRARY,
};

/* The library's path; -ENOENT: there is none. */
static int
find_library(const struct run_options *options, char *ret_path)
{
	char self[PATH_MAX], path[PATH_MAX + 128];
	ssize_t n;

	if (options->library != NULL)
		return realpath(options->library, ret_path) != NULL ? 0 : -errno;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return -ENOENT;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), places[i], self);
#pragma GCC diagnostic pop
		if (realpath(path, ret_path) != NULL && access(ret_path, R_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static const char *
why_not(enum program_kind kind)
{
	switch (kind) {
	case PROGRAM_MUSL:
		return "is linked with musl, which does not take an object made for glibc";
	case PROGRAM_GO:
		return "is written in Go, and makes its system calls without the C library";
	case PROGRAM_STATIC:
		return "is linked statically, so nothing can be preloaded";
	case PROGRAM_FOREIGN:
		return "is for another machine or word size than dmover-run";
	case PROGRAM_SETUID:
		return "gains privileges (setuid, or capabilities of the file), so the dynamic "
		       "linker "
		       "preloads nothing";
	case PROGRAM_GLIBC:
		break;
	}
	return NULL;
}

/* The service reaches the program's memory so; on oneself nothing but a filter forbids it. */
static int
check_memory(char *why, size_t len)
{
	char from = 1, to = 0;
	struct iovec local = { &to, 1 }, remote = { &from, 1 };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1)
		return 0;
	snprintf(why, len,
	    "process_vm_readv(2) is forbidden here: %s (allow it in the container's seccomp "
	    "profile)",
	    strerror(errno));
	return -EPERM;
}

int
run_preload_check(
    const struct run_options *options, const struct program *program, char *why, size_t len)
{
	char library[PATH_MAX];
	int err = find_library(options, library);

	why[0] = '\0';
	if (err < 0) {
		snprintf(why, len, "%s: %s (name it with --library)",
		    options->library != NULL ? options->library : LIBRARY, strerror(-err));
		return err;
	}
	/* The dynamic linker takes blanks and colons for the end of a name, and goes on without it. */
	if (strpbrk(library, " \t:") != NULL) {
		snprintf(why, len, "%s: no blank or colon may be in the path of what is preloaded",
		    library);
		return -EINVAL;
	}
	if (why_not(program->kind) == NULL)
		return check_memory(why, len);
	snprintf(why, len, "%s %s", program->path, why_not(program->kind));
	return -ENOEXEC;
}

static int
set(const char *name, const char *value)
{
	if (value == NULL)
		return unsetenv(name) == 0 ? 0 : -errno;
	return setenv(name, value, 1) == 0 ? 0 : -errno;
}

/* What the user has set himself stands behind, and counts. */
static int
set_before(const char *name, const char *option)
{
	const char *before = getenv(name);
	char *value;
	int err;

	if (asprintf(&value, "%s%s%s", option, before != NULL ? ":" : "",
		before != NULL ? before : "") < 0)
		return -ENOMEM;
	err = set(name, value);
	free(value);
	return err;
}

/*
 * ThreadSanitizer knows descriptors by their numbers alone, and the service's are of another table:
 * it is asked not to look at the system calls of objects that were not built with it.
 * AddressSanitizer wants to be the first library, and refuses to start where it is not: in the
 * program's children, of which nothing is known here.  It works behind ours as well.
 */
static int
set_sanitizers(void)
{
	int err = set_before("TSAN_OPTIONS", "ignore_noninstrumented_modules=1");

	return err < 0 ? err : set_before("ASAN_OPTIONS", "verify_asan_link_order=0");
}

/* A sanitizer's library first, then ours, then what was there. */
static int
set_preload(const struct program *program, const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *value;
	int err;

	if (asprintf(&value, "%s%s%s%s%s", program->sanitizer,
		program->sanitizer[0] != '\0' ? ":" : "", library,
		before != NULL && before[0] != '\0' ? ":" : "", before != NULL ? before : "") < 0)
		return -ENOMEM;
	err = set("LD_PRELOAD", value);
	free(value);
	return err;
}

int
run_preload_settings(const struct run_options *options)
{
	char depth[16];
	int err = set("DMOVER_RUN_PATH", options->path);

	snprintf(depth, sizeof(depth), "%u", options->queue_depth);
	if (err == 0)
		err = set("DMOVER_RUN_ENGINE", options->engine);
	if (err == 0)
		err = set("DMOVER_RUN_QUEUE_DEPTH", options->queue_depth > 0 ? depth : NULL);
	if (err == 0)
		err = set("DMOVER_RUN_STATS", options->has_stats ? "1" : NULL);
	if (err == 0)
		err = set("DMOVER_RUN_VERBOSE", options->is_verbose ? "1" : NULL);
	if (err == 0)
		err = set("DMOVER_RUN_TRACE", options->trace);
	return err;
}

int
run_preload(const struct run_options *options, const struct program *program)
{
	char library[PATH_MAX];
	int err = find_library(options, library);

	if (err == 0)
		err = set_preload(program, library);
	if (err == 0)
		err = set_sanitizers();
	if (err == 0)
		err = run_preload_settings(options);
	if (err < 0)
		return err;
	execvp(options->argv[0], options->argv);
	return -errno;
}
