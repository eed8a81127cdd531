/* SPDX-License-Identifier: BSD-2-Clause */
/* command.c: starts, signals and waits for the command. */
#include "tests/dsa/command.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* All that would end the process, and may be kept from it without harm. */
static void
kept_signals(sigset_t *set)
{
	static const int kept[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD,
		SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSTKFLT };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		sigaddset(set, kept[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		sigaddset(set, number);
}

void
command_keep_signals(sigset_t *ret_old)
{
	sigset_t kept;

	kept_signals(&kept);
	pthread_sigmask(SIG_BLOCK, &kept, ret_old);
}

int
command_start(char **argv, const sigset_t *old, pid_t *ret_pid)
{
	posix_spawnattr_t attr;
	int err;

	err = -posix_spawnattr_init(&attr);
	if (err < 0)
		return err;
	posix_spawnattr_setsigmask(&attr, old);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	err = -posix_spawnp(ret_pid, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return err;
}

/* The child's end, if it has ended. */
static bool
has_ended(pid_t pid, int *ret_status)
{
	int status;

	if (pid == 0 || waitpid(pid, &status, WNOHANG) != pid)
		return false;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

int
command_wait(pid_t pid, void (*on_usr1)(void *arg), void *arg)
{
	sigset_t kept;
	int status = 0, number;

	kept_signals(&kept);
	while (!has_ended(pid, &status)) {
		if (sigwait(&kept, &number) != 0 || number == SIGCHLD || number == SIGPIPE ||
		    number == SIGXFSZ)
			continue;
		if (number == SIGUSR1)
			on_usr1(arg);
		else if (pid == 0)
			break;
		else if (number != SIGINT && number != SIGQUIT) /* a terminal's, for both */
			kill(pid, number);
	}
	return status;
}
