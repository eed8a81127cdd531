/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space.h: the program's own memory as a space.
 *
 * It is reached through process_vm_readv(2) and its twin, as a caller's is by the daemon: the
 * kernel catches every fault, so that a bad address is EFAULT in the response, and the program's
 * signals and their handlers are left alone.  Sanitizers and Valgrind are told of each move.
 */
#ifndef PRELOAD_SPACE_H
#define PRELOAD_SPACE_H

#include <dev/dmover/dmover.h>

/* The space of this process; never destroyed. */
extern struct dmover_space preload_space_own;

/* In a forked child: its threads have other numbers. */
void preload_space_forked(void);

/* As spo_readv of our own space, but no move is told of: the bytes may not be asked for at all. */
ssize_t preload_space_look(
    const struct iovec *local, unsigned nlocal, const struct iovec *remote, unsigned nremote);

/* Moves LEN bytes between LOCAL and our own memory at REMOTE: 0 or -EFAULT. */
int preload_space_get(void *local, const void *remote, size_t len);
int preload_space_put(const void *local, void *remote, size_t len);

#endif /* PRELOAD_SPACE_H */
