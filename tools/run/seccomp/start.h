/* SPDX-License-Identifier: BSD-2-Clause */
/* start.h: the process that becomes the program. */
#ifndef TOOLS_RUN_SECCOMP_START_H
#define TOOLS_RUN_SECCOMP_START_H

#include <signal.h>
#include <sys/types.h>

/* What the program inherits, and we change for ourselves. */
struct run_signals {
	sigset_t mask;
	struct sigaction child; /* of SIGCHLD */
};

/*
 * In a new child of process SERVICE: puts the filter on, sends its listener through CHANNEL, and
 * becomes the program ARGV.  When that fails, says so through the channel, and ends.
 */
_Noreturn void run_start(
    char *const argv[], const struct run_signals *signals, pid_t service, int channel);

#endif /* TOOLS_RUN_SECCOMP_START_H */
