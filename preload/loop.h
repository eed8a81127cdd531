/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h: what the service's thread does all the time: it listens to the doors' sockets, to those who
 * connect, to the bell, and to the end of processes that others wait for.
 */
#ifndef PRELOAD_LOOP_H
#define PRELOAD_LOOP_H

#include "preload/service.h"

/* What the loop waits with, and the listening socket in it.  Service thread.  -errno. */
int preload_loop_create(struct preload_service *service);
void preload_loop_destroy(struct preload_service *service);
/* Returns when it cannot go on.  Service thread. */
void preload_loop_run(struct preload_service *service);

/* Listens to the door's inner socket.  Service thread.  -errno. */
int preload_loop_add(struct preload_service *service, struct preload_door *door);

/*
 * The service has to look at the door when a response was read by whomever (IS_WANTED), or at once
 * if the calling thread cannot reach the inner socket (NOW).  Under the door's lock.
 */
void preload_loop_watch(struct preload_door *door, bool is_wanted, bool now);

/*
 * What comes next through the door is for process OWNER to take in: the service looks again when
 * that process rings, or has ended.  Service thread, under the door's lock.
 */
void preload_loop_behind(struct preload_service *service, struct preload_door *door, pid_t owner);

/* Address of the listening socket. */
const void *preload_loop_address(unsigned *ret_len);

#endif /* PRELOAD_LOOP_H */
