/* SPDX-License-Identifier: BSD-2-Clause */
/* space.h: the memory of a process, with and without a file, as a front end would offer it. */
#ifndef TESTS_ENGINES_SPACE_H
#define TESTS_ENGINES_SPACE_H

#include <dev/dmover/dmover.h>

/*
 * The memory of PID: this process, or a child of it.  One reference, for dmover_space_unref().  It
 * has a file.  -errno: this process may not look into that one.
 */
int space_open(pid_t pid, struct dmover_space **ret_space);

/* The process has changed what it may do with memory that was there before. */
void space_changed(struct dmover_space *space);

#endif /* TESTS_ENGINES_SPACE_H */
