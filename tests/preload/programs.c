/* SPDX-License-Identifier: BSD-2-Clause */
/* programs.c: programs of many kinds; which one, the first argument says. */
#include "programs.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static int
run_plain(void)
{
	int fd = device_open("copy");

	device_check(fd, 1, 1);
	device_check(fd, 4096, 2);
	device_check(fd, LARGE, 3);
	CHECK(close(fd) == 0);
	return 0;
}

/* As a daemon does: everything from 3 on goes, what it knows of and what it does not. */
static int
run_close(void)
{
	int fd = device_open("copy"), file;

	device_check(fd, 4096, 1);
	CHECK(close_range(3, ~0U, 0) == 0);
	errno = 0;
	CHECK(write(fd, "x", 1) == -1 && errno == EBADF);
	/* Other files get the numbers, and nobody else writes to them. */
	file = memfd_create("file", 0);
	CHECK(file == 3);
	for (int i = 4; i < 700; i++)
		CHECK(dup(file) == i);
	CHECK(close_range(4, ~0U, 0) == 0);
	fd = device_open("copy");
	device_check(fd, 4096, 2);
	device_check(fd, LARGE, 3);
	CHECK(lseek(file, 0, SEEK_END) == 0);
	return 0;
}

#define EDGES    500
#define EDGE_LEN 4096

/* Writes until the limit, or until all are written. */
static unsigned
edge_write(int fd, unsigned char *from, unsigned char *to, unsigned sent)
{
	for (; sent < EDGES; sent++) {
		struct iovec out = { to + (size_t)sent * EDGE_LEN, EDGE_LEN };
		struct iovec in = { from, EDGE_LEN };
		dmio_buffer input = { &in, 1 };
		struct dmio_usrreq req = {
			.req_outbuf = { &out, 1 }, .req_inbuf = &input, .req_id = sent
		};

		if (write(fd, &req, sizeof(req)) < 0) {
			CHECK(errno == EAGAIN);
			break;
		}
	}
	return sent;
}

static unsigned
edge_read(int fd)
{
	struct dmio_usrresp resp;
	unsigned got = 0;

	while (read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp)) {
		CHECK(resp.resp_error == 0);
		got++;
	}
	CHECK(errno == EAGAIN);
	return got;
}

/* Edge-triggered: reads until EAGAIN after each edge, with many requests under way. */
static int
run_edge(void)
{
	int fd = device_open("copy"), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	unsigned char *from = malloc(EDGE_LEN), *to = calloc(EDGES, EDGE_LEN);
	unsigned sent = 0, got = 0;

	memset(from, 0x5a, EDGE_LEN);
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	while (got < EDGES) {
		CHECK(epoll_wait(epoll, &event, 1, 10000) == 1);
		sent = edge_write(fd, from, to, sent);
		got += edge_read(fd);
	}
	for (size_t i = 0; i < (size_t)EDGES * EDGE_LEN; i++)
		CHECK(to[i] == 0x5a);
	free(from);
	free(to);
	close(epoll);
	return 0;
}

static volatile sig_atomic_t nfaults;
static void *volatile fault_page;

static void
on_fault(int signo)
{
	(void)signo;
	nfaults++;
	mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
}

/* Its own SIGSEGV handler is called for its own faults, and for nothing of ours. */
static int
run_segv(void)
{
	struct sigaction act = { .sa_handler = on_fault }, now;
	int fd = device_open("copy");
	char bytes[4096] = { 1 }, *large = calloc(1, LARGE);

	CHECK(sigaction(SIGSEGV, &act, NULL) == 0);
	fault_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(device_copy(fd, fault_page, bytes, sizeof(bytes)) == EFAULT);
	CHECK(device_copy(fd, bytes, fault_page, sizeof(bytes)) == EFAULT);
	CHECK(device_copy(fd, (void *)8, large, LARGE) == EFAULT);
	free(large);
	CHECK(nfaults == 0);
	*(volatile char *)fault_page = 1;
	CHECK(nfaults == 1);
	CHECK(device_copy(fd, fault_page, bytes, sizeof(bytes)) == 0);
	CHECK(sigaction(SIGSEGV, NULL, &now) == 0);
	CHECK(now.sa_handler == on_fault);
	return 0;
}

