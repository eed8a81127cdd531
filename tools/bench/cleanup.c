/* SPDX-License-Identifier: BSD-2-Clause */
/* cleanup.c: what must not stay behind. */
#include "tools/bench/cleanup.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THINGS_MAX 64
#define PATIENCE   5000 /* milliseconds between SIGTERM and SIGKILL */
#define STEP       10   /* milliseconds */

static struct {
	pthread_mutex_t lock;
	bool is_kept[THINGS_MAX];              /* (lock) */
	struct bench_thing things[THINGS_MAX]; /* (lock) */
	sigset_t before;                       /* the mask that children get back */
} cleanup = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* True when the child is gone within that time. */
static bool
wait_child(pid_t pid, int milliseconds)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	siginfo_t info = { .si_pid = 0 };
	bool is_gone;

	if (fd >= 0) {
		is_gone = poll(&pollfd, 1, milliseconds) == 1;
		close(fd);
		return is_gone;
	}
	/* No such descriptor to be had: it is asked for every now and then. */
	for (int waited = 0; info.si_pid == 0 && waited < milliseconds; waited += STEP) {
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
			return true;
		if (info.si_pid == 0)
			poll(NULL, 0, STEP);
	}
	return info.si_pid != 0;
}

static void
thing_remove(const struct bench_thing *thing)
{
	if (thing->pid > 0) {
		kill(thing->pid, SIGTERM);
		if (!wait_child(thing->pid, PATIENCE))
			kill(thing->pid, SIGKILL);
		while (waitpid(thing->pid, NULL, 0) < 0 && kill(thing->pid, 0) == 0)
			continue;
	}
	if (thing->path != NULL) {
		umount2(thing->path, MNT_DETACH);
		unlink(thing->path);
	}
	if (thing->dir != NULL)
		rmdir(thing->dir);
}

/* The last first: a folder was kept before what lies in it.  Locked. */
static void
remove_locked(void)
{
	for (int i = THINGS_MAX - 1; i >= 0; i--) {
		if (cleanup.is_kept[i])
			thing_remove(&cleanup.things[i]);
		cleanup.is_kept[i] = false;
	}
}

static void
remove_all(void)
{
	pthread_mutex_lock(&cleanup.lock);
	remove_locked();
	pthread_mutex_unlock(&cleanup.lock);
}

/* Those that end the program; one that is ignored already, as by nohup(1), stays so. */
static void
stop_signals(sigset_t *set)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;

	sigemptyset(set);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

static void *
guard(void *arg)
{
	sigset_t set;
	int number, null;

	(void)arg;
	stop_signals(&set);
	while (sigwait(&set, &number) != 0)
		continue;
	/*
	 * The lock is kept: a thread that fails now, because its daemon goes away, does not get past
	 * exit(3), and what it says about that is of no interest.
	 */
	pthread_mutex_lock(&cleanup.lock);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDERR_FILENO);
	remove_locked();
	_exit(128 + number);
}

void
bench_cleanup_init(void)
{
	pthread_t id;
	sigset_t set;

	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, &cleanup.before);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_create(&id, NULL, guard, NULL) != 0)
		errx(1, "cannot start a thread");
	pthread_detach(id);
	atexit(remove_all);
}

void
bench_cleanup_forked(void)
{
	signal(SIGPIPE, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &cleanup.before, NULL);
}

int
bench_cleanup_keep(const struct bench_thing *thing)
{
	int number = 0;

	pthread_mutex_lock(&cleanup.lock);
	while (number < THINGS_MAX && cleanup.is_kept[number])
		number++;
	if (number < THINGS_MAX) {
		cleanup.is_kept[number] = true;
		cleanup.things[number] = *thing;
	}
	pthread_mutex_unlock(&cleanup.lock);
	if (number == THINGS_MAX)
		errx(1, "too many processes and files at once");
	return number;
}

void
bench_cleanup_drop(int number)
{
	pthread_mutex_lock(&cleanup.lock);
	if (cleanup.is_kept[number])
		thing_remove(&cleanup.things[number]);
	cleanup.is_kept[number] = false;
	pthread_mutex_unlock(&cleanup.lock);
}
