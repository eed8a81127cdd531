/* SPDX-License-Identifier: BSD-2-Clause */
/* clients.c: programs whose every system call is the kernel's own; which one, the first argument says. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/preload/common.h"

#define LARGE ((size_t)3 << 20)

/* A request whose vectors stay until its response has come. */
struct work {
	struct iovec out, in;
	dmio_buffer input;
	struct dmio_usrreq req;
};

static void
work_init(struct work *work, void *to, const void *from, size_t len, uint32_t id)
{
	memset(work, 0, sizeof(*work));
	work->out = (struct iovec){ to, len };
	work->in = (struct iovec){ (void *)(uintptr_t)from, len };
	work->input = (dmio_buffer){ &work->in, 1 };
	work->req.req_outbuf = (dmio_buffer){ &work->out, 1 };
	work->req.req_inbuf = &work->input;
	work->req.req_id = id;
}

static struct dmio_usrresp
response(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct dmio_usrresp resp;

	CHECK(poll(&pfd, 1, 20000) == 1);
	CHECK(read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp));
	return resp;
}

static void
join(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* As many requests as the second argument says, by write(2) and read(2) alone. */
static int
run_count(int argc, char **argv)
{
	int fd = device_open("copy"), n = argc > 2 ? atoi(argv[2]) : 1;

	for (int i = 0; i < n; i++)
		device_check(fd, 512, (unsigned)i);
	return 0;
}

#define EDGES    500
#define EDGE_LEN 4096

/* Edge-triggered: reads until EAGAIN after each edge. */
static int
run_edge(int argc, char **argv)
{
	static struct work work[EDGES];
	static unsigned char from[EDGE_LEN], to[EDGES][EDGE_LEN];
	int fd = device_open("copy"), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	unsigned sent = 0, got = 0;

	(void)argc, (void)argv;
	memset(from, 0x5a, sizeof(from));
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	while (got < EDGES) {
		struct dmio_usrresp resp;

		CHECK(epoll_wait(epoll, &event, 1, 20000) == 1);
		for (; sent < EDGES; sent++) {
			work_init(&work[sent], to[sent], from, EDGE_LEN, sent);
			if (write(fd, &work[sent].req, sizeof(struct dmio_usrreq)) < 0)
				break;
		}
		CHECK(sent == EDGES || errno == EAGAIN);
		while (read(fd, &resp, sizeof(resp)) == (ssize_t)sizeof(resp)) {
			CHECK(resp.resp_error == 0);
			CHECK(memcmp(to[resp.resp_id], from, EDGE_LEN) == 0);
			got++;
		}
		CHECK(errno == EAGAIN);
	}
	return 0;
}

/* The names of the path, the flags of open(2), and calls that are none of ours. */
static int
run_paths(int argc, char **argv)
{
	struct open_how how = { .flags = O_RDWR | O_CLOEXEC | O_NONBLOCK };
	const char *path = device_path();
	char text[4096];
	int dir, fd, fd2;

	(void)argc, (void)argv;
	snprintf(text, sizeof(text), "/..//./dev/../%s", path);
	fd = open(text, O_RDWR);
	CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	fd2 = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	CHECK(fd2 == fd + 1 && (fcntl(fd2, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK((fcntl(fd2, F_GETFL) & O_NONBLOCK) != 0);
	CHECK(close(fd) == 0);
	/* The lowest number, as the kernel gives it. */
	CHECK(open(path, O_RDWR) == fd);
	how.resolve = RESOLVE_NO_SYMLINKS;
	CHECK(
	    syscall(SYS_openat2, AT_FDCWD, "/nowhere", &how, sizeof(how)) == -1 && errno == ENOENT);
	snprintf(text, sizeof(text), "%s", path);
	*strrchr(text, '/') = '\0';
	dir = open(text[0] != '\0' ? text : "/", O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	CHECK(openat(dir, strrchr(path, '/') + 1, O_RDWR) >= 0);
	CHECK(fchdir(dir) == 0 && open(strrchr(path, '/') + 1, O_RDWR) >= 0);
	CHECK(open(path, O_RDWR | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST);
	CHECK(open(path, O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
	CHECK(open("/dev/dmoverio-not", O_RDWR) == -1 && errno == ENOENT);
	CHECK(open((const char *)8, O_RDWR) == -1 && errno == EFAULT);
	memset(text, 'a', sizeof(text));
	CHECK(syscall(SYS_openat, AT_FDCWD, text, O_RDONLY) == -1 && errno == ENAMETOOLONG);
	return 0;
}

/* DMIO_SETFUNC as the device answers it, and the same number on other files. */
static int
run_setfunc(int argc, char **argv)
{
	struct dmio_setfunc dsf = { "no-such-function" };
	int fd = open(device_path(), O_RDWR), pair[2], copy;

	(void)argc, (void)argv;
	CHECK(fd >= 0);
	CHECK(ioctl(fd, DMIO_SETFUNC, &dsf) == -1 && errno == ESRCH);
	CHECK(ioctl(fd, DMIO_SETFUNC, (void *)8) == -1 && errno == EFAULT);
	strcpy(dsf.dsf_name, "copy");
	copy = dup(fd);
	CHECK(ioctl(copy, DMIO_SETFUNC, &dsf) == 0);
	CHECK(ioctl(fd, DMIO_SETFUNC, &dsf) == -1 && errno == EBUSY);
	CHECK(ioctl(STDIN_FILENO, DMIO_SETFUNC, &dsf) == -1 && errno == ENOTTY);
	CHECK(ioctl(999, DMIO_SETFUNC, &dsf) == -1 && errno == EBADF);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	CHECK(ioctl(pair[0], DMIO_SETFUNC, &dsf) == -1 && errno == ENOTTY);
	device_check(fd, 4096, 1);
	return 0;
}

/* What is wrong with a record is told in its response. */
static int
run_errors(int argc, char **argv)
{
	static unsigned char bytes[2][4096];
	struct work work[3];
	int fd = device_open("copy");

	(void)argc, (void)argv;
	for (unsigned i = 0; i < 3; i++)
		work_init(&work[i], bytes[0], bytes[1], sizeof(bytes[0]), i);
	work[0].req.req_inbuf = (dmio_buffer *)8;
	work[1].in.iov_len--;
	for (unsigned i = 0; i < 3; i++)
		CHECK(write(fd, &work[i].req, sizeof(work[i].req)) == (ssize_t)sizeof(work[i].req));
	for (unsigned i = 0; i < 3; i++) {
		static const int errors[] = { EFAULT, EINVAL, 0 };
		struct dmio_usrresp resp = response(fd);

		CHECK(resp.resp_id < 3 && resp.resp_error == errors[resp.resp_id]);
	}
	/* A length that is no record is dropped, and harms nobody; so is one as long as our own. */
	CHECK(write(fd, bytes, 39) == 39);
	CHECK(write(fd, calloc(1, 60001), 60001) == 60001);
	device_check(fd, 4096, 2);
	fd = open(device_path(), O_RDONLY);
	CHECK(ioctl(fd, DMIO_SETFUNC, &(struct dmio_setfunc){ "copy" }) == 0);
	CHECK(write(fd, &work[2].req, sizeof(work[2].req)) == (ssize_t)sizeof(work[2].req));
	CHECK(response(fd).resp_error == EBADF);
	return 0;
}

/* Many more than the session takes, none read: the writer waits at last, and all are answered. */
static int
run_many(int argc, char **argv)
{
	enum { N = 20000 };
	static struct work work[N];
	static unsigned char from[64], to[N][64];
	struct pollfd pfd = { .events = POLLOUT };
	unsigned sent = 0;

	(void)argc, (void)argv;
	memset(from, 7, sizeof(from));
	pfd.fd = device_open("copy");
	CHECK(fcntl(pfd.fd, F_SETFL, O_NONBLOCK) == 0);
	for (; sent < N; sent++) {
		work_init(&work[sent], to[sent], from, sizeof(from), sent);
		if (write(pfd.fd, &work[sent].req, sizeof(struct dmio_usrreq)) < 0)
			break;
	}
	CHECK(sent > 1024 && sent < N && errno == EAGAIN);
	CHECK(poll(&pfd, 1, 0) == 0);
	for (unsigned i = 0; i < sent; i++)
		CHECK(response(pfd.fd).resp_error == 0);
	for (unsigned i = 0; i < sent; i++)
		CHECK(memcmp(to[i], from, sizeof(from)) == 0);
	CHECK(poll(&pfd, 1, 20000) == 1 && pfd.revents == POLLOUT);
	return 0;
}

/* A session goes through exec, and means the memory of the new program; the old one's work is answered. */
static int
run_exec(int argc, char **argv)
{
	static unsigned char bytes[2][64];
	static struct work work;
	char number[16];
	int fd;

	if (argc > 2) {
		fd = atoi(argv[2]);
		CHECK(response(fd).resp_id == 5);
		device_check(fd, 4096, 9);
		device_check(fd, LARGE, 10);
		return 0;
	}
	fd = device_open("copy");
	CHECK(fcntl(fd, F_SETFD, 0) == 0);
	work_init(&work, bytes[0], bytes[1], sizeof(bytes[0]), 5);
	CHECK(write(fd, &work.req, sizeof(work.req)) == (ssize_t)sizeof(work.req));
	snprintf(number, sizeof(number), "%d", fd);
	execl("/nowhere/program", "program", (char *)NULL);
	CHECK(errno == ENOENT);
	execl("/proc/self/exe", argv[0], "exec", number, (char *)NULL);
	return 1;
}

/* A child writes and dies at once: each request is answered, and the session goes on. */
static int
run_dead(int argc, char **argv)
{
	enum { N = 16 };
	unsigned char *from = calloc(1, LARGE), *to = calloc(1, LARGE);
	static struct work work[N];
	int fd = device_open("copy");
	pid_t pid = fork();

	(void)argc, (void)argv;
	CHECK(pid >= 0);
	if (pid == 0) {
		for (unsigned i = 0; i < N; i++) {
			work_init(&work[i], to, from, LARGE, i);
			CHECK(write(fd, &work[i].req, sizeof(work[i].req)) > 0);
		}
		_exit(0);
	}
	join(pid);
	for (unsigned i = 0; i < N; i++) {
		struct dmio_usrresp resp = response(fd);

		CHECK(resp.resp_error == 0 || resp.resp_error == EFAULT);
	}
	for (size_t i = 0; i < LARGE; i++)
		CHECK(to[i] == 0);
	device_check(fd, 4096, 1);
	free(from);
	free(to);
	return 0;
}

static void
send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 1;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	CHECK(sendmsg(socket, &message, 0) == 1);
}

static int
receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	int fd;

	CHECK(recvmsg(socket, &message, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Another process is handed the descriptor, and means its own memory. */
static int
run_pass(int argc, char **argv)
{
	int pair[2], fd;
	pid_t pid;

	(void)argc, (void)argv;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	pid = fork();
	if (pid == 0) {
		fd = receive_fd(pair[1]);
		device_check(fd, 4096, 3);
		device_check(fd, LARGE, 4);
		_exit(0);
	}
	fd = device_open("copy");
	send_fd(pair[0], fd);
	/* Descriptors in a record's own message are nobody's. */
	send_fd(fd, fd);
	join(pid);
	device_check(fd, 4096, 5);
	return 0;
}

static void *
open_and_close(void *arg)
{
	for (;;) {
		int fd = open(device_path(), O_RDWR);

		CHECK(fd >= 0);
		close(fd);
	}
	return arg;
}

/* Children are killed while they wait for the answer to a call. */
static int
run_killed(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < 40; i++) {
		struct timespec pause = { 0, 1000L * (i % 8) * 100 };
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			pthread_t thread;

			pthread_create(&thread, NULL, open_and_close, NULL);
			open_and_close(NULL);
		}
		nanosleep(&pause, NULL); /* anywhere in its calls */
		CHECK(kill(pid, SIGKILL) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	}
	device_check(device_open("copy"), 4096, 1);
	return 0;
}

/*
 * As a daemon does: the parent says who serves it, and ends; the child works on when descriptor 7 says
 * so, and answers there.
 */
static int
run_orphan(int argc, char **argv)
{
	char byte;
	int fd;

	(void)argc, (void)argv;
	printf("%d\n", (int)getppid());
	fflush(stdout);
	if (fork() != 0)
		return 0;
	close(STDOUT_FILENO);
	fd = device_open("copy");
	CHECK(read(7, &byte, 1) == 1);
	device_check(fd, 4096, 1);
	device_check(device_open("copy"), LARGE, 2);
	CHECK(open("/dev/null", O_RDWR) >= 0);
	CHECK(write(7, "x", 1) == 1);
	return 0;
}

/* Nobody may look into it: the device is not there, and a request of a session is a bad address. */
static int
run_undumpable(int argc, char **argv)
{
	unsigned char from[64], to[64];
	int fd = device_open("copy");

	(void)argc, (void)argv;
	device_check(fd, 4096, 1);
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	CHECK(open(device_path(), O_RDWR) == -1 && errno == ENOENT);
	CHECK(open("/dev/null", O_RDWR) >= 0);
	/* The process is known, and its memory open; a forked child's is not. */
	if (fork() == 0) {
		CHECK(device_copy(fd, to, from, sizeof(to)) == EFAULT);
		_exit(0);
	}
	int status;
	CHECK(wait(&status) > 0 && status == 0);
	return 0;
}

/* A program that gains privileges elsewhere does not here. */
static int
run_setuid(int argc, char **argv)
{
	struct stat st;

	(void)argc, (void)argv;
	CHECK(stat("/proc/self/exe", &st) == 0);
	CHECK((st.st_mode & S_ISUID) != 0 && st.st_uid != getuid() && geteuid() == getuid());
	device_check(device_open("copy"), 4096, 1);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} clients[] = {
	{ "count", run_count },
	{ "edge", run_edge },
	{ "paths", run_paths },
	{ "setfunc", run_setfunc },
	{ "errors", run_errors },
	{ "many", run_many },
	{ "exec", run_exec },
	{ "dead", run_dead },
	{ "pass", run_pass },
	{ "killed", run_killed },
	{ "orphan", run_orphan },
	{ "undumpable", run_undumpable },
	{ "setuid", run_setuid },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		if (argc > 1 && strcmp(argv[1], clients[i].name) == 0)
			return clients[i].run(argc, argv);
	fprintf(stderr, "usage: seccomp_clients NAME\n");
	return 2;
}
