/* SPDX-License-Identifier: BSD-2-Clause */
/* path.h: which of the paths that a program opens is the device's. */
#ifndef PRELOAD_PATH_H
#define PRELOAD_PATH_H

#include <stdbool.h>

#include "preload/settings.h"

/*
 * True when PATH, from the directory DIR (or AT_FDCWD) on, names the device.  PATH may be any
 * pointer that a program would pass to open(2): it is read only here, and a bad one is a fault of
 * the program's, as it is in the C library's own fopen().  errno is kept.  Any thread, and signal
 * handlers.
 */
bool preload_path_is_ours(int dir, const char *path);

/*
 * The same of the path of another thread: PROC is its folder in /proc ("self": ours), PATH is a copy
 * in our own memory.
 */
bool preload_path_names_device(const char *proc, int dir, const char *path);

/* An absolute path without ".", ".." and doubled slashes.  False: it is too long. */
bool preload_path_normalise(const char *path, char ret_path[PRELOAD_PATH_MAX]);

#endif /* PRELOAD_PATH_H */
