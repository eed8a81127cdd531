/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * real.h: the functions that ours stand in front of: the C library's, or a sanitizer's.
 *
 * They are looked up when the object is loaded.  A call that comes still earlier, from another
 * object's constructor, looks them up itself.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

struct preload_real {
	int (*open)(const char *path, int flags, ...);
	int (*open64)(const char *path, int flags, ...);
	int (*openat)(int dir, const char *path, int flags, ...);
	int (*openat64)(int dir, const char *path, int flags, ...);
	int (*open_2)(const char *path, int flags);
	int (*open64_2)(const char *path, int flags);
	int (*openat_2)(int dir, const char *path, int flags);
	int (*openat64_2)(int dir, const char *path, int flags);
	int (*creat)(const char *path, mode_t mode);
	int (*creat64)(const char *path, mode_t mode);
	FILE *(*fopen)(const char *path, const char *mode);
	FILE *(*fopen64)(const char *path, const char *mode);
	FILE *(*freopen)(const char *path, const char *mode, FILE *file);
	FILE *(*freopen64)(const char *path, const char *mode, FILE *file);
	int (*ioctl)(int fd, unsigned long cmd, ...);
	ssize_t (*read)(int fd, void *buf, size_t len);
	ssize_t (*read_chk)(int fd, void *buf, size_t len, size_t size);
	ssize_t (*readv)(int fd, const struct iovec *iov, int n);
	ssize_t (*write)(int fd, const void *buf, size_t len);
	ssize_t (*writev)(int fd, const struct iovec *iov, int n);
};

/* Never NULL members.  Any thread. */
const struct preload_real *preload_real(void);

#endif /* PRELOAD_REAL_H */
