/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify.c: answers the system calls that the filter stopped.
 *
 * 1. an open of the device's path gets one end of a new session's sockets (preload/door.h), as if
 * the kernel had opened it; 2. DMIO_SETFUNC on such a descriptor selects the function; 3. before a
 * program is executed, the service finds out whose memory is meant by what was written (preload/other.c);
 * then the call goes on; 4. every other call goes on in the kernel as if nobody had looked.
 *
 * Before Linux 5.19 a signal takes a call back that we have begun with, and the thread makes it once more.  A
 * session that was opened for nobody is closed.  A function that was selected stays so; whether the
 * answer was lost does not show (it can be after it was taken), so the same call of the same
 * thread gets the same answer there.
 *
 * The last is no gate: a thread may change the path after we have read it.  It need not be one,
 * since what goes on is what the program may do anyhow.
 */
#include "tools/run/seccomp/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#include "preload/follow.h"
#include "preload/open.h"
#include "preload/path.h"
#include "preload/service.h"
#include "tools/run/seccomp/caller.h"

/* What an answer may be, besides 0 and -errno: the kernel does it. */
#define GOES_ON 1
/* It has been given already. */
#define IS_ANSWERED 2
/* A thread has one call at a time; more threads than that are not interrupted at once. */
#define SELECTIONS 64

/* A selection whose answer may have been lost. */
struct selection {
	pid_t tid;
	ino_t ino; /* the door's */
	char name[DMIO_MAX_FUNCNAME];
};

struct run_notify {
	int listener;
	bool is_verbose, has_complained;
	struct seccomp_notif *request; /* as long as the kernel's */
	size_t request_size;
	struct seccomp_notif_resp *response;
	size_t response_size;
	bool is_patient; /* signals wait for answers */
	struct selection selections[SELECTIONS];
	unsigned nselections; /* ever; the oldest go first */
	struct run_notify_counts counts;
	pthread_t thread;
};

/* A call that opens a file. */
struct opening {
	int dir;
	uint64_t path, flags;
};

int
run_notify_give(int listener, uint64_t id, int fd, bool is_cloexec)
{
	struct seccomp_notif_addfd addfd = { .id = id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = is_cloexec ? O_CLOEXEC : 0 };

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd) >= 0 ? 0 : -errno;
}

/* What nobody could see is the kernel's to say: a bad address, for one. */
static int
cannot_look(struct run_notify *notify, int err)
{
	if (err == -EPERM && notify->is_verbose && !notify->has_complained) {
		notify->has_complained = true;
		dprintf(STDERR_FILENO,
		    "dmover-run: process %d: its memory may not be read, so it gets no device "
		    "(PR_SET_DUMPABLE, or other credentials)\n",
		    (int)notify->request->pid);
	}
	return err == -ESRCH ? IS_ANSWERED : GOES_ON;
}

/* Which arguments are which; false: it opens in a way that has rules of its own. */
static int
read_opening(
    const struct run_caller *caller, const struct seccomp_data *data, struct opening *ret_opening)
{
	struct open_how how = { 0 };
	int err = 0;

	*ret_opening = (struct opening){ .dir = AT_FDCWD, .path = data->args[0] };
	switch (data->nr) {
#ifdef SYS_open
	case SYS_open:
		ret_opening->flags = data->args[1];
		break;
#endif
#ifdef SYS_creat
	case SYS_creat:
		ret_opening->flags = O_CREAT | O_WRONLY | O_TRUNC;
		break;
#endif
	default:
		ret_opening->dir = (int)data->args[0];
		ret_opening->path = data->args[1];
		ret_opening->flags = (uint32_t)data->args[2];
		break;
	case SYS_openat2:
		ret_opening->dir = (int)data->args[0];
		ret_opening->path = data->args[1];
		if (data->args[3] < sizeof(how))
			return -EINVAL;
		err = run_caller_read(caller, data->args[2], &how, sizeof(how));
		/* It may not leave a directory, or cross mounts: the kernel says what there is. */
		if (err == 0 && how.resolve != 0)
			err = -EXDEV;
		ret_opening->flags = how.flags;
		break;
	}
	return err;
}

static int
give_session(struct run_notify *notify, uint64_t flags)
{
	int fd = preload_open((int)flags), err;

	if (fd < 0)
		return -errno;
	err = run_notify_give(notify->listener, notify->request->id, fd, (flags & O_CLOEXEC) != 0);
	close(fd);
	if (err == -ENOENT)
		return IS_ANSWERED;
	if (err < 0)
		return err;
	notify->counts.opened++;
	return IS_ANSWERED;
}

static int
serve_open(struct run_notify *notify, const struct run_caller *caller)
{
	char path[PATH_MAX], proc[16];
	struct opening opening;
	int err = read_opening(caller, &notify->request->data, &opening);

	if (err == 0)
		err = run_caller_string(caller, opening.path, path, sizeof(path));
	if (err < 0)
		return cannot_look(notify, err);
	snprintf(proc, sizeof(proc), "%d", (int)caller->tid);
	/* A path alone is not opened. */
	if ((opening.flags & O_PATH) != 0 || !preload_path_names_device(proc, opening.dir, path))
		return GOES_ON;
	return give_session(notify, opening.flags);
}

