/* SPDX-License-Identifier: BSD-2-Clause */
/* write.h: from records to running requests, in the program's thread or in the service's. */
#ifndef PRELOAD_WRITE_H
#define PRELOAD_WRITE_H

#include "preload/call.h"
#include "preload/door.h"

struct preload_service;

/* Records of a write(2) that are handed in: what is common to the pieces of one. */
struct preload_writing {
	struct preload_door *door;
	struct preload_service *service;
	struct dmover_session *session;
	struct dmover_space *space; /* whose addresses the records hold */
	pid_t pid;                  /* of who wrote them */
	struct dmover_space *fetch; /* through which the descriptors are fetched; NULL: that one */
	struct dmover_fetcher *fetcher;
	struct dmover_batch *batch; /* NULL after it was given away */
};

/*
 * Takes as many of N records as there are places for, up to the first bad one.  Returns how many;
 * *ret_error is what is wrong with the one behind them, or 0: nothing, but that the limit is
 * reached.
 */
unsigned preload_accept(
    struct preload_writing *w, const uint8_t *records, unsigned n, int *ret_error);

/* write(2) and writev(2) of the program: bytes, or -errno. */
ssize_t preload_write(struct preload_call *call);

#endif /* PRELOAD_WRITE_H */
