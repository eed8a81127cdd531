/* SPDX-License-Identifier: BSD-2-Clause */
/* seccomp.h: the way for programs that nothing can be preloaded into. */
#ifndef TOOLS_RUN_SECCOMP_H
#define TOOLS_RUN_SECCOMP_H

#include <stddef.h>

#include "tools/run/options.h"
#include "tools/run/program.h"

/* Why no program can be served in this way here, as one line in WHY; 0: it can, or -errno. */
int run_seccomp_check(
    const struct run_options *options, const struct program *program, char *why, size_t len);

/* Runs the program: its exit status, or -errno when it could not be started. */
int run_seccomp(const struct run_options *options, const struct program *program);

#endif /* TOOLS_RUN_SECCOMP_H */
