/* SPDX-License-Identifier: BSD-2-Clause */
/* serve.h: threads that receive the calls of one session and handle them. */
#ifndef TESTS_DSA_SERVE_H
#define TESTS_DSA_SERVE_H

#include <fuse_lowlevel.h>

struct serve;

/* Starts the threads on a mounted session.  -errno. */
int serve_start(struct fuse_session *se, struct serve **ret_serve);

/* Waits for the calls under way, and ends the threads.  NULL: nothing. */
void serve_stop(struct serve *serve);

#endif /* TESTS_DSA_SERVE_H */
