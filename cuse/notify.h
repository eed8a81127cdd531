/* SPDX-License-Identifier: BSD-2-Clause */
/* notify.h: tells the service manager how far the daemon is. */
#ifndef CUSE_NOTIFY_H
#define CUSE_NOTIFY_H

/*
 * Sends STATE ("READY=1", "STOPPING=1") to the socket that $NOTIFY_SOCKET names, as sd_notify(3)
 * describes; does nothing without one.  -errno when it could not be sent.
 */
int dmio_notify(const char *state);

#endif /* CUSE_NOTIFY_H */
