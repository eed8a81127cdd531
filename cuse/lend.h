/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lend.h: a blocked reader lends its thread to the requests that it waits for.
 *
 * While a read(2) is unanswered the kernel keeps the reader's thread and address space, so that
 * process_vm_readv(2) on its thread id is exact -- as it was while the write was held, and twice as
 * fast as /proc/PID/mem.  Posted work borrows it when it is the very address space that the work
 * was posted from; the reader is answered only when everything borrowed is given back.
 */
#ifndef CUSE_LEND_H
#define CUSE_LEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dmio_device;

/*
 * What tells a thread's address space from any other: the thread, when it began, and the 16 random
 * bytes that the kernel gives every new image (AT_RANDOM).  An exec changes the bytes, a thread id
 * that is used again the beginning.  Who writes the old bytes over its new ones asks for its own
 * memory to be written, and nobody else can: they are not known to who ran exec before.
 */
struct dmio_identity {
	pid_t tid;        /* 0: not known, equal to none */
	uint64_t start;   /* clock ticks after boot */
	uint64_t address; /* of the bytes */
	uint8_t bytes[16];
};

/* Of a held caller.  False: not to be had; *ret_identity equals none then. */
bool dmio_identity_get(pid_t tid, struct dmio_identity *ret_identity);
/* The same with STAT_FD, the thread's open "stat" (proc.h). */
bool dmio_identity_get_at(int stat_fd, pid_t tid, struct dmio_identity *ret_identity);
bool dmio_identity_equals(const struct dmio_identity *a, const struct dmio_identity *b);

struct dmio_parked;

/*
 * A parked reader of the same identity, who cannot be answered until dmio_lend_return(); NULL: none
 * waits.  Its thread id is IDENTITY's.
 */
struct dmio_parked *dmio_lend_borrow(
    struct dmio_device *device, const struct dmio_identity *identity);
void dmio_lend_return(struct dmio_device *device, struct dmio_parked *parked);

#endif /* CUSE_LEND_H */
