/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h: the threads that receive and handle FUSE requests.
 *
 * One thread listens and handles what it gets in place: a hand-over between threads costs more
 * than a small request.  When it stays in one request for longer than a few milliseconds -- it is
 * in a caller's memory, which may take for ever -- another takes over listening.
 */
#ifndef CUSE_LOOP_H
#define CUSE_LOOP_H

#include "cuse/device.h"

struct dmio_loop;

/* Starts listening.  ON_END is called once, from a loop thread, when the kernel ends the session. */
int dmio_loop_start(struct fuse_session *se, struct dmover_core *core, void (*on_end)(void *arg),
    void *arg, struct dmio_loop **ret_loop);

/*
 * Ends the threads.  False: one is stuck in a caller's memory; nothing was freed, and the process
 * can only exit.  NULL is allowed.
 */
bool dmio_loop_stop(struct dmio_loop *loop);

#endif /* CUSE_LOOP_H */
