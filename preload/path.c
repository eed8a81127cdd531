/* SPDX-License-Identifier: BSD-2-Clause */
/* path.c: compares last components first, and the rest of the path only where they agree. */
#include "preload/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preload/settings.h"

/* No object of a program lies below; the kernel answers EFAULT for such a path. */
#define LOWEST_ADDRESS 4096

/* Adds the components of PATH to OUT, which is absolute or empty; "." and ".." are resolved. */
static bool
append(char *out, size_t *len, const char *path)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (*len > 0 && out[--*len] != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (*len + n + 2 > PRELOAD_PATH_MAX)
				return false;
			out[(*len)++] = '/';
			memcpy(out + *len, path, n);
			*len += n;
		}
		path += n + (path[n] == '/');
	}
	out[*len] = '\0';
	return true;
}

bool
preload_path_normalise(const char *path, char ret_path[PRELOAD_PATH_MAX])
{
	size_t len = 0;

	if (strlen(path) >= PRELOAD_PATH_MAX || !append(ret_path, &len, path))
		return false;
	if (len == 0)
		memcpy(ret_path, "/", sizeof("/"));
	return true;
}

/* The directory that a relative path begins in; false: it is not to be had. */
static bool
directory_of(const char *proc, int dir, char *ret_path)
{
	char link[64];
	ssize_t n;

	if (dir == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%s/cwd", proc);
	else
		snprintf(link, sizeof(link), "/proc/%s/fd/%d", proc, dir);
	n = readlink(link, ret_path, PRELOAD_PATH_MAX - 1);
	if (n <= 0 || ret_path[0] != '/')
		return false;
	ret_path[n] = '\0';
	return true;
}

/* The last components agree.  Links on the way are not followed. */
static bool
is_same(const char *proc, int dir, const char *path)
{
	const struct preload_settings *settings = preload_settings();
	char start[PRELOAD_PATH_MAX], full[PRELOAD_PATH_MAX] = "";
	size_t len = 0;

	if (path[0] != '/' && (!directory_of(proc, dir, start) || !append(full, &len, start)))
		return false;
	return append(full, &len, path) && len == settings->path_len &&
	       memcmp(full, settings->path, len) == 0;
}

bool
preload_path_names_device(const char *proc, int dir, const char *path)
{
	const struct preload_settings *settings = preload_settings();
	size_t len, base_len = settings->path_len - (size_t)(settings->base - settings->path);
	int saved = errno;
	bool is_ours;

	len = strlen(path);
	if (len < base_len || memcmp(path + len - base_len, settings->base, base_len) != 0)
		return false;
	if (len > base_len && path[len - base_len - 1] != '/')
		return false;
	if (len == settings->path_len && memcmp(path, settings->path, len) == 0)
		return true;
	is_ours = is_same(proc, dir, path);
	errno = saved;
	return is_ours;
}

/*
 * A look by process_vm_readv(2) would spare the program the signal, and cost each open of any file
 * hundreds of nanoseconds.
 */
bool
preload_path_is_ours(int dir, const char *path)
{
	return (uintptr_t)path >= LOWEST_ADDRESS && preload_path_names_device("self", dir, path);
}
