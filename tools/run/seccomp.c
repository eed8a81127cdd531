/* SPDX-License-Identifier: BSD-2-Clause */
/* seccomp.c: the way for programs that nothing can be preloaded into: starts the three processes. */
#include "tools/run/seccomp.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/seccomp/channel.h"
#include "tools/run/seccomp/front.h"
#include "tools/run/seccomp/probe.h"
#include "tools/run/seccomp/service.h"

int
run_seccomp_check(
    const struct run_options *options, const struct program *program, char *why, size_t len)
{
	if (program->kind == PROGRAM_SETUID && options->way == RUN_AUTO && geteuid() != 0) {
		snprintf(why, len,
		    "it would not gain its privileges (setuid; --seccomp runs it without)");
		return -EPERM;
	}
	if (program->kind == PROGRAM_FOREIGN) {
		snprintf(why, len, "%s is for another machine or word size than dmover-run",
		    program->path);
		return -ENOEXEC;
	}
	if (access("/proc/self/fd", X_OK) != 0) {
		snprintf(why, len, "/proc: %s", strerror(errno));
		return -ENOENT;
	}
	return run_probe(why, len);
}

int
run_seccomp(const struct run_options *options, const struct program *program)
{
	struct run_service_options service = { .run = options, .front = getpid() };
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	struct run_signals before;
	sigset_t all;
	int ends[2], err;
	pid_t pid;

	(void)program;
	err = run_channel_open(ends);
	if (err < 0)
		return err;
	/* Blocked, and not ignored: that would be the program's as well. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before.mask);
	/* Where it is ignored, nobody could be waited for. */
	sigaction(SIGCHLD, &by_default, &before.child);
	service.signals = &before;
	service.channel = ends[1];
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		run_service(&service);
	}
	close(ends[1]);
	err = pid < 0 ? -errno : run_front(pid, ends[0]);
	close(ends[0]);
	sigprocmask(SIG_SETMASK, &before.mask, NULL);
	return err;
}
