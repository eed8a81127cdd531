/* SPDX-License-Identifier: BSD-2-Clause */
/* pass.h: write(2) of a process that cannot have the session: another one serves it. */
#ifndef PRELOAD_PASS_H
#define PRELOAD_PASS_H

#include "preload/call.h"

/*
 * Sends the call's vectors as they are: as the C library's stdio would (raw.h).  0 and how many bytes, or
 * -errno; what is wrong with a record is told in its response.  -ENODEV: nobody serves the session any more.
 * -EMSGSIZE: more than the socket holds.
 */
int preload_pass(struct preload_call *call, size_t *ret_size);

#endif /* PRELOAD_PASS_H */
