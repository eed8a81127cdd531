/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness.h: that a thread has run no exec, known afterwards.
 *
 * A witness is called while the thread is held.  Its mark is a number that every exec of the
 * thread changes, and that nobody can turn back; so while the mark is the same, the thread has
 * had the same address space all the time, and what process_vm_readv(2) read from its number
 * meanwhile came from there.  Why, and what was tried and is not enough: docs/architecture.md,
 * "Caller memory".
 */
#ifndef CUSE_WITNESS_H
#define CUSE_WITNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dmio_witness {
	int stat_fd;    /* stays with the thread, not with its number */
	bool is_leader; /* its number is that of its process */
};

/* TID is a held caller.  -errno: none is to be had.  Any thread. */
int dmio_witness_open(pid_t tid, struct dmio_witness *ret_witness);
void dmio_witness_close(const struct dmio_witness *witness);

/*
 * The mark as it is now, 0 or more; -1: the thread has ended, and its number may be another's.
 * Marks of one witness are compared for being equal, nothing else.  Any thread.
 */
int64_t dmio_witness_mark(const struct dmio_witness *witness);

#endif /* CUSE_WITNESS_H */
