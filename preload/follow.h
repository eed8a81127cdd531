/* SPDX-License-Identifier: BSD-2-Clause */
/* follow.h: the session's function and layout, which are the same in all processes that share it. */
#ifndef PRELOAD_FOLLOW_H
#define PRELOAD_FOLLOW_H

#include "preload/door.h"

/* Brings the session of this process up to what was fixed in another one. */
void preload_follow(struct preload_door *door, struct dmover_session *session);

/* Selects the function for all of them: 0, -ESRCH or -EBUSY; -ENODEV: whoever served the session is gone. */
int preload_select(struct preload_door *door, const char *name);

#endif /* PRELOAD_FOLLOW_H */
