/* SPDX-License-Identifier: BSD-2-Clause */
/* processes.c: programs that make other processes, and threads, around their use of the device. */
#include "programs.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

unsigned children = 100;

unsigned
threads_of_self(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

/* Every child uses the inherited session, and one of its own; the parent's goes on meanwhile. */
int
run_fork(void)
{
	int fd = device_open("copy"), status;

	device_check(fd, 4096, 1);
	for (unsigned i = 0; i < children; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			int own = device_open("copy");

			device_check(own, 1000 + i, i);
			if (i % 10 == 0)
				device_check(own, LARGE, i);
			close(own);
			_exit(0);
		}
		device_check(fd, 4096 + i, i);
	}
	for (unsigned i = 0; i < children; i++) {
		CHECK(wait(&status) > 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	/* One after the other: responses are for whoever reads first. */
	for (unsigned i = 0; i < 10 && i < children; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			device_check(fd, i % 2 == 0 ? 5000 : LARGE, i);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		device_check(fd, 4096, i);
	}
	return 0;
}

/* A child that came to be without fork(3): nothing in it was told. */
int
run_clone(void)
{
	int fd = device_open("copy"), status;

	device_check(fd, 4096, 1);
	for (unsigned i = 0; i < 10; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

		CHECK(pid >= 0);
		if (pid == 0) {
			int own = device_open("copy");

			device_check(own, LARGE, i);
			device_check(fd, 5000, i);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		device_check(fd, 4096, i);
	}
	return 0;
}

#define OPENERS 24

static pthread_barrier_t opening;

static void *
open_main(void *arg)
{
	unsigned seed = (unsigned)(size_t)arg;
	int fd;

	pthread_barrier_wait(&opening);
	fd = device_open("copy");
	device_check(fd, 4096 + seed, seed);
	device_check(fd, LARGE, seed);
	CHECK(close(fd) == 0);
	return NULL;
}

/* N threads open the device first at once; how many threads there are when they have ended. */
static unsigned
open_at_once(unsigned n)
{
	pthread_t threads[OPENERS];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_barrier_init(&opening, NULL, n);
		for (unsigned i = 0; i < n; i++)
			CHECK(pthread_create(&threads[i], NULL, open_main, (void *)(size_t)i) == 0);
		for (unsigned i = 0; i < n; i++)
			CHECK(pthread_join(threads[i], NULL) == 0);
		_exit((int)threads_of_self());
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return (unsigned)WEXITSTATUS(status);
}

/* There is one service, however many begin with it.  A thread that has ended may be seen for a while. */
int
run_once(void)
{
	unsigned alone = open_at_once(1);

	CHECK(alone > 1);
	for (unsigned i = 0; i < 5; i++)
		CHECK(open_at_once(OPENERS) < alone + OPENERS / 2);
	return 0;
}
