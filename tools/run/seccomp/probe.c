/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c: whether system calls can be answered here.
 *
 * 1. a child puts the filter on, and sends its listener; 2. it opens a file; 3. we read the path from
 * its memory, and give it a descriptor; 4. it says by its exit status whether it has got one.
 */
#include "tools/run/seccomp/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/run/seccomp/caller.h"
#include "tools/run/seccomp/channel.h"
#include "tools/run/seccomp/filter.h"
#include "tools/run/seccomp/notify.h"

/* A file that is nowhere: a descriptor for it comes from us. */
static const char probe_path[] = "/dev/dmover-run-probe";

static _Noreturn void
child(int channel)
{
	struct run_message message = { .kind = RUN_LISTENER };
	bool is_patient;
	int listener = run_filter_install(&is_patient);

	if (listener < 0) {
		message.kind = RUN_FAILED;
		message.value = listener;
	}
	run_channel_send(channel, &message, listener);
	if (listener >= 0)
		close(listener);
	_exit(listener >= 0 && syscall(SYS_openat, AT_FDCWD, probe_path, O_RDONLY) >= 0 ? 0 : 1);
}

/* One notification, which is big enough for every kernel that there is. */
union request {
	struct seccomp_notif notif;
	char room[4096];
};

static int
answer(int listener)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };
	union request request;
	struct run_caller caller = { .listener = listener };
	char path[sizeof(probe_path)];
	int err;

	memset(&request, 0, sizeof(request));
	if (poll(&pfd, 1, -1) < 0 || (pfd.revents & POLLIN) == 0)
		return -EPIPE;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request.notif) != 0)
		return -errno;
	caller.id = request.notif.id;
	caller.tid = (pid_t)request.notif.pid;
	err = run_caller_string(&caller, request.notif.data.args[1], path, sizeof(path));
	if (err < 0)
		return err;
	if (strcmp(path, probe_path) != 0)
		return -EPROTO;
	return run_notify_give(listener, caller.id, listener, true);
}

/* The step that failed says what an error means. */
static int
explain(bool is_installed, int err, char *why, size_t len)
{
	const char *meaning = strerror(-err);

	if (!is_installed && err == -EBUSY)
		meaning =
		    "somebody listens to the system calls of this process already (a container's "
		    "manager, another dmover-run --seccomp)";
	else if (!is_installed && (err == -EINVAL || err == -ENOSYS))
		meaning = "this kernel cannot tell others of system calls (Linux 5.14, not gVisor)";
	else if (!is_installed && err == -EOPNOTSUPP)
		meaning = "not for this machine's processor";
	else if (is_installed && (err == -EPERM || err == -EACCES))
		meaning = "no process may read another one's memory here (ptrace_scope, a filter)";
	else if (is_installed && (err == -EINVAL || err == -ENOTTY))
		meaning = "this kernel cannot give a process a descriptor (Linux 5.14)";
	snprintf(why, len, "%s", meaning);
	return err;
}

static int
look_at(int channel, char *why, size_t len)
{
	struct run_message message;
	int listener, err;

	if (!run_channel_receive(channel, &message, &listener))
		return explain(false, -ECHILD, why, len);
	if (message.kind == RUN_FAILED)
		return explain(false, message.value, why, len);
	if (listener < 0)
		return explain(false, -EMFILE, why, len);
	err = answer(listener);
	/* Whoever still waits gets an error by that. */
	close(listener);
	return err < 0 ? explain(true, err, why, len) : 0;
}

int
run_probe(char *why, size_t len)
{
	int ends[2], err = run_channel_open(ends), status;
	pid_t pid;

	if (err < 0)
		return explain(true, err, why, len);
	pid = fork();
	if (pid == 0)
		child(ends[1]);
	close(ends[1]);
	err = pid < 0 ? explain(true, -errno, why, len) : look_at(ends[0], why, len);
	close(ends[0]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && err == 0 &&
	    (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		err = explain(true, -EPROTO, why, len);
	return err;
}
