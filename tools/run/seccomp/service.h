/* SPDX-License-Identifier: BSD-2-Clause */
/* service.h: the process that serves the program: its parent. */
#ifndef TOOLS_RUN_SECCOMP_SERVICE_H
#define TOOLS_RUN_SECCOMP_SERVICE_H

#include <sys/types.h>

#include "tools/run/options.h"
#include "tools/run/seccomp/start.h"

struct run_service_options {
	const struct run_options *run;
	const struct run_signals *signals; /* the program's */
	pid_t front;                       /* our parent */
	int channel;                       /* to it */
};

/*
 * Starts the program and serves it and its children, until none of them is left.  All signals are
 * blocked.  In a process of its own, which ends here.
 */
_Noreturn void run_service(const struct run_service_options *options);

#endif /* TOOLS_RUN_SECCOMP_SERVICE_H */
