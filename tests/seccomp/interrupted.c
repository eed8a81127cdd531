/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupted.c: signals, as often as they come, change nothing about what an open and a DMIO_SETFUNC answer.
 *
 * Their handler has SA_RESTART, as the runtime of Go has it: the kernel makes the call again.
 */
#include "tests/preload/common.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* At least, of both. */
#define ROUNDS  10000
#define SIGNALS 2000

static atomic_bool is_over;
static volatile sig_atomic_t nsignals;

static void
on_signal(int signo)
{
	(void)signo;
	nsignals++;
}

/* One signal after the other for the first thread. */
static void *
storm(void *first)
{
	while (!atomic_load(&is_over)) {
		CHECK(pthread_kill(*(pthread_t *)first, SIGURG) == 0);
		sched_yield();
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct dmio_setfunc copy = { "copy" }, zero = { "zero" };
	/* "again": the kernel loses answers, and the same call has the same answer. */
	bool again = argc > 1 && strcmp(argv[1], "again") == 0;
	pthread_t self = pthread_self(), thread;

	CHECK(sigaction(SIGURG, &act, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, storm, &self) == 0);
	for (int i = 0; i < ROUNDS || nsignals < SIGNALS; i++) {
		int fd = open(device_path(), O_RDWR);

		CHECK(fd >= 0);
		CHECK(ioctl(fd, DMIO_SETFUNC, &copy) == 0);
		/* Once is once. */
		CHECK(again || (ioctl(fd, DMIO_SETFUNC, &copy) == -1 && errno == EBUSY));
		CHECK(ioctl(fd, DMIO_SETFUNC, &zero) == -1 && errno == EBUSY);
		if (i % 100 == 0)
			device_check(fd, 512, (unsigned)i);
		CHECK(close(fd) == 0);
	}
	atomic_store(&is_over, true);
	CHECK(pthread_join(thread, NULL) == 0);
	return 0;
}
