/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bell.h: doors that the service has to look at though their sockets have nothing new to say.
 *
 * Nothing of it goes through a door's own socket, which other processes read as well, nor through a
 * descriptor in the program's table, which the program may close: 1. a thread puts the door on a list,
 * and wakes the bell's thread by a futex; 2. that one, which has the service's table, writes to the
 * eventfd that the service waits for.
 */
#ifndef PRELOAD_BELL_H
#define PRELOAD_BELL_H

#include <stdbool.h>

struct preload_door;

/* Service thread, which is a member: starts the bell's thread, which writes to WAKE.  0 or -errno. */
int preload_bell_start(int wake);
/* Ends it.  Service thread. */
void preload_bell_stop(void);
/* In a forked child: it is not started, and nothing is on the list. */
void preload_bell_forked(void);

/* The service looks at the door soon.  Any thread; signals are blocked. */
void preload_bell_ring(struct preload_door *door);
/* The same, by the service's thread itself: after others had their turn. */
void preload_bell_again(struct preload_door *door);

/* Service thread: whether there are any; calls FUNC for each that is there now. */
bool preload_bell_is_rung(void);
void preload_bell_answer(void (*func)(struct preload_door *door, void *arg), void *arg);

#endif /* PRELOAD_BELL_H */
