/* SPDX-License-Identifier: BSD-2-Clause */
/* read.h: read(2) and readv(2) of the program. */
#ifndef PRELOAD_READ_H
#define PRELOAD_READ_H

#include <sys/uio.h>

#include "preload/call.h"

/* Bytes, or -errno. */
ssize_t preload_read(struct preload_call *call, const struct iovec *iov, int n);

#endif /* PRELOAD_READ_H */
