/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: dmoverd, from the command line to the background. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/listing.h"
#include "cuse/doctor.h"
#include "cuse/memory.h"
#include "cuse/server.h"

#define EXIT_USAGE 2

static int
list_engines(const struct dmio_options *options)
{
	struct dmover_stats stats = { 0 };
	struct dmover_core_options core = options->core;
	struct dmover_dispatch dispatch;
	struct dmio_ways ways;
	char why[256] = "", memory[512];
	int err = dmio_ways_probe(options->posted, &ways, why, sizeof(why));

	if (err == 0) {
		dmio_ways_format(&ways, memory, sizeof(memory));
		dmio_posted_own(&ways, &core.own); /* not to be had: measured without it */
	} else {
		snprintf(memory, sizeof(memory), "out of reach: %s", why);
	}
	err = dmover_core_open_engines(&dispatch, &stats, &core, why, sizeof(why));
	dmover_space_unref(core.own);
	if (err < 0) {
		fprintf(stderr, "dmoverd: %s\n", why);
		return err == -EINVAL ? EXIT_USAGE : 1;
	}
	if (options->is_json) {
		dmover_list_engines_json(&dispatch, memory, stdout);
	} else {
		dmover_list_engines(&dispatch, stdout);
		printf("caller memory: %s\n", memory);
	}
	dmover_lanes_close(&dispatch);
	return 0;
}

/* The process that was started waits until the daemon is ready, or ends as it ended. */
static int
wait_for_daemon(pid_t pid, int fd)
{
	char byte;
	int status;

	if (read(fd, &byte, 1) == 1)
		return 0;
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		return WEXITSTATUS(status);
	return 1;
}

/* Lets the terminal and the starter go. */
static void
detach(void *arg)
{
	int *fd = arg, null;

	if (*fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	if (write(*fd, "r", 1) == 1)
		close(*fd);
	*fd = -1;
}

/* Before any thread is started: work queues and threads do not survive a fork. */
static int
serve(const struct dmio_options *options)
{
	int fds[2] = { -1, -1 };
	pid_t pid;

	if (options->is_foreground)
		return dmio_serve(options, detach, &fds[1]);
	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		fprintf(stderr, "dmoverd: cannot go to the background: %s (--foreground)\n",
		    strerror(errno));
		return 1;
	}
	if (pid > 0) {
		close(fds[1]);
		return wait_for_daemon(pid, fds[0]);
	}
	close(fds[0]);
	setsid();
	if (chdir("/") != 0)
		return 1;
	return dmio_serve(options, detach, &fds[1]);
}

/* Only the main thread takes them, when it is ready to. */
static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int
main(int argc, char **argv)
{
	struct dmio_options options;
	char why[256];

	if (dmio_options_parse(&options, argc, argv, why, sizeof(why)) < 0) {
		fprintf(stderr, "dmoverd: %s (--help shows them)\n", why);
		return EXIT_USAGE;
	}
	dmio_log_level = options.log_level;
	switch (options.action) {
	case DMIO_SHOW_HELP:
		fputs(dmio_help, stdout);
		return 0;
	case DMIO_SHOW_VERSION:
		printf("dmoverd %s\n", DMOVER_VERSION);
		return 0;
	case DMIO_LIST_ENGINES:
		return list_engines(&options);
	case DMIO_DOCTOR:
		return dmio_doctor(&options);
	case DMIO_SERVE:
		break;
	}
	block_signals();
	return serve(&options);
}
