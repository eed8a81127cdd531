/* SPDX-License-Identifier: BSD-2-Clause */
/* command.h: the command that runs while the model is up, and the signals meanwhile. */
#ifndef TESTS_DSA_COMMAND_H
#define TESTS_DSA_COMMAND_H

#include <signal.h>
#include <sys/types.h>

/* Keeps signals for command_wait(); to be called before there are threads. */
void command_keep_signals(sigset_t *ret_old);

/* Starts it, with the signals as they were, in OLD.  -errno. */
int command_start(char **argv, const sigset_t *old, pid_t *ret_pid);

/*
 * Waits until the command ends, and hands signals that would end this process on to it, but for those
 * that a terminal sends to both; with PID 0, until such a signal ends it all.  SIGPIPE ends nothing: a
 * write(2) fails.  Calls ON_USR1 for each SIGUSR1.  Returns the exit status: the command's, 128 and the number
 * of the signal that killed it, or 0.
 */
int command_wait(pid_t pid, void (*on_usr1)(void *arg), void *arg);

#endif /* TESTS_DSA_COMMAND_H */
