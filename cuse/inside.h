/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.h: writes that a thread executes for their held callers, and how they are interrupted.
 *
 * The memory of a caller may keep the thread for ever.  When a signal comes for the caller then,
 * the call is answered by another thread, so that the caller can end.  That is safe only while
 * the first thread sleeps in its access: the access has hold of the address space, and every one
 * after it is refused, because the caller is not held any more.
 */
#ifndef CUSE_INSIDE_H
#define CUSE_INSIDE_H

#include "cuse/device.h"
#include "cuse/memory.h"

struct dmio_inside {
	struct dmover_seat seat; /* first; busy once a signal came */
	struct dmio_device *device;
	fuse_req_t req;
	struct dmio_held *held;
	size_t before;            /* bytes of the write that were done earlier */
	atomic_size_t accepted;   /* bytes since, the requests under way among them */
	bool is_watched;          /* (parked_lock) */
	bool is_answered;         /* (parked_lock) */
	struct dmio_inside *next; /* (parked_lock) */
};

/* The calling thread begins with the write of INSIDE, whose members up to ->before are set. */
void dmio_inside_enter(struct dmio_inside *inside);

/* It has ended.  True: the call was answered meanwhile, and must not be again. */
bool dmio_inside_leave(struct dmio_inside *inside);

/* A signal came for REQ; no lock is held. */
void dmio_inside_interrupt(struct dmio_device *device, fuse_req_t req);

#endif /* CUSE_INSIDE_H */
