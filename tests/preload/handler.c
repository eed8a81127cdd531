/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handler.c: signal handlers that use the device, and that leave a call of it by siglongjmp(3).
 *
 * The first argument says which.  A handler that hangs has all signals blocked: so the program runs in a
 * child, and its parent ends it after a minute.
 */
#include "common.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define DEADLINE_MS 60000
#define SIGNALS     8000
#define CHILDREN    300
#define LEN         64
#define MANY        100
/* Bytes that the workers move. */
#define LARGE ((size_t)3 << 20)

/* A request with all that it names. */
struct work {
	struct iovec out, in;
	dmio_buffer input;
	struct dmio_usrreq req;
};

static int device;
static volatile sig_atomic_t nsignals;
static unsigned char *large_from, *large_to;

static void
work_init(struct work *work, void *to, const void *from, size_t len, unsigned id)
{
	memset(work, 0, sizeof(*work));
	work->out = (struct iovec){ to, len };
	work->in = (struct iovec){ (void *)(size_t)from, len };
	work->input = (dmio_buffer){ &work->in, 1 };
	work->req.req_outbuf = (dmio_buffer){ &work->out, 1 };
	work->req.req_inbuf = &work->input;
	work->req.req_id = id;
}

/* One copy by writev and readv with many vectors, most of them empty. */
static void
copy_by_vectors(int fd, void *to, const void *from, size_t len)
{
	struct iovec iov[MANY];
	struct dmio_usrresp resp;
	struct work work;

	work_init(&work, to, from, len, 7);
	for (unsigned i = 0; i < MANY; i++)
		iov[i] = (struct iovec){ &work.req, 0 };
	iov[MANY - 1].iov_len = sizeof(work.req);
	CHECK(writev(fd, iov, MANY) == (ssize_t)sizeof(work.req));
	for (unsigned i = 0; i < MANY; i++)
		iov[i] = (struct iovec){ &resp, 0 };
	iov[MANY / 2].iov_len = sizeof(resp);
	CHECK(readv(fd, iov, MANY) == (ssize_t)sizeof(resp));
	CHECK(resp.resp_id == 7 && resp.resp_error == 0);
}

/* All that the manual page allows. */
static void
on_signal(int signo)
{
	char from[LEN], to[LEN] = { 0 };
	int error = errno, fd;

	(void)signo;
	memset(from, nsignals & 0x7f, sizeof(from));
	copy_by_vectors(device, to, from, sizeof(to));
	CHECK(memcmp(from, to, sizeof(to)) == 0);
	if (nsignals % 64 == 0) {
		fd = device_open("copy");
		CHECK(device_copy(fd, to, from, sizeof(to)) == 0);
		CHECK(device_copy(fd, large_to, large_from, LARGE) == 0);
		CHECK(close(fd) == 0);
	}
	errno = error;
	nsignals++;
}

static void
every(int usec)
{
	const struct itimerval spec = { { 0, usec }, { 0, usec } };

	CHECK(setitimer(ITIMER_REAL, &spec, NULL) == 0);
}

/* In the middle of malloc(3) and free(3), mostly. */
static void
allocate(void)
{
	void *blocks[64];

	for (unsigned i = 0; i < 64; i++)
		blocks[i] = malloc(1500 + i * 131);
	for (unsigned i = 0; i < 64; i++)
		free(blocks[i]);
}

static void
handlers_meet_no_lock_of_malloc(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	large_from = calloc(1, LARGE);
	large_to = calloc(1, LARGE);
	CHECK(large_from != NULL && large_to != NULL);
	device = device_open("copy");
	CHECK(sigaction(SIGALRM, &act, NULL) == 0);
	every(300);
	while (nsignals < SIGNALS)
		allocate();
	every(0);
	free(large_from);
	free(large_to);
}

static void
on_first_signal(int signo)
{
	char from[LEN] = { 9 }, to[LEN] = { 0 };

	(void)signo;
	copy_by_vectors(device, to, from, sizeof(to));
	CHECK(memcmp(from, to, sizeof(to)) == 0);
	nsignals++;
}

static void
be_child(int usec)
{
	struct sigaction act = { .sa_handler = on_first_signal, .sa_flags = SA_RESETHAND };
	const struct itimerval spec = { { 0, 0 }, { 0, usec } };

	device = device_open("copy");
	CHECK(sigaction(SIGALRM, &act, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &spec, NULL) == 0);
	while (nsignals == 0)
		allocate();
	_exit(0);
}

/* Nothing was written before, so nothing has been allocated for it. */
static void
the_first_write_of_all_may_be_a_handlers(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (pid == 0)
			be_child(100 + i % 97);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(status == 0);
	}
}

static sigjmp_buf timeout;

static void
on_timeout(int signo)
{
	(void)signo;
	siglongjmp(timeout, 1);
}

/* Writes until the limit is reached, and is taken out of there. */
static void
jump_out_of_write(const struct work *work)
{
	if (sigsetjmp(timeout, 1) != 0)
		return;
	every(100000);
	for (;;)
		CHECK(write(device, &work->req, sizeof(work->req)) == (ssize_t)sizeof(work->req));
}

static unsigned
read_all(void)
{
	struct dmio_usrresp resp;
	unsigned n = 0;

	CHECK(fcntl(device, F_SETFL, O_NONBLOCK) == 0);
	while (read(device, &resp, sizeof(resp)) == (ssize_t)sizeof(resp))
		n++;
	CHECK(errno == EAGAIN);
	CHECK(fcntl(device, F_SETFL, 0) == 0);
	return n;
}

/* Then a read with one response there, and nothing under way, waits for no other. */
static void
a_handler_may_jump_out_of_a_blocked_write(void)
{
	struct sigaction act = { .sa_handler = on_timeout };
	char from[LEN] = { 1 }, to[LEN];
	struct dmio_usrresp resp[8];
	struct work work;
	unsigned n = 0;

	device = device_open("copy");
	work_init(&work, to, from, sizeof(to), 5);
	CHECK(sigaction(SIGALRM, &act, NULL) == 0);
	for (unsigned i = 0; i < 3; i++) {
		jump_out_of_write(&work);
		every(0);
		n += read_all();
		CHECK(write(device, &work.req, sizeof(work.req)) == (ssize_t)sizeof(work.req));
		CHECK(read(device, resp, sizeof(resp)) == (ssize_t)sizeof(resp[0]));
	}
	CHECK(n > 100);
	/* As many at once as ever. */
	for (unsigned i = 0; i < n / 3; i++)
		CHECK(write(device, &work.req, sizeof(work.req)) == (ssize_t)sizeof(work.req));
	CHECK(read_all() == n / 3);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "malloc", handlers_meet_no_lock_of_malloc },
	{ "first", the_first_write_of_all_may_be_a_handlers },
	{ "jump", a_handler_may_jump_out_of_a_blocked_write },
};

static int
run_in_child(void (*run)(void))
{
	pid_t pid = fork();
	struct pollfd pfd = { .events = POLLIN };
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		setpgid(0, 0);
		run();
		_exit(0);
	}
	setpgid(pid, pid);
	pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(pfd.fd >= 0);
	if (poll(&pfd, 1, DEADLINE_MS) != 1) {
		fprintf(stderr, "handler.c: it hangs\n");
		kill(-pid, SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	close(pfd.fd);
	return status == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (argc > 1 && strcmp(argv[1], tests[i].name) == 0)
			return run_in_child(tests[i].run);
	fprintf(stderr, "usage: preload_handler NAME\n");
	return 2;
}
