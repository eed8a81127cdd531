/* SPDX-License-Identifier: BSD-2-Clause */
/* server.h: start, serve, stop. */
#ifndef CUSE_SERVER_H
#define CUSE_SERVER_H

#include "cuse/options.h"

/*
 * Serves until SIGTERM or SIGINT, which the caller has blocked, or until the kernel ends the
 * session.  ON_READY is called once callers can open the device.  Returns the exit status.
 */
int dmio_serve(const struct dmio_options *options, void (*on_ready)(void *arg), void *arg);

#endif /* CUSE_SERVER_H */
