/* SPDX-License-Identifier: BSD-2-Clause */
/* read.h: read(2) and readv(2) of the program. */
#ifndef PRELOAD_READ_H
#define PRELOAD_READ_H

#include "preload/call.h"

/* Into the call's vectors: bytes, or -errno. */
ssize_t preload_read(struct preload_call *call);

#endif /* PRELOAD_READ_H */
