/* SPDX-License-Identifier: BSD-2-Clause */
/* preload.h: the way that puts the service into the program by its dynamic linker. */
#ifndef TOOLS_RUN_PRELOAD_H
#define TOOLS_RUN_PRELOAD_H

#include <stddef.h>

#include "tools/run/options.h"
#include "tools/run/program.h"

/* Why the program cannot be served in this way, as one line in WHY; 0: it can, or -errno. */
int run_preload_check(
    const struct run_options *options, const struct program *program, char *why, size_t len);

/* Sets the variables that the service reads (preload/settings.h): 0 or -errno. */
int run_preload_settings(const struct run_options *options);

/* Becomes the program.  Returns only when that fails: -errno. */
int run_preload(const struct run_options *options, const struct program *program);

#endif /* TOOLS_RUN_PRELOAD_H */