static bool
is_same(const struct selection *a, const struct selection *b)
{
	return a->tid == b->tid && a->ino == b->ino && strcmp(a->name, b->name) == 0;
}

/* Whether this very call was answered before. */
static bool
was_made(const struct run_notify *notify, const struct selection *selection)
{
	for (unsigned i = 0; i < SELECTIONS; i++)
		if (is_same(&notify->selections[i], selection))
			return true;
	return false;
}

/* The function that the caller names, for good: its answer. */
static int
select_function(
    struct run_notify *notify, struct preload_door *door, const struct selection *selection)
{
	int err = preload_select(door, selection->name);

	notify->counts.selected++;
	if (notify->is_patient)
		return err;
	if (err == 0)
		notify->selections[notify->nselections++ % SELECTIONS] = *selection;
	return err == -EBUSY && was_made(notify, selection) ? 0 : err;
}

static int
serve_ioctl(struct run_notify *notify, const struct run_caller *caller)
{
	const struct seccomp_data *data = &notify->request->data;
	struct selection call = { .tid = caller->tid };
	struct preload_door *door;
	struct dmio_setfunc dsf;
	int err = run_caller_socket(caller, (int)data->args[0], &call.ino);

	if (err < 0)
		return IS_ANSWERED;
	door = call.ino != 0 ? preload_door_find(call.ino) : NULL;
	if (door == NULL)
		return GOES_ON;
	err = run_caller_read(caller, data->args[2], &dsf, sizeof(dsf));
	if (err == 0) {
		dsf.dsf_name[sizeof(dsf.dsf_name) - 1] = '\0';
		memcpy(call.name, dsf.dsf_name, sizeof(call.name));
		err = select_function(notify, door, &call);
	} else {
		err = err == -ESRCH ? IS_ANSWERED : -EFAULT;
	}
	preload_door_put(door);
	return err;
}

/* What was written up to now means the memory that goes. */
static int
serve_exec(void)
{
	preload_service_settle();
	return GOES_ON;
}

static void
respond(struct run_notify *notify, int answer)
{
	memset(notify->response, 0, notify->response_size);
	notify->response->id = notify->request->id;
	if (answer == GOES_ON)
		notify->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		notify->response->error = answer;
	/* The thread may have been killed, or interrupted: then it asks again. */
	(void)!ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_SEND, notify->response);
}

/* Takes one call and answers it.  It is not there when a signal ended it: that is no error. */
static void
serve(struct run_notify *notify)
{
	struct run_caller caller = { .listener = notify->listener };
	int answer;

	memset(notify->request, 0, notify->request_size);
	if (ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_RECV, notify->request) != 0)
		return;
	notify->counts.calls++;
	caller.id = notify->request->id;
	caller.tid = (pid_t)notify->request->pid;
	/* In a pid namespace that ours does not see. */
	if (caller.tid == 0)
		answer = GOES_ON;
	else if (notify->request->data.nr == SYS_ioctl)
		answer = serve_ioctl(notify, &caller);
	else if (notify->request->data.nr == SYS_execve || notify->request->data.nr == SYS_execveat)
		answer = serve_exec();
	else
		answer = serve_open(notify, &caller);
	if (answer != IS_ANSWERED)
		respond(notify, answer);
}

/* Apart from the thread that hears the front: a program may keep us waiting in its own memory. */
static void *
notify_main(void *arg)
{
	struct run_notify *notify = arg;
	struct pollfd pfd = { .fd = notify->listener, .events = POLLIN };

	do {
		if (poll(&pfd, 1, -1) > 0 && (pfd.revents & POLLIN) != 0)
			serve(notify);
	} while ((pfd.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0);
	return NULL;
}

static void
notify_free(struct run_notify *notify)
{
	free(notify->request);
	free(notify->response);
	free(notify);
}

int
run_notify_create(int listener, bool is_patient, bool is_verbose, struct run_notify **ret_notify)
{
	struct run_notify *notify = calloc(1, sizeof(*notify));
	struct seccomp_notif_sizes sizes;
	int err;

	if (notify == NULL)
		return -ENOMEM;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) {
		free(notify);
		return -errno;
	}
	notify->listener = listener;
	notify->is_patient = is_patient;
	notify->is_verbose = is_verbose;
	notify->request_size = sizes.seccomp_notif > sizeof(*notify->request)
				   ? sizes.seccomp_notif
				   : sizeof(*notify->request);
	notify->response_size = sizes.seccomp_notif_resp > sizeof(*notify->response)
				    ? sizes.seccomp_notif_resp
				    : sizeof(*notify->response);
	notify->request = calloc(1, notify->request_size);
	notify->response = calloc(1, notify->response_size);
	if (notify->request == NULL || notify->response == NULL) {
		notify_free(notify);
		return -ENOMEM;
	}
	err = -pthread_create(&notify->thread, NULL, notify_main, notify);
	if (err < 0) {
		notify_free(notify);
		return err;
	}
	*ret_notify = notify;
	return 0;
}

void
run_notify_destroy(struct run_notify *notify)
{
	if (notify == NULL)
		return;
	pthread_join(notify->thread, NULL);
	notify_free(notify);
}

const struct run_notify_counts *
run_notify_counts(const struct run_notify *notify)
{
	return &notify->counts;
}
