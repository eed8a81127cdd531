/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wrap_stdio.c: fopen and freopen in front of the C library's.
 *
 * Its stdio calls the kernel without asking us, so records of such a stream come through the
 * socket (raw.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preload/open.h"
#include "preload/path.h"
#include "preload/real.h"

/* The flags of open(2) that MODE means; -1: it means none. */
static int
flags_of(const char *mode)
{
	int flags;

	if (*mode == 'r')
		flags = O_RDONLY;
	else if (*mode == 'w' || *mode == 'a')
		flags = O_WRONLY;
	else
		return -1;
	for (mode++; *mode != '\0' && *mode != ','; mode++) {
		if (*mode == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		else if (*mode == 'e')
			flags |= O_CLOEXEC;
		else if (*mode == 'x')
			flags |= O_CREAT | O_EXCL;
	}
	return flags;
}

static FILE *
open_stream(const char *mode)
{
	int flags = flags_of(mode), fd, error;
	FILE *file;

	if (flags < 0) {
		errno = EINVAL;
		return NULL;
	}
	fd = preload_open(flags);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, mode);
	if (file == NULL) {
		error = errno;
		close(fd);
		errno = error;
	}
	return file;
}

FILE *
fopen(const char *path, const char *mode)
{
	return preload_path_is_ours(AT_FDCWD, path) ? open_stream(mode)
						    : preload_real()->fopen(path, mode);
}

FILE *
fopen64(const char *path, const char *mode)
{
	return preload_path_is_ours(AT_FDCWD, path) ? open_stream(mode)
						    : preload_real()->fopen64(path, mode);
}

/* The stream gets another file in between, so that what it had is flushed, closed and forgotten. */
static FILE *
reopen_stream(const char *mode, FILE *file)
{
	int flags = flags_of(mode), fd, error = EINVAL;

	fd = flags >= 0 ? preload_open(flags) : -1;
	if (fd < 0 && flags >= 0)
		error = errno;
	file = preload_real()->freopen("/dev/null", flags >= 0 ? mode : "r", file);
	if (file == NULL) {
		error = errno;
	} else if (fd >= 0 && dup3(fd, fileno(file), flags & O_CLOEXEC) >= 0) {
		close(fd);
		return file;
	}
	if (fd >= 0)
		close(fd);
	if (file != NULL)
		fclose(file);
	errno = error;
	return NULL;
}

FILE *
freopen(const char *path, const char *mode, FILE *file)
{
	return preload_path_is_ours(AT_FDCWD, path) ? reopen_stream(mode, file)
						    : preload_real()->freopen(path, mode, file);
}

FILE *
freopen64(const char *path, const char *mode, FILE *file)
{
	return preload_path_is_ours(AT_FDCWD, path) ? reopen_stream(mode, file)
						    : preload_real()->freopen64(path, mode, file);
}
