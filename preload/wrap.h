/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wrap.h: the C library's functions that the program finds ours in place of.
 *
 * Each of them passes on at once what is not the device's.  Their contracts are those of their
 * manual pages.  The system's headers declare some in other ways with other options, so the files
 * that define them include no header that does.
 */
#ifndef PRELOAD_WRAP_H
#define PRELOAD_WRAP_H

#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are the C library's. */
int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
int openat(int dir, const char *path, int flags, ...);
int openat64(int dir, const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
int creat(const char *path, mode_t mode);
int creat64(const char *path, mode_t mode);

ssize_t read(int fd, void *buf, size_t len);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);
ssize_t write(int fd, const void *buf, size_t len);
/* NOLINTEND(bugprone-reserved-identifier) */

#endif /* PRELOAD_WRAP_H */
