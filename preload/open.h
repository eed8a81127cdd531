/* SPDX-License-Identifier: BSD-2-Clause */
/* open.h: open(2) of the device. */
#ifndef PRELOAD_OPEN_H
#define PRELOAD_OPEN_H

/* A new session with the flags of open(2): a descriptor, or -1 with errno.  The program's thread. */
int preload_open(int flags);

#endif /* PRELOAD_OPEN_H */
