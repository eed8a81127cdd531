/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.h: records that come through the socket, because they were written past our functions: by the
 * C library's own stdio, by io_uring, by a system call of the program's own, or by another process
 * that was handed the descriptor.
 */
#ifndef PRELOAD_RAW_H
#define PRELOAD_RAW_H

#include "preload/service.h"

/* Accepts as many as there are places for.  Service thread. */
void preload_raw_go(struct preload_service *service, struct preload_door *door);

/*
 * Takes the messages out of the socket that have come, and finds out whose memory they mean; they
 * are accepted later.  Service thread.
 */
void preload_raw_take(struct preload_service *service, struct preload_door *door);

#endif /* PRELOAD_RAW_H */
