/* SPDX-License-Identifier: BSD-2-Clause */
/* front.h: the process that was started, while another one is the program. */
#ifndef TOOLS_RUN_SECCOMP_FRONT_H
#define TOOLS_RUN_SECCOMP_FRONT_H

#include <sys/types.h>

/*
 * Passes signals on, until the program has ended.  All signals are blocked.  Returns its exit
 * status, or ends by the signal that the program ended by; -errno: the program did not start.
 */
int run_front(pid_t service, int channel);

#endif /* TOOLS_RUN_SECCOMP_FRONT_H */
