/* SPDX-License-Identifier: BSD-2-Clause */
/* wrap_open.c: the open family in front of the C library's. */
#include "preload/wrap.h"

#include <fcntl.h>
#include <stdarg.h>

#include "preload/call.h"
#include "preload/open.h"
#include "preload/path.h"
#include "preload/real.h"

#define HAS_MODE(flags) (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)

/* The mode that follows FLAGS, or 0. */
#define MODE_OF(flags, ret_mode)                                                                   \
	do {                                                                                       \
		va_list args_;                                                                     \
		va_start(args_, flags);                                                            \
		(ret_mode) = HAS_MODE(flags) ? va_arg(args_, mode_t) : 0;                          \
		va_end(args_);                                                                     \
	} while (0)

/* A path alone is not opened; and our own calls are not the program's. */
static bool
is_ours(int dir, const char *path, int flags)
{
	return (flags & O_PATH) == 0 && preload_path_is_ours(dir, path) &&
	       preload_call_fd() == PRELOAD_CALL_OUTSIDE;
}

int
open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	if (is_ours(AT_FDCWD, path, flags))
		return preload_open(flags);
	return preload_real()->open(path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	if (is_ours(AT_FDCWD, path, flags))
		return preload_open(flags);
	return preload_real()->open64(path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	if (is_ours(dir, path, flags))
		return preload_open(flags);
	return preload_real()->openat(dir, path, flags, mode);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	if (is_ours(dir, path, flags))
		return preload_open(flags);
	return preload_real()->openat64(dir, path, flags, mode);
}

int
__open_2(const char *path, int flags)
{
	if (is_ours(AT_FDCWD, path, flags))
		return preload_open(flags);
	return preload_real()->open_2(path, flags);
}

int
__open64_2(const char *path, int flags)
{
	if (is_ours(AT_FDCWD, path, flags))
		return preload_open(flags);
	return preload_real()->open64_2(path, flags);
}

int
__openat_2(int dir, const char *path, int flags)
{
	if (is_ours(dir, path, flags))
		return preload_open(flags);
	return preload_real()->openat_2(dir, path, flags);
}

int
__openat64_2(int dir, const char *path, int flags)
{
	if (is_ours(dir, path, flags))
		return preload_open(flags);
	return preload_real()->openat64_2(dir, path, flags);
}

int
creat(const char *path, mode_t mode)
{
	if (is_ours(AT_FDCWD, path, O_WRONLY))
		return preload_open(O_WRONLY);
	return preload_real()->creat(path, mode);
}

int
creat64(const char *path, mode_t mode)
{
	if (is_ours(AT_FDCWD, path, O_WRONLY))
		return preload_open(O_WRONLY);
	return preload_real()->creat64(path, mode);
}
