/* SPDX-License-Identifier: BSD-2-Clause */
/* posters.c: who has posted lately, with their memory. */
#include "cuse/posters.h"

#include <stddef.h>
#include <string.h>

#include "cuse/lend.h"

void
dmio_posters_init(struct dmio_posters *posters)
{
	memset(posters, 0, sizeof(*posters));
	pthread_mutex_init(&posters->lock, NULL);
}

void
dmio_posters_fini(struct dmio_posters *posters)
{
	for (unsigned i = 0; i < DMIO_POSTERS_MAX; i++)
		dmover_space_unref(posters->recent[i].space);
	pthread_mutex_destroy(&posters->lock);
}

/* Removes what TID had: the reference is the caller's.  NULL: nothing. */
static struct dmover_space *
take(struct dmio_posters *posters, pid_t tid)
{
	struct dmover_space *space = NULL;

	pthread_mutex_lock(&posters->lock);
	for (unsigned i = 0; i < DMIO_POSTERS_MAX && space == NULL; i++) {
		struct dmio_poster *at = &posters->recent[i];

		if (at->space == NULL || at->tid != tid)
			continue;
		space = at->space;
		memmove(at, at + 1, (DMIO_POSTERS_MAX - 1 - i) * sizeof(*at));
		posters->recent[DMIO_POSTERS_MAX - 1].space = NULL;
	}
	pthread_mutex_unlock(&posters->lock);
	return space;
}

/* The latest one; who came longest ago is forgotten.  Takes a reference. */
static void
put(struct dmio_posters *posters, pid_t tid, struct dmover_space *space)
{
	struct dmover_space *last;

	pthread_mutex_lock(&posters->lock);
	last = posters->recent[DMIO_POSTERS_MAX - 1].space;
	memmove(&posters->recent[1], &posters->recent[0],
	    (DMIO_POSTERS_MAX - 1) * sizeof(posters->recent[0]));
	posters->recent[0] = (struct dmio_poster){ tid, dmover_space_ref(space) };
	pthread_mutex_unlock(&posters->lock);
	dmover_space_unref(last);
}

int
dmio_posters_get(struct dmio_posters *posters, pid_t tid, struct dmio_device *device,
    struct dmover_space **ret_space)
{
	struct dmover_space *space = take(posters, tid);
	int err = 0;

	if (space != NULL && !dmio_posted_is_current(space)) {
		dmover_space_unref(space);
		space = NULL;
	}
	if (space == NULL)
		err = dmio_posted_create(tid, device, &space);
	if (err < 0)
		return err;
	if (dmio_posted_has_witness(space))
		put(posters, tid, space);
	*ret_space = space;
	return 0;
}

bool
dmio_posters_identity(struct dmio_posters *posters, pid_t tid, struct dmio_identity *ret_identity)
{
	struct dmover_space *space = take(posters, tid);
	bool is_known = space != NULL && dmio_posted_is_current(space);

	*ret_identity = (struct dmio_identity){ 0 };
	if (is_known) {
		*ret_identity = *dmio_posted_identity(space);
		put(posters, tid, space);
	}
	dmover_space_unref(space);
	return ret_identity->tid != 0;
}
