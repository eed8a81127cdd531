/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.c: the process that serves the program: its parent.
 *
 * 1. it starts the program, which sends the listener of its filter; 2. it answers the calls that the
 * filter stops (notify.c, a thread), while the threads of preload/service.h, in this process, do
 * what is written to the sessions; 3. the program ends, and the front with it; 4. children that live on are
 * served until the last of them has ended: without a listener each of their opens would fail.
 *
 * It is the program's parent, and not its neighbour, because Yama lets only ancestors look into a
 * process; where that counts, children whose parents end become its own.  It stays in the program's
 * process group with all signals blocked: what it gets itself was meant for the whole group, and is
 * not passed on a second time.
 */
#include "tools/run/seccomp/service.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/settings.h"
#include "preload/stats.h"
#include "tools/run/preload.h"
#include "tools/run/seccomp/channel.h"
#include "tools/run/seccomp/descriptors.h"
#include "tools/run/seccomp/notify.h"

#define SERVICE_NAME "dmover-service"

enum place { FRONT, LISTENER, PROGRAM, SIGNALS, NPLACES };

struct service {
	const struct run_service_options *options;
	struct pollfd fds[NPLACES]; /* fd is -1 where there is nothing to hear any more */
	struct run_notify *notify;
	pid_t program;   /* not waited for yet; or 0 */
	bool is_stopped; /* the program, and the front */
	int old;         /* messages of the front that are older than the stop */
	bool keeps_stderr;
	bool is_patient; /* signals for the program wait for our answers */
	pid_t group_signals
	    [NSIG]; /* who has sent it to all of us, and the front has not said so yet */
};

static void
tell(const struct service *service, enum run_message_kind kind, int value)
{
	const struct run_message message = { .kind = kind, .value = value };

	run_channel_send(service->fds[FRONT].fd, &message, -1);
}

static _Noreturn void
fail(const struct service *service, int err)
{
	/* It may wait for the answer to a call. */
	if (service->program != 0) {
		kill(service->program, SIGKILL);
		waitpid(service->program, NULL, 0);
	}
	tell(service, RUN_FAILED, err);
	exit(1);
}

/* The program's process, up to its listener: -errno. */
static int
start_program(struct service *service, int *ret_listener)
{
	const struct run_service_options *options = service->options;
	struct run_message message;
	pid_t self = getpid();
	int ends[2], err;

	err = run_channel_open(ends);
	if (err < 0)
		return err;
	service->program = fork();
	if (service->program == 0)
		run_start(options->run->argv, options->signals, self, ends[1]);
	err = service->program < 0 ? -errno : 0;
	close(ends[1]);
	service->fds[PROGRAM].fd = ends[0];
	if (err < 0) {
		service->program = 0;
		return err;
	}
	if (!run_channel_receive(ends[0], &message, ret_listener))
		return -ECHILD;
	service->is_patient = message.kind == RUN_LISTENER && message.value != 0;
	return message.kind == RUN_FAILED ? message.value : 0;
}

