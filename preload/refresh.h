/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh.h: makes the outer socket say what the session says: readable, writable. */
#ifndef PRELOAD_REFRESH_H
#define PRELOAD_REFRESH_H

#include "preload/door.h"

/*
 * After any change of the session: responses go into the outer socket, and the plug comes out when
 * there are places again.  Any thread; no lock is held.
 */
void preload_refresh(struct preload_door *door);

/*
 * After the last response may have been taken: readers that wait for more than they have got find
 * an empty message, and look whether any more can come.
 */
void preload_wake(struct preload_door *door);

/* The same after responses were taken out of the socket, where there is mostly nothing to do. */
void preload_refresh_taken(struct preload_door *door);

/* In a call of the program's: puts the plug in when the session is at its limit. */
void preload_plug(struct preload_door *door);

/* Responses that lie in the outer socket; asked from the program's side. */
unsigned preload_sent(const struct preload_door *door, int outer_fd);

/*
 * Places under the limit, at most WANT: requests whose responses lie in the socket count as well.
 */
unsigned preload_room(struct preload_door *door, int outer_fd, unsigned want);

/* Nothing more can come, unless somebody writes anew. */
bool preload_is_drained(struct preload_door *door, int outer_fd);

/* Under the door's lock: the length of the first message to us, and who sent it; -EAGAIN: none. */
ssize_t preload_message_peek(int inner_fd, pid_t *ret_pid);

/* What the session tells us. */
extern const struct dmover_session_ops preload_session_ops;
/* Takes the place of a door as the session's poll handle when the door goes. */
extern char preload_nobody;

/* What a socket is charged for one response; measured once (service.c). */
void preload_sent_unit(int outq);

#endif /* PRELOAD_REFRESH_H */
