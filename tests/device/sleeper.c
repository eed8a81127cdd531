/* SPDX-License-Identifier: BSD-2-Clause */
/* sleeper.c: one system call, made by a thread of its own, that is expected to sleep. */
#include "sleeper.h"

#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "session.h"

ssize_t
sleeper_read(int fd, void *buf, size_t len)
{
	return read(fd, buf, len);
}

ssize_t
sleeper_write(int fd, void *buf, size_t len)
{
	return write(fd, buf, len);
}

static ssize_t
poll_one(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n = poll(&pfd, 1, suite_deadline_ms());

	return n == 1 ? pfd.revents : n;
}

ssize_t
sleeper_poll_in(int fd, void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return poll_one(fd, POLLIN);
}

ssize_t
sleeper_poll_out(int fd, void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return poll_one(fd, POLLOUT);
}

static void *
sleeper_main(void *arg)
{
	struct sleeper *sleeper = arg;

	atomic_store(&sleeper->tid, (int)syscall(SYS_gettid));
	errno = 0;
	sleeper->result = sleeper->call(sleeper->fd, sleeper->buf, sleeper->len);
	sleeper->error = sleeper->result < 0 ? errno : 0;
	atomic_store(&sleeper->done, true);
	return NULL;
}

void
sleeper_start(struct sleeper *sleeper)
{
	atomic_store(&sleeper->tid, 0);
	atomic_store(&sleeper->done, false);
	ck_assert_int_eq(pthread_create(&sleeper->thread, NULL, sleeper_main, sleeper), 0);
}

bool
sleeper_is_asleep(pid_t pid, pid_t tid)
{
	char path[64], line[64] = "";
	unsigned long number;
	FILE *file;
	bool ok;

	/* "NUMBER ARGUMENTS..." of a task that sleeps in a system call, "running" of one that runs. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	ok = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	if (!ok || sscanf(line, "%lu", &number) != 1)
		return false;
	return number == SYS_read || number == SYS_write || number == SYS_poll ||
	       number == SYS_ppoll || number == SYS_select || number == SYS_pselect6 ||
	       number == SYS_epoll_wait || number == SYS_epoll_pwait || number == SYS_readv ||
	       number == SYS_writev;
}

void
sleeper_wait_asleep(struct sleeper *sleeper)
{
	WAIT_UNTIL(atomic_load(&sleeper->tid) != 0);
	WAIT_UNTIL(atomic_load(&sleeper->done) || sleeper_is_asleep(getpid(), sleeper->tid));
	suite_daemon_works();
	ck_assert_msg(!atomic_load(&sleeper->done), "the call did not sleep: %zd (%s)",
	    sleeper->result, strerror(sleeper->error));
}

void
sleeper_join(struct sleeper *sleeper)
{
	WAIT_UNTIL(atomic_load(&sleeper->done));
	ck_assert_int_eq(pthread_join(sleeper->thread, NULL), 0);
}

void
sleeper_wait_child(pid_t child)
{
	/* Asleep twice, with a round trip of the daemon between: not just on its way to the call. */
	WAIT_UNTIL(sleeper_is_asleep(child, child) &&
		   (suite_daemon_works(), sleeper_is_asleep(child, child)));
}

int
sleeper_reap(pid_t child)
{
	int status = 0;
	pid_t reaped;

	WAIT_UNTIL((reaped = waitpid(child, &status, WNOHANG)) != 0);
	ck_assert_int_eq(reaped, child);
	return status;
}