/* The stream of each function that makes one. */
static FILE *
stdio_open(unsigned i)
{
	switch (i) {
	case 0:
	case 1:
		return fopen(device_path(), "r+");
	case 2:
		return freopen(device_path(), "r+", fopen("/dev/zero", "r+"));
	case 3:
		return fopen64(device_path(), "r+");
	default:
		return freopen64(device_path(), "r+", fopen64("/dev/zero", "r+"));
	}
}

/* What the letters of a mode mean for open(2), they mean here as well. */
static void
stdio_modes(void)
{
	static const char *const good[] = { "r", "w", "a", "r+", "we", "a+e", "r,ccs=UTF-8" };
	FILE *file;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		file = fopen(device_path(), good[i]);
		CHECK(file != NULL);
		CHECK(((fcntl(fileno(file), F_GETFD) & FD_CLOEXEC) != 0) ==
		      (strchr(good[i], 'e') != NULL));
		CHECK(fclose(file) == 0);
	}
	CHECK(fopen(device_path(), "w+x") == NULL && errno == EEXIST);
	CHECK(fopen(device_path(), "z") == NULL && errno == EINVAL);
	CHECK(freopen(device_path(), "z", fopen("/dev/zero", "r")) == NULL && errno == EINVAL);
	/* Other files are the C library's. */
	CHECK((file = freopen64("/dev/null", "r", fopen64("/dev/zero", "r"))) != NULL);
	CHECK(fgetc(file) == EOF && fclose(file) == 0);
}

/* The C library's stdio calls the kernel itself. */
static int
run_stdio(void)
{
	char from[3000], to[3000];
	struct iovec out = { to, sizeof(to) }, in = { from, sizeof(from) };
	dmio_buffer input = { &in, 1 };
	struct dmio_usrreq req = { .req_outbuf = { &out, 1 }, .req_inbuf = &input, .req_id = 3 };
	struct dmio_setfunc dsf = { "copy" };
	struct dmio_usrresp resp;

	for (unsigned i = 0; i < 5; i++) {
		FILE *file = stdio_open(i);

		CHECK(file != NULL);
		memset(from, (int)i + 1, sizeof(from));
		setvbuf(file, NULL, i == 0 ? _IONBF : _IOFBF, 8192);
		CHECK(ioctl(fileno(file), DMIO_SETFUNC, &dsf) == 0);
		CHECK(fwrite(&req, sizeof(req), 1, file) == 1);
		CHECK(fflush(file) == 0);
		CHECK(fread(&resp, sizeof(resp), 1, file) == 1);
		CHECK(resp.resp_id == 3 && resp.resp_error == 0);
		CHECK(memcmp(from, to, sizeof(to)) == 0);
		CHECK(fclose(file) == 0);
	}
	stdio_modes();
	return 0;
}

static int cancel_fd;
static atomic_int cancel_ready;

static void *
cancel_main(void *arg)
{
	struct dmio_usrresp resp;

	(void)arg;
	atomic_store(&cancel_ready, 1);
	(void)!read(cancel_fd, &resp, sizeof(resp));
	return NULL;
}

/* A thread that is cancelled in a blocked read, and the session afterwards. */
static int
run_cancel(void)
{
	pthread_t thread;
	void *result;

	cancel_fd = device_open("copy");
	for (unsigned i = 0; i < 20; i++) {
		atomic_store(&cancel_ready, 0);
		CHECK(pthread_create(&thread, NULL, cancel_main, NULL) == 0);
		while (atomic_load(&cancel_ready) == 0)
			sched_yield();
		CHECK(pthread_cancel(thread) == 0);
		CHECK(pthread_join(thread, &result) == 0);
		CHECK(result == PTHREAD_CANCELED);
		device_check(cancel_fd, 4096, i);
	}
	return 0;
}

static int signal_fd;
static volatile sig_atomic_t nsignals;

static void
on_signal(int signo)
{
	char from[64] = { 5 }, to[64];

	(void)signo;
	if (device_copy(signal_fd, to, from, sizeof(to)) == 0)
		nsignals++;
}

/* A handler that uses the device itself, while its thread is in the middle of such a call. */
static int
run_signal(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigevent sigev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec spec = { { 0, 200000 }, { 0, 200000 } };
	int fd = device_open("copy");
	timer_t timer;

	signal_fd = device_open("copy");
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &sigev, &timer) == 0);
	CHECK(timer_settime(timer, 0, &spec, NULL) == 0);
	for (unsigned i = 0; nsignals < 200; i++)
		device_check(fd, 4096, i);
	timer_delete(timer);
	return 0;
}

