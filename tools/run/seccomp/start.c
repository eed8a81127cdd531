/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: the process that becomes the program. */
#include "tools/run/seccomp/start.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tools/run/seccomp/channel.h"
#include "tools/run/seccomp/filter.h"

static _Noreturn void
fail(int channel, int err)
{
	const struct run_message message = { .kind = RUN_FAILED, .value = err };

	run_channel_send(channel, &message, -1);
	_exit(127);
}

_Noreturn void
run_start(char *const argv[], const struct run_signals *signals, pid_t service, int channel)
{
	struct run_message message = { .kind = RUN_LISTENER };
	bool is_patient;
	int listener;

	/* Without the service each open would fail with ENOSYS. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != service)
		fail(channel, -ESRCH);
	listener = run_filter_install(&is_patient);
	if (listener < 0)
		fail(channel, listener);
	message.value = is_patient;
	if (!run_channel_send(channel, &message, listener))
		_exit(127);
	close(listener);
	sigaction(SIGCHLD, &signals->child, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
	execvp(argv[0], argv);
	fail(channel, -errno);
}