/* Children whose parents have ended stay below us, where only ancestors may look into a process. */
static void
adopt_orphans(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = file != NULL ? fgetc(file) : EOF;

	if (file != NULL)
		fclose(file);
	if (scope == '1')
		prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Many sessions, each with a descriptor, and writers with two. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Who looks for dmover-run or the program by its command line means the front, and not us as well. */
static void
take_name(const struct run_options *options)
{
	char *first = program_invocation_name, *last = NULL;

	for (char **arg = options->argv; *arg != NULL; arg++)
		last = *arg + strlen(*arg);
	prctl(PR_SET_NAME, SERVICE_NAME);
	/* The kernel has put the arguments one behind the other. */
	if (last == NULL || last < first + sizeof(SERVICE_NAME) || last > first + (1 << 20))
		return;
	memset(first, 0, (size_t)(last - first));
	memcpy(first, SERVICE_NAME, sizeof(SERVICE_NAME));
}

static int
furnish(struct service *service)
{
	const struct run_options *options = service->options->run;
	int err = run_preload_settings(options), kept[NPLACES];
	sigset_t all;

	if (err < 0)
		return err;
	preload_settings_read();
	sigfillset(&all);
	service->fds[SIGNALS].fd =
	    run_descriptors_raise(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
	if (service->fds[SIGNALS].fd < 0)
		return -errno;
	service->keeps_stderr = options->has_stats || options->is_verbose;
	raise_limit();
	adopt_orphans();
	take_name(options);
	(void)!chdir("/");
	for (unsigned i = 0; i < NPLACES; i++)
		kept[i] = service->fds[i].fd;
	/* Before there are threads that open others. */
	run_descriptors_drop(kept, NPLACES, service->keeps_stderr);
	return run_notify_create(
	    service->fds[LISTENER].fd, service->is_patient, options->is_verbose, &service->notify);
}

static void
print_counts(const struct service *service)
{
	const struct run_notify_counts *counts = run_notify_counts(service->notify);

	preload_stats_print();
	if (service->options->run->has_stats)
		dprintf(STDERR_FILENO,
		    "dmover-run[%d]: seccomp: calls=%ju opened=%ju selected=%ju\n", (int)getpid(),
		    (uintmax_t)counts->calls, (uintmax_t)counts->opened,
		    (uintmax_t)counts->selected);
}

/* Nobody has the filter any more. */
static bool
is_deserted(const struct service *service)
{
	struct pollfd pfd = { .fd = service->fds[LISTENER].fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & POLLHUP) != 0;
}

/* The process that becomes the program has done so: an end is good news, execve(2) has closed it. */
static void
hear_program(struct service *service)
{
	struct run_message message;
	int none;

	if (run_channel_receive(service->fds[PROGRAM].fd, &message, &none))
		fail(service, message.value);
	close(service->fds[PROGRAM].fd);
	service->fds[PROGRAM].fd = -1;
	tell(service, RUN_STARTED, 0);
}

/* The program has ended. */
static void
end_program(struct service *service, int status)
{
	struct run_message message = { .kind = RUN_ENDED, .value = status };

	service->program = 0;
	if (service->fds[PROGRAM].fd >= 0)
		hear_program(service);
	print_counts(service);
	message.is_last = is_deserted(service);
	run_channel_send(service->fds[FRONT].fd, &message, -1);
	if (service->is_stopped)
		kill(service->options->front, SIGCONT);
	/* Its children are in the background now, and so are we. */
	run_descriptors_drop_stderr();
	setsid();
}

/* The program is stopped, and the front with it; what it says of SIGCONT from now on is meant. */
static void
stop(struct service *service)
{
	int bytes = 0;

	service->is_stopped = true;
	service->group_signals[SIGCONT] = 0;
	if (ioctl(service->fds[FRONT].fd, FIONREAD, &bytes) == 0)
		service->old = bytes / (int)sizeof(struct run_message);
	kill(service->options->front, SIGSTOP);
}

static void
wait_for_children(struct service *service)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
		if (pid != service->program)
			continue;
		if (WIFSTOPPED(status)) {
			stop(service);
		} else if (WIFCONTINUED(status)) {
			service->is_stopped = false;
			kill(service->options->front, SIGCONT);
		} else {
			end_program(service, status);
		}
	}
}

/* Our own signals. */
static void
hear_signals(struct service *service)
{
	struct signalfd_siginfo info;

	while (read(service->fds[SIGNALS].fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo < NSIG && info.ssi_signo != SIGCHLD)
			service->group_signals[info.ssi_signo] = (pid_t)info.ssi_pid + 1;
	wait_for_children(service);
}

/* Whether the program has got it as well, or has stopped since. */
static bool
has_got(struct service *service, const struct run_message *message)
{
	bool was_stopped = service->is_stopped, is_old = service->old > 0;
	int signo = message->value;

	service->old -= is_old;
	hear_signals(service);
	if (signo == SIGCONT && (is_old || service->is_stopped))
		return is_old || !was_stopped;
	if (service->group_signals[signo] != message->sender + 1)
		return false;
	service->group_signals[signo] = 0;
	return true;
}

/* A signal that the front has got. */
static void
pass_on(struct service *service, const struct run_message *message)
{
	union sigval value = { .sival_int = message->data };
	int signo = message->value;

	if (signo <= 0 || signo >= NSIG || has_got(service, message) || service->program == 0)
		return;
	if (message->code == SI_QUEUE)
		sigqueue(service->program, signo, value);
	else
		kill(service->program, signo);
}

static void
hear_front(struct service *service)
{
	struct run_message message;
	int none;

	if (run_channel_receive(service->fds[FRONT].fd, &message, &none)) {
		pass_on(service, &message);
		return;
	}
	/* It was killed, and it stood for the program. */
	close(service->fds[FRONT].fd);
	service->fds[FRONT].fd = -1;
	if (service->program != 0)
		kill(service->program, SIGKILL);
}

/* False: nobody is left. */
static bool
serve_once(struct service *service)
{
	struct pollfd *fds = service->fds;

	if (poll(fds, NPLACES, -1) < 0)
		return true;
	if (fds[PROGRAM].revents != 0)
		hear_program(service);
	if (fds[LISTENER].revents != 0)
		fds[LISTENER].fd = -1;
	if (fds[FRONT].revents != 0)
		hear_front(service);
	if (fds[SIGNALS].revents != 0)
		hear_signals(service);
	return fds[LISTENER].fd >= 0 || service->program != 0;
}

_Noreturn void
run_service(const struct run_service_options *options)
{
	struct service service = { .options = options };
	int listener = -1, err;

	for (unsigned i = 0; i < NPLACES; i++)
		service.fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	service.fds[FRONT].fd = options->channel;
	service.fds[LISTENER].events = 0; /* only its end */
	err = start_program(&service, &listener);
	service.fds[LISTENER].fd = listener;
	if (err == 0)
		err = furnish(&service);
	if (err < 0)
		fail(&service, err);
	while (serve_once(&service))
		;
	run_notify_destroy(service.notify);
	exit(0);
}
