/* SPDX-License-Identifier: BSD-2-Clause */
/* sharing.c: programs whose processes use one session together, and end as they like. */
#include "asked.h"

#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Past all that is preloaded: the service takes it in. */
static void
check_past(int fd, unsigned id)
{
	const struct asked *asked = ask(id);
	struct dmio_usrresp resp;

	CHECK(syscall(SYS_write, fd, &asked->req, sizeof(asked->req)) == sizeof(asked->req));
	await(fd, POLLIN);
	CHECK(syscall(SYS_read, fd, &resp, sizeof(resp)) == sizeof(resp));
	CHECK(resp.resp_id == id && resp.resp_error == 0);
	CHECK(memcmp(asked->to, asked->from, sizeof(asked->to)) == 0);
}

static void
expect_good(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) > 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* For a byte of another process. */
static void
hear(int fd)
{
	char byte;

	await(fd, POLLIN);
	CHECK(read(fd, &byte, 1) == 1);
}

#define SHARED_REQUESTS 60

static void
read_all(int fd, unsigned n)
{
	struct dmio_usrresp resp;

	for (unsigned i = 0; i < n; i++) {
		await(fd, POLLIN);
		CHECK(read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp));
	}
}

/* Both write, and only the child reads: what the parent's service waits for happens elsewhere. */
static int
run_shared(void)
{
	for (unsigned round = 0; round < 40; round++) {
		int fd = device_open("copy"), ends[2];
		pid_t pid;

		CHECK(pipe(ends) == 0);
		device_check(fd, 64, round);
		pid = fork();
		if (pid == 0) {
			CHECK(write(fd, &ask(0)->req, sizeof(struct dmio_usrreq)) > 0);
			read_all(fd, 1);
			CHECK(write(ends[1], "x", 1) == 1);
			read_all(fd, SHARED_REQUESTS);
			_exit(0);
		}
		hear(ends[0]);
		for (unsigned i = 0; i < SHARED_REQUESTS; i++)
			CHECK(write(fd, &ask(i)->req, sizeof(struct dmio_usrreq)) > 0);
		expect_good(pid);
		CHECK(close(fd) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
	}
	return 0;
}

#define SESSIONS      16384 /* of all processes together */
#define LEFT_CHILDREN 20

/* Children that end without close(2), with more sessions than there can be at once. */
static int
run_left(void)
{
	int fd = device_open("copy");
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (unsigned i = 0; i < LEFT_CHILDREN; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (unsigned j = 0; j < SESSIONS / LEFT_CHILDREN + 100; j++)
				CHECK(open(device_path(), O_RDWR) >= 0);
			_exit(0);
		}
		expect_good(pid);
		device_check(fd, 4096, i);
	}
	device_check(device_open("copy"), 4096, 1);
	return 0;
}

#define MANY 70

/*
 * Sessions whose sockets have no copy in the program's table, because there are too many, or it has closed them;
 * and what it has put there itself is its own.
 */
static int
run_inherit(void)
{
	int fds[MANY], kept, pair[2];
	char byte;
	pid_t pid;

	for (unsigned i = 0; i < MANY; i++)
		fds[i] = device_open("copy");
	CHECK((pid = fork()) >= 0);
	for (unsigned i = 0; pid == 0 && i < MANY; i++)
		device_check(fds[i], 4096, i);
	if (pid == 0)
		_exit(0);
	expect_good(pid);
	kept = fds[0];
	CHECK(close_range((unsigned)kept + 1, ~0U, 0) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	for (int i = 512; i < 512 + MANY; i++)
		CHECK(dup2(pair[0], i) == i);
	CHECK(write(pair[1], "x", 1) == 1);
	pid = fork();
	if (pid == 0) {
		device_check(kept, 4096, 1);
		device_check(kept, LARGE, 2);
		_exit(0);
	}
	expect_good(pid);
	/* Nobody else has read it. */
	CHECK(recv(pair[0], &byte, 1, MSG_DONTWAIT) == 1);
	device_check(kept, 4096, 3);
	return 0;
}

#define HEIRS 12

/* Whoever has the other end of the pipe has ended. */
static void
await_end(int fd)
{
	char byte;

	await(fd, POLLHUP);
	CHECK(read(fd, &byte, 1) == 0);
}

/* In a child that has used the session, after its opener has ended. */
static void
inherit(int fd)
{
	char number[16];

	/* More than can have a service for it at once, one after the other. */
	for (unsigned i = 0; i < HEIRS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			device_check(fd, 4096, i);
			check_past(fd, i);
			_exit(0);
		}
		expect_good(pid);
	}
	snprintf(number, sizeof(number), "%d", fd);
	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = fork();

		/* Neither of them has a service of its own. */
		if (pid == 0 && i == 0)
			check_past(fd, 3);
		else if (pid == 0)
			execl("/proc/self/exe", "preload_sharing", "image", number, NULL);
		if (pid == 0)
			_exit(i != 0);
		expect_good(pid);
	}
	device_check(fd, LARGE, 1);
}