/* The number that the next open gives. */
static int
next_number(void)
{
	int fd = dup(STDIN_FILENO);

	CHECK(fd >= 0);
	close(fd);
	return fd;
}

/* Nothing happens before the first open; errno and other paths are the program's. */
static int
run_quiet(void)
{
	const char *volatile nowhere = (const char *)8;
	int fd, next;

	CHECK(threads_of_self() == 1);
	next = next_number();
	errno = EDOM;
	fd = open("/dev/null", O_RDWR);
	CHECK(fd == next && errno == EDOM);
	CHECK(write(fd, "x", 1) == 1 && errno == EDOM);
	CHECK(threads_of_self() == 1);
	CHECK(open("/dev/dmoverio-not", O_RDWR) == -1 && errno == ENOENT);
	CHECK(open(nowhere, O_RDWR) == -1 && errno == EFAULT);
	CHECK(threads_of_self() == 1);
	close(fd);
	errno = EDOM;
	fd = open(device_path(), O_RDWR);
	CHECK(fd == next && errno == EDOM);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
	CHECK(threads_of_self() > 1);
	CHECK(open(device_path(), O_RDWR | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST);
	CHECK(open(device_path(), O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
	return 0;
}

/* The same device by other names for its path, and by the other functions of the family. */
static int
run_paths(void)
{
	char path[4096];
	int dir, fd;

	snprintf(path, sizeof(path), "/..//./dev/../%s", device_path());
	CHECK((fd = open(path, O_RDWR)) >= 0 && close(fd) == 0);
	snprintf(path, sizeof(path), "%s", device_path());
	*strrchr(path, '/') = '\0';
	dir = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	CHECK((fd = openat(dir, strrchr(device_path(), '/') + 1, O_RDWR)) >= 0 && close(fd) == 0);
	CHECK((fd = openat64(dir, strrchr(device_path(), '/') + 1, O_RDWR)) >= 0 && close(fd) == 0);
	CHECK(chdir(path) == 0);
	CHECK((fd = open64(strrchr(device_path(), '/') + 1, O_RDWR)) >= 0 && close(fd) == 0);
	CHECK((fd = creat(device_path(), 0600)) >= 0 && close(fd) == 0);
	fd = open(device_path(), O_RDONLY);
	CHECK(fd >= 0 && write(fd, path, 40) == -1 && errno == EBADF);
	fd = open(device_path(), O_WRONLY);
	CHECK(fd >= 0 && read(fd, path, 16) == -1 && errno == EBADF);
	return 0;
}

/* A copy whose response is read with a length that only run time knows. */
static void
family_check(int fd, size_t len)
{
	char from[100], to[100] = { 0 };
	struct iovec out = { to, sizeof(to) }, in = { from, sizeof(from) };
	dmio_buffer input = { &in, 1 };
	struct dmio_usrreq req = { .req_outbuf = { &out, 1 }, .req_inbuf = &input, .req_id = 5 };
	struct dmio_setfunc dsf = { "copy" };
	struct dmio_usrresp resp;

	memset(from, fd, sizeof(from));
	CHECK(fd >= 0 && ioctl(fd, DMIO_SETFUNC, &dsf) == 0);
	CHECK(write(fd, &req, sizeof(req)) == (ssize_t)sizeof(req));
	CHECK(read(fd, &resp, len) == (ssize_t)sizeof(resp));
	CHECK(resp.resp_id == 5 && resp.resp_error == 0 && memcmp(from, to, sizeof(to)) == 0);
	CHECK(close(fd) == 0);
}

/*
 * The open family with flags that only run time knows.  In the fortified build these are the
 * functions that check, and a read that would run past its buffer ends the program.
 */
static int
run_family(void)
{
	volatile int flags = O_RDWR;
	volatile size_t len = sizeof(struct dmio_usrresp);
	struct dmio_setfunc dsf = { "copy" };
	char byte;
	int fd;

	family_check(open(device_path(), flags), len);
	family_check(open64(device_path(), flags), len);
	family_check(openat(AT_FDCWD, device_path(), flags), len);
	family_check(openat64(AT_FDCWD, device_path(), flags), len);
	/* Other files are the C library's, by the same functions. */
	CHECK((fd = open("/dev/null", flags)) >= 0 && read(fd, &byte, len / 16) == 0);
	CHECK(close(fd) == 0);
	CHECK((fd = open64("/dev/null", flags)) >= 0 && close(fd) == 0);
	CHECK((fd = openat(AT_FDCWD, "/dev/null", flags)) >= 0 && close(fd) == 0);
	CHECK((fd = openat64(AT_FDCWD, "/dev/null", flags)) >= 0 && close(fd) == 0);
	CHECK((fd = creat64("/dev/null", 0600)) >= 0 && close(fd) == 0);
	CHECK((fd = creat64(device_path(), 0600)) >= 0);
	CHECK(ioctl(fd, DMIO_SETFUNC, &dsf) == 0 && close(fd) == 0);
#ifdef PRELOAD_FORTIFIED
	int status;
	pid_t pid = fork();

	if (pid == 0)
		family_check(open(device_path(), flags), len + 1);
	CHECK(
	    waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#endif
	return 0;
}

/* Vectors that are bad themselves, and more of them than one. */
static int
run_vectors(void)
{
	int fd = device_open("fill8");
	char to[2] = { 0 };
	struct iovec out[2] = { { &to[0], 1 }, { &to[1], 1 } };
	struct dmio_usrreq req[2] = {
		{ .req_outbuf = { &out[0], 1 }, .req_immediate = { 4 }, .req_id = 1 },
		{ .req_outbuf = { &out[1], 1 }, .req_immediate = { 5 }, .req_id = 2 },
	};
	struct dmio_usrresp resp[2];
	struct iovec records[2] = { { req, 50 }, { (char *)req + 50, sizeof(req) - 50 } };
	struct iovec responses[2] = { { resp, 3 }, { (char *)resp + 3, sizeof(resp) - 3 } };
	const struct iovec *volatile nowhere = (const struct iovec *)8;
	volatile int negative = -1;

	CHECK(writev(fd, nowhere, 2) == -1 && errno == EFAULT);
	CHECK(readv(fd, nowhere, 2) == -1 && errno == EFAULT);
	CHECK(writev(fd, records, negative) == -1 && errno == EINVAL);
	CHECK(writev(fd, records, 2) == (ssize_t)sizeof(req));
	CHECK(readv(fd, responses, 2) == (ssize_t)sizeof(resp));
	CHECK(resp[0].resp_error == 0 && resp[1].resp_error == 0);
	CHECK(resp[0].resp_id + resp[1].resp_id == 3);
	CHECK(to[0] == 4 && to[1] == 5);
	records[0].iov_len = records[1].iov_len = SIZE_MAX / 2;
	CHECK(writev(fd, records, 2) == -1 && errno == EINVAL);
	return 0;
}

/* More sessions than there are descriptors; those that there are work on. */
static int
run_limit(void)
{
	struct rlimit limit = { 40, 40 };
	int fd, n, kept = device_open("copy");

	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	/* Without the service's own among ours, it is the service that has none left first. */
	CHECK(close_range((unsigned)kept + 1, ~0U, 0) == 0);
	for (int round = 0; round < 3; round++) {
		for (n = 0; (fd = open(device_path(), O_RDWR)) >= 0; n++)
			CHECK(n < 40 && close_range((unsigned)fd + 1, ~0U, 0) == 0);
		CHECK(errno == EMFILE && n > 10);
		device_check(kept, 4096, (unsigned)n);
		CHECK(close_range((unsigned)kept + 1, ~0U, 0) == 0);
	}
	fd = device_open("copy");
	device_check(fd, LARGE, 1);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} programs[] = {
	{ "plain", run_plain },
	{ "fork", run_fork },
	{ "close", run_close },
	{ "edge", run_edge },
	{ "segv", run_segv },
	{ "stdio", run_stdio },
	{ "cancel", run_cancel },
	{ "signal", run_signal },
	{ "quiet", run_quiet },
	{ "paths", run_paths },
	{ "family", run_family },
	{ "once", run_once },
	{ "vectors", run_vectors },
	{ "clone", run_clone },
	{ "limit", run_limit },
};

int
main(int argc, char **argv)
{
	if (argc > 2)
		children = (unsigned)strtoul(argv[2], NULL, 10);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (argc > 1 && strcmp(argv[1], programs[i].name) == 0)
			return programs[i].run();
	fprintf(stderr, "usage: preload_programs NAME [CHILDREN]\n");
	return 2;
}
