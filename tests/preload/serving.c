/* SPDX-License-Identifier: BSD-2-Clause */
/* serving.c: programs that give the service more than one thing to do at once. */
#include "asked.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static atomic_bool is_over;

#define TURNS 41
/* Requests of another session for one turn of ours, in the mean: some dozens; without an order, 5000 and more. */
#define TURN_MAX 1200

/* Who write to it, so that there are always some waiting for a place. */
#define WRITERS 3

static atomic_uint nasked;

/* Writes past all that is preloaded, as fast as it can. */
static void *
hurry_main(void *arg)
{
	static char from[16384], to[sizeof(from)];
	static struct iovec out = { to, sizeof(to) }, in = { from, sizeof(from) };
	static dmio_buffer input = { &in, 1 };
	static const struct dmio_usrreq req = { .req_outbuf = { &out, 1 }, .req_inbuf = &input };
	int fd = *(int *)arg;

	while (!atomic_load(&is_over)) {
		CHECK(syscall(SYS_write, fd, &req, sizeof(req)) > 0);
		atomic_fetch_add(&nasked, 1);
	}
	return NULL;
}

static void *
drain_main(void *arg)
{
	int fd = *(int *)arg;
	struct dmio_usrresp resp;

	while (syscall(SYS_read, fd, &resp, sizeof(resp)) == sizeof(resp))
		CHECK(resp.resp_error == 0);
	return NULL;
}

/* A session that is opened and used for once: how many requests of the other one that took. */
static unsigned
take_turn(void)
{
	unsigned before = atomic_load(&nasked);
	struct dmio_usrresp resp;
	int fd = device_open("copy");

	CHECK(syscall(SYS_write, fd, &ask(2)->req, sizeof(struct dmio_usrreq)) > 0);
	CHECK(read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp));
	CHECK(close(fd) == 0);
	return atomic_load(&nasked) - before;
}

/* A session that is never without work; others are opened, and served, all the same. */
static int
run_turns(void)
{
	int fd = device_open("copy");
	pthread_t hurry[WRITERS], drain;
	unsigned n = 0;

	for (unsigned i = 0; i < WRITERS; i++)
		CHECK(pthread_create(&hurry[i], NULL, hurry_main, &fd) == 0);
	CHECK(pthread_create(&drain, NULL, drain_main, &fd) == 0);
	while (atomic_load(&nasked) < 1000)
		sched_yield();
	for (unsigned i = 0; i < TURNS; i++)
		n += take_turn();
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < WRITERS; i++)
		CHECK(pthread_join(hurry[i], NULL) == 0);
	CHECK(shutdown(fd, SHUT_RDWR) == 0);
	CHECK(pthread_join(drain, NULL) == 0);
	printf("%u requests for one turn\n", n / TURNS);
	CHECK(n / TURNS < TURN_MAX);
	return 0;
}

#define EARLY_ROUNDS 2000

static int early_fd;
static pthread_barrier_t early;

/* Reads before anything was written, and so before it is known how long a response is. */
static void *
early_main(void *arg)
{
	struct dmio_usrresp resp;
	ssize_t n;

	(void)arg;
	for (unsigned i = 0; i < EARLY_ROUNDS; i++) {
		pthread_barrier_wait(&early);
		while ((n = read(early_fd, &resp, sizeof(resp))) < 0)
			CHECK(errno == EAGAIN);
		CHECK(n == (ssize_t)sizeof(resp) && resp.resp_id == 7);
		pthread_barrier_wait(&early);
	}
	return NULL;
}

static int
run_early(void)
{
	pthread_t thread;

	pthread_barrier_init(&early, NULL, 2);
	CHECK(pthread_create(&thread, NULL, early_main, NULL) == 0);
	for (unsigned i = 0; i < EARLY_ROUNDS; i++) {
		early_fd = device_open("copy");
		CHECK(fcntl(early_fd, F_SETFL, O_NONBLOCK) == 0);
		pthread_barrier_wait(&early);
		CHECK(write(early_fd, &ask(7)->req, sizeof(struct dmio_usrreq)) > 0);
		pthread_barrier_wait(&early);
		CHECK(close(early_fd) == 0);
	}
	CHECK(pthread_join(thread, NULL) == 0);
	/* A buffer that a response of the first layout would have fitted in, and of this one does not. */
	early_fd = device_open("copy");
	CHECK(write(early_fd, &ask(7)->req, sizeof(struct dmio_usrreq)) > 0);
	CHECK(read(early_fd, &early, 8) == -1 && errno == EINVAL);
	return 0;
}