/* The opener has ended: who is left serves what comes past the preloaded functions. */
static int
run_heir(void)
{
	int ends[2], fd;
	pid_t opener;

	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && pipe(ends) == 0);
	opener = fork();
	if (opener == 0) {
		fd = device_open("copy");
		CHECK(fcntl(fd, F_SETFD, 0) == 0);
		device_check(fd, 4096, 1);
		if (fork() != 0)
			_exit(0);
		close(ends[1]);
		await_end(ends[0]);
		device_check(fd, 4096, 2);
		inherit(fd);
		_exit(0);
	}
	close(ends[1]);
	expect_good(opener);
	expect_good(-1);
	return 0;
}

/* An image that was executed, and has inherited the descriptor. */
static int
run_image(const char *number)
{
	check_past((int)strtol(number, NULL, 10), 5);
	return 0;
}

/* A process ends with the session at its limit, and its plug in the socket. */
static int
run_plugged(void)
{
	int fd = device_open("copy");
	struct dmio_usrresp resp;
	pid_t pid;

	device_check(fd, 64, 1);
	CHECK(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
	pid = fork();
	if (pid == 0) {
		while (write(fd, &ask(0)->req, sizeof(struct dmio_usrreq)) > 0)
			;
		_exit(errno != EAGAIN);
	}
	expect_good(pid);
	await(fd, POLLOUT);
	CHECK(fcntl(fd, F_SETFL, O_RDWR) == 0);
	for (unsigned i = 0; i < 100; i++) {
		CHECK(write(fd, &ask(1)->req, sizeof(struct dmio_usrreq)) > 0);
		do {
			await(fd, POLLIN);
			CHECK(read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp));
		} while (resp.resp_id == 0);
	}
	return 0;
}

static int bare_fd;

static void *
bare_main(void *arg)
{
	(void)arg;
	device_check(bare_fd, 64, 3);
	return NULL;
}

/* A child past fork(3) in which another thread is the first to use the device. */
static int
run_bare(void)
{
	static char from[64], to[64];
	pthread_t thread;
	pid_t pid;

	bare_fd = device_open("copy");
	device_check(bare_fd, 64, 1);
	memset(from, 'p', sizeof(from));
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		memset(from, 'c', sizeof(from));
		CHECK(pthread_create(&thread, NULL, bare_main, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		CHECK(device_copy(bare_fd, to, from, sizeof(to)) == 0);
		CHECK(memcmp(to, from, sizeof(to)) == 0);
		_exit(0);
	}
	expect_good(pid);
	/* Nothing of it came here. */
	for (size_t i = 0; i < sizeof(to); i++)
		CHECK(to[i] == 0);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} programs[] = {
	{ "shared", run_shared },
	{ "left", run_left },
	{ "inherit", run_inherit },
	{ "heir", run_heir },
	{ "plugged", run_plugged },
	{ "bare", run_bare },
};

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "image") == 0)
		return run_image(argv[2]);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (argc > 1 && strcmp(argv[1], programs[i].name) == 0)
			return run_guarded(programs[i].run);
	fprintf(stderr, "usage: preload_sharing NAME\n");
	return 2;
}
