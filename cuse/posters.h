/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posters.h: who has posted lately, with their memory.
 *
 * To open the memory of a poster costs 60 to 80 us; to see that it is still the same, 10 us.  A
 * thread that posts again, and has not faulted since, gets the space that it had: the witness says
 * that it has run no exec (witness.h).  Any thread.
 */
#ifndef CUSE_POSTERS_H
#define CUSE_POSTERS_H

#include <pthread.h>

#include "cuse/memory.h"

/* Each keeps DMIO_POSTED_FILES open, and what the kernel knows of a process, even a dead one. */
#define DMIO_POSTERS_MAX 8

struct dmio_poster {
	pid_t tid;
	struct dmover_space *space; /* a reference; NULL: nobody is here */
};

struct dmio_posters {
	pthread_mutex_t lock; /* leaf */
	/* (lock) who called last first: a reader is looked up here too */
	struct dmio_poster recent[DMIO_POSTERS_MAX];
};

void dmio_posters_init(struct dmio_posters *posters);
void dmio_posters_fini(struct dmio_posters *posters);

/* As dmio_posted_create(): the space that TID had before, or a new one. */
int dmio_posters_get(struct dmio_posters *posters, pid_t tid, struct dmio_device *device,
    struct dmover_space **ret_space);

/*
 * Of TID, held by its call, if it has posted lately and has not faulted since.  False: that is not
 * known; dmio_identity_get() tells, for 40 us.
 */
bool dmio_posters_identity(
    struct dmio_posters *posters, pid_t tid, struct dmio_identity *ret_identity);

#endif /* CUSE_POSTERS_H */