static unsigned
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

#define COPIES 64 /* of inner sockets in the program's table, at most */

/* Where there is one number left there is none for a copy of the inner socket; later there is. */
static int
run_copies(void)
{
	struct rlimit limit, narrow;
	unsigned n;
	int fd, last = -1;

	CHECK(close(device_open("copy")) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	narrow = limit;
	narrow.rlim_cur = 64;
	CHECK(setrlimit(RLIMIT_NOFILE, &narrow) == 0);
	while ((fd = dup(STDIN_FILENO)) >= 0)
		last = fd;
	CHECK(close(last) == 0);
	for (unsigned i = 0; i < COPIES; i++) {
		fd = device_open("copy");
		device_check(fd, 4096, i);
		CHECK(close(fd) == 0);
	}
	/* Lower than the service's own numbers. */
	narrow.rlim_cur = 4;
	CHECK(setrlimit(RLIMIT_NOFILE, &narrow) == 0 && close(3) == 0);
	CHECK(open(device_path(), O_RDWR) == -1 && errno == EMFILE);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	n = count_descriptors();
	fd = device_open("copy");
	device_check(fd, 4096, 1);
	CHECK(count_descriptors() == n + 2);
	return 0;
}

/* Messages that say nothing, and such as are no records. */
static int
run_empty(void)
{
	int fd = device_open("copy");

	for (unsigned i = 0; i < 3; i++) {
		struct dmio_usrresp resp;

		CHECK(send(fd, "", 0, 0) == 0);
		CHECK(send(fd, "x", 1, 0) == 1);
		CHECK(syscall(SYS_write, fd, &ask(i)->req, sizeof(struct dmio_usrreq)) > 0);
		await(fd, POLLIN);
		CHECK(read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp));
		CHECK(resp.resp_id == i && resp.resp_error == 0);
	}
	return 0;
}

#define FORKS   21
#define FORK_NS 15000000

static void *
work_main(void *arg)
{
	size_t len = (size_t)8 << 20;
	char *from = calloc(1, len), *to = calloc(1, len);
	int fd = device_open("copy");

	(void)arg;
	CHECK(from != NULL && to != NULL);
	do {
		CHECK(device_copy(fd, to, from, len) == 0);
		atomic_fetch_add(&nasked, 1);
	} while (!atomic_load(&is_over));
	free(from);
	free(to);
	return NULL;
}

/* Half of the forks take no longer than without the device, however much it has to do. */
static int
run_busy(void)
{
	unsigned nquick = 0;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, work_main, NULL) == 0);
	while (atomic_load(&nasked) == 0)
		sched_yield();
	for (unsigned i = 0; i < FORKS; i++) {
		struct timespec from, to;
		pid_t pid;

		clock_gettime(CLOCK_MONOTONIC, &from);
		pid = fork();
		if (pid == 0)
			_exit(0);
		clock_gettime(CLOCK_MONOTONIC, &to);
		CHECK(waitpid(pid, NULL, 0) == pid);
		nquick +=
		    (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec < FORK_NS;
	}
	atomic_store(&is_over, true);
	CHECK(pthread_join(thread, NULL) == 0);
	printf("%u of %u forks were quick\n", nquick, FORKS);
	CHECK(nquick > FORKS / 2);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} programs[] = {
	{ "turns", run_turns },
	{ "early", run_early },
	{ "copies", run_copies },
	{ "empty", run_empty },
	{ "busy", run_busy },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (argc > 1 && strcmp(argv[1], programs[i].name) == 0)
			return run_guarded(programs[i].run);
	fprintf(stderr, "usage: preload_serving NAME\n");
	return 2;
}
