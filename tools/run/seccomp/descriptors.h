/* SPDX-License-Identifier: BSD-2-Clause */
/* descriptors.h: what a process that only watches must not hold open. */
#ifndef TOOLS_RUN_SECCOMP_DESCRIPTORS_H
#define TOOLS_RUN_SECCOMP_DESCRIPTORS_H

#include <stdbool.h>

/*
 * The same file, with FD_CLOEXEC, by a number that is none of a standard stream's, whose numbers may
 * be free; -1 with errno when there is none left.  -1 is -1.
 */
int run_descriptors_raise(int fd);

/*
 * Closes all descriptors but the N of KEPT, and puts /dev/null in the place of the standard ones;
 * KEEPS_STDERR: but not of the standard error.  Whoever reads what the program writes must see the
 * end when the program has closed it.
 */
void run_descriptors_drop(const int *kept, unsigned n, bool keeps_stderr);

/* The standard error as well, later. */
void run_descriptors_drop_stderr(void);

#endif /* TOOLS_RUN_SECCOMP_DESCRIPTORS_H */
