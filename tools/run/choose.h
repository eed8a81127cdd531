/* SPDX-License-Identifier: BSD-2-Clause */
/* choose.h: which way a program gets its device. */
#ifndef TOOLS_RUN_CHOOSE_H
#define TOOLS_RUN_CHOOSE_H

#include <stddef.h>

#include "tools/run/options.h"
#include "tools/run/program.h"

/*
 * The way that was asked for (but preload, and a word about it, where seccomp cannot be had and
 * preload can), or the first that works: a real device that the program could
 * open, preload, seccomp.  WHY says in one line why this one; or, on -errno, why there is none.
 */
int run_choose(const struct run_options *options, const struct program *program,
    enum run_way *ret_way, char *why, size_t len);

#endif /* TOOLS_RUN_CHOOSE_H */
