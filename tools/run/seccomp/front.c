/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front.c: the process that was started, while another one is the program.
 *
 * Who started it knows its number only: so signals for it are the program's, and it stops, goes on
 * and ends as the program does.  The service, which is the program's parent, sees to the rest:
 * 1. front: a signal has come; 2. service: sends it to the program, unless the whole group has got
 * it; 3. the program stops, and the service stops the front; 4. it goes on, and so does the front;
 * 5. the program ends: its status comes through the channel.
 */
#include "tools/run/seccomp/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/run/seccomp/channel.h"
#include "tools/run/seccomp/descriptors.h"

/* As dmover-run says when the program cannot be served. */
#define EXIT_SERVICE 125

struct front {
	pid_t service;
	int channel, signals;
};

/* Ends by the same signal, and leaves no core: the program has left its own. */
static int
end_by(int signo)
{
	const struct rlimit none = { 0, 0 };
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t one;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	sigaction(signo, &act, NULL);
	raise(signo);
	sigemptyset(&one);
	sigaddset(&one, signo);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* The first process of a container does not die of it. */
	return 128 + signo;
}

static void
pass_on(const struct front *front)
{
	struct signalfd_siginfo info;
	struct run_message message = { .kind = RUN_SIGNAL };

	while (read(front->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		/* The service lets us go on when the program does. */
		if (info.ssi_signo == SIGCHLD || (pid_t)info.ssi_pid == front->service)
			continue;
		message.value = (int)info.ssi_signo;
		message.code = info.ssi_code;
		message.sender = (pid_t)info.ssi_pid;
		message.data = info.ssi_int;
		run_channel_send(front->channel, &message, -1);
	}
}

static int
end(const struct front *front, const struct run_message *message)
{
	int status = message->value;

	/* Its time is the program's as well, for those who count. */
	if (message->is_last)
		waitpid(front->service, NULL, 0);
	return WIFSIGNALED(status) ? end_by(WTERMSIG(status)) : WEXITSTATUS(status);
}

/* The next word of the service; 1: go on, else as run_front(). */
static int
listen_to(const struct front *front, int *ret_status)
{
	const int kept[] = { front->channel, front->signals };
	struct run_message message;
	int none;

	if (!run_channel_receive(front->channel, &message, &none)) {
		*ret_status = EXIT_SERVICE;
		return 0;
	}
	switch (message.kind) {
	case RUN_STARTED:
		run_descriptors_drop(kept, 2, false);
		(void)!chdir("/");
		return 1;
	case RUN_ENDED:
		*ret_status = end(front, &message);
		return 0;
	case RUN_FAILED:
		waitpid(front->service, NULL, 0);
		*ret_status = message.value;
		return 0;
	default:
		return 1;
	}
}

int
run_front(pid_t service, int channel)
{
	struct front front = { .service = service, .channel = channel };
	struct pollfd fds[2];
	sigset_t all;
	int status = 0, goes_on = 1;

	sigfillset(&all);
	front.signals = run_descriptors_raise(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
	if (front.signals < 0)
		return -errno;
	fds[0] = (struct pollfd){ .fd = front.signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = channel, .events = POLLIN };
	while (goes_on) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents != 0)
			pass_on(&front);
		if (fds[1].revents != 0)
			goes_on = listen_to(&front, &status);
	}
	close(front.signals);
	return status;
}
