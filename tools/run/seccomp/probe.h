/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.h: whether system calls can be answered here. */
#ifndef TOOLS_RUN_SECCOMP_PROBE_H
#define TOOLS_RUN_SECCOMP_PROBE_H

#include <stddef.h>

/* Tries all of it on a process that is made for that.  0, or -errno, and why as one line in WHY. */
int run_probe(char *why, size_t len);

#endif /* TOOLS_RUN_SECCOMP_PROBE_H */
