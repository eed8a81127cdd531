/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * launch.c: a program under dmover-run --seccomp is for others what it is alone: its status, its signals,
 * its streams, its terminal.
 *
 * seccomp_launch DMOVER_RUN CLIENTS TARGET [TEST]: TARGET is target.c, the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define DEADLINE_MS 20000
#define ROUNDS      20

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition,        \
			    strerror(errno));                                                      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static const char *run_path, *clients_path, *target_path;

/* A program that runs: the process that was started, and both ends of its streams. */
struct launched {
	pid_t pid;
	int in, out;
};

/* Lines of the program's output. */
static void
read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		CHECK(poll(&pfd, 1, DEADLINE_MS) == 1);
		if (read(fd, line + n, 1) != 1 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
}

static void
expect_line(int fd, const char *wanted)
{
	char line[256];

	read_line(fd, line, sizeof(line));
	if (strcmp(line, wanted) != 0) {
		fprintf(stderr, "launch: \"%s\", not \"%s\"\n", line, wanted);
		exit(1);
	}
}

/* Nobody has the other end any more. */
static void
expect_end(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte;

	CHECK(poll(&pfd, 1, DEADLINE_MS) == 1);
	CHECK(read(fd, &byte, 1) == 0);
}

static int
wait_for(pid_t pid, int flags)
{
	int status;

	CHECK(waitpid(pid, &status, flags) == pid);
	return status;
}

static _Noreturn void
become(const char *name, const char *arg)
{
	execl(run_path, run_path, "--force", "--seccomp", target_path, name, arg, (char *)NULL);
	_exit(99);
}

/* In a process group of its own, as a shell does. */
static struct launched
launch(const char *name, const char *arg)
{
	struct launched launched;
	int in[2], out[2];

	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	launched.pid = fork();
	CHECK(launched.pid >= 0);
	if (launched.pid == 0) {
		setpgid(0, 0);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		become(name, arg);
	}
	setpgid(launched.pid, launched.pid);
	close(in[0]);
	close(out[1]);
	launched.in = in[1];
	launched.out = out[0];
	return launched;
}

static void
release(const struct launched *launched)
{
	close(launched->in);
	close(launched->out);
}

/* The tests. */

static void
the_exit_status_is_the_programs(void)
{
	static const char *const statuses[] = { "0", "7", "127", "255" };

	for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct launched launched = launch("exit", statuses[i]);
		int status = wait_for(launched.pid, 0);

		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == atoi(statuses[i]));
		release(&launched);
	}
}

static void
the_signal_that_ends_it_is_the_programs(void)
{
	static const int signals[] = { SIGSEGV, SIGKILL, SIGTERM, SIGABRT, SIGUSR1, SIGPIPE };

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		char number[8];
		struct launched launched;
		int status;

		snprintf(number, sizeof(number), "%d", signals[i]);
		launched = launch("raise", number);
		status = wait_for(launched.pid, 0);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		CHECK(!WCOREDUMP(status));
		release(&launched);
	}
}

static void
its_input_is_the_programs(void)
{
	struct launched launched = launch("cat", "");

	for (unsigned i = 0; i < 1000; i++) {
		char line[32];

		CHECK(dprintf(launched.in, "line %u\n", i) > 0);
		snprintf(line, sizeof(line), "line %u", i);
		expect_line(launched.out, line);
	}
	close(launched.in);
	expect_end(launched.out);
	CHECK(wait_for(launched.pid, 0) == 0);
	close(launched.out);
}

/* By its number and by its group: the program gets each signal once. */
static void
signals_for_it_reach_the_program_once(void)
{
	struct launched launched = launch("signals", "");
	char line[32];

	expect_line(launched.out, "ready");
	for (unsigned i = 0; i < ROUNDS; i++) {
		snprintf(line, sizeof(line), "%d 0", SIGTERM);
		CHECK(kill(launched.pid, SIGTERM) == 0);
		expect_line(launched.out, line);
		CHECK(kill(-launched.pid, SIGTERM) == 0);
		expect_line(launched.out, line);
		/* A higher number: by then the SIGTERM before it was passed on, or dropped. */
		snprintf(line, sizeof(line), "%d %u", SIGPWR, i);
		CHECK(sigqueue(launched.pid, SIGPWR, (union sigval){ .sival_int = (int)i }) == 0);
		expect_line(launched.out, line);
	}
	CHECK(kill(launched.pid, SIGINT) == 0);
	snprintf(line, sizeof(line), "%d 0", SIGINT);
	expect_line(launched.out, line);
	snprintf(line, sizeof(line), "%d", 2 * ROUNDS);
	expect_line(launched.out, line);
	CHECK(wait_for(launched.pid, 0) == 0);
	release(&launched);
}

static void
it_stops_and_goes_on_with_the_program(void)
{
	struct launched launched = launch("stop", "");
	int status = wait_for(launched.pid, WUNTRACED);

	CHECK(WIFSTOPPED(status));
	CHECK(kill(launched.pid, SIGCONT) == 0);
	expect_line(launched.out, "on");
	status = wait_for(launched.pid, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	release(&launched);
}

static void
the_program_stops_and_goes_on_with_its_group(void)
{
	struct launched launched = launch("wait", "");
	char pid[32], ppid[32];
	int status;

	read_line(launched.out, pid, sizeof(pid));
	read_line(launched.out, ppid, sizeof(ppid));
	CHECK(kill(-launched.pid, SIGSTOP) == 0);
	CHECK(WIFSTOPPED(wait_for(launched.pid, WUNTRACED)));
	CHECK(kill(-launched.pid, SIGCONT) == 0);
	CHECK(WIFCONTINUED(wait_for(launched.pid, WCONTINUED)));
	close(launched.in);
	status = wait_for(launched.pid, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 4);
	close(launched.out);
}

static void
it_ends_with_a_program_that_is_stopped(void)
{
	struct launched launched = launch("wait", "");
	char pid[32], ppid[32];

	read_line(launched.out, pid, sizeof(pid));
	read_line(launched.out, ppid, sizeof(ppid));
	CHECK(kill(atoi(pid), SIGSTOP) == 0);
	CHECK(WIFSTOPPED(wait_for(launched.pid, WUNTRACED)));
	CHECK(kill(atoi(pid), SIGKILL) == 0);
	CHECK(WTERMSIG(wait_for(launched.pid, 0)) == SIGKILL);
	release(&launched);
}

static void
the_program_ends_when_it_is_killed(void)
{
	struct launched launched = launch("wait", "");
	char pid[32];

	read_line(launched.out, pid, sizeof(pid));
	read_line(launched.out, pid, sizeof(pid));
	CHECK(kill(launched.pid, SIGKILL) == 0);
	CHECK(WTERMSIG(wait_for(launched.pid, 0)) == SIGKILL);
	expect_end(launched.out);
	release(&launched);
}

static void
the_program_ends_when_its_service_is_killed(void)
{
	struct launched launched = launch("wait", "");
	char pid[32];
	int status;

	read_line(launched.out, pid, sizeof(pid));
	read_line(launched.out, pid, sizeof(pid));
	CHECK(kill(atoi(pid), SIGKILL) == 0);
	status = wait_for(launched.pid, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 125);
	expect_end(launched.out);
	release(&launched);
}

/* The service is stuck in the program's memory, and the program goes nevertheless. */
static void
a_program_that_keeps_its_service_waiting_can_be_ended(void)
{
	struct launched launched = launch("stall", "");
	char line[32];
	int service, status;

	read_line(launched.out, line, sizeof(line));
	if (atoi(line) == 0) {
		printf("skip: no userfaultfd\n");
		CHECK(wait_for(launched.pid, 0) == 0);
		release(&launched);
		return;
	}
	service = (int)syscall(SYS_pidfd_open, atoi(line), 0);
	CHECK(service >= 0);
	CHECK(kill(launched.pid, SIGTERM) == 0);
	status = wait_for(launched.pid, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHECK(poll(&(struct pollfd){ .fd = service, .events = POLLIN }, 1, DEADLINE_MS) == 1);
	close(service);
	release(&launched);
}

static void
nobody_else_holds_its_output(void)
{
	struct launched launched = launch("hush", "");
	int status;

	expect_end(launched.out);
	close(launched.in);
	status = wait_for(launched.pid, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	close(launched.out);
}

static void
inherits(bool is_closed)
{
	int out[2];
	pid_t pid;

	CHECK(pipe2(out, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		sigset_t mask;

		sigemptyset(&mask);
		sigaddset(&mask, SIGUSR1);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		signal(SIGINT, SIG_IGN);
		signal(SIGCHLD, SIG_IGN);
		dup2(out[1], 9);
		close_range(10, ~0U, 0);
		close_range(3, 8, 0);
		if (is_closed)
			close_range(0, 2, 0);
		become("inherited", is_closed ? "closed" : "open");
	}
	close(out[1]);
	expect_line(out[0], "good");
	CHECK(wait_for(pid, 0) == 0);
	close(out[0]);
}

static void
the_program_inherits_what_it_would_alone(void)
{
	inherits(false);
	inherits(true);
}

/* A child that outlives the program is served, and the service ends after it. */
static void
children_are_served_after_the_programs_end(void)
{
	int pair[2], out[2], service;
	char line[32], byte;
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(pipe2(out, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		/* Either may be the number 7. */
		dup2(out[1], STDOUT_FILENO);
		dup2(pair[1], 7);
		execl(run_path, run_path, "--force", "--seccomp", clients_path, "orphan",
		    (char *)NULL);
		_exit(99);
	}
	close(pair[1]);
	close(out[1]);
	read_line(out[0], line, sizeof(line));
	service = (int)syscall(SYS_pidfd_open, atoi(line), 0);
	CHECK(service >= 0);
	CHECK(wait_for(pid, 0) == 0);
	expect_end(out[0]);
	CHECK(write(pair[0], "y", 1) == 1);
	CHECK(read(pair[0], &byte, 1) == 1 && byte == 'x');
	expect_end(pair[0]);
	CHECK(poll(&(struct pollfd){ .fd = service, .events = POLLIN }, 1, DEADLINE_MS) == 1);
	close(service);
	close(pair[0]);
	close(out[0]);
}

/* In a new session with the terminal: what a shell does with a job. */
static _Noreturn void
be_shell(const char *terminal, int ready)
{
	pid_t pid;
	int fd;

	setsid();
	fd = open(terminal, O_RDWR);
	CHECK(fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0);
	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(fd, getpid());
		signal(SIGTTOU, SIG_DFL);
		dup2(fd, STDIN_FILENO);
		dup2(ready, STDOUT_FILENO);
		execl(run_path, run_path, "--force", "--seccomp", target_path, "wait", "",
		    (char *)NULL);
		_exit(99);
	}
	setpgid(pid, pid);
	CHECK(WIFSTOPPED(wait_for(pid, WUNTRACED)));
	CHECK(tcsetpgrp(fd, getpgrp()) == 0);
	CHECK(tcsetpgrp(fd, pid) == 0);
	CHECK(kill(-pid, SIGCONT) == 0);
	CHECK(WIFCONTINUED(wait_for(pid, WCONTINUED)));
	CHECK(write(ready, "again\n", 6) == 6);
	CHECK(WTERMSIG(wait_for(pid, 0)) == SIGINT);
	exit(0);
}

static void
a_terminal_stops_and_ends_it(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), ready[2];
	char line[32];
	pid_t pid;

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	CHECK(pipe(ready) == 0);
	pid = fork();
	if (pid == 0)
		be_shell(ptsname(master), ready[1]);
	close(ready[1]);
	read_line(ready[0], line, sizeof(line));
	read_line(ready[0], line, sizeof(line));
	CHECK(write(master, "\032", 1) == 1);
	expect_line(ready[0], "again");
	CHECK(write(master, "\003", 1) == 1);
	CHECK(wait_for(pid, 0) == 0);
	close(ready[0]);
	close(master);
}

#define TEST(function)                                                                             \
	{                                                                                          \
#function, function                                                                \
	}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(the_exit_status_is_the_programs),
	TEST(the_signal_that_ends_it_is_the_programs),
	TEST(its_input_is_the_programs),
	TEST(signals_for_it_reach_the_program_once),
	TEST(it_stops_and_goes_on_with_the_program),
	TEST(the_program_stops_and_goes_on_with_its_group),
	TEST(it_ends_with_a_program_that_is_stopped),
	TEST(the_program_ends_when_it_is_killed),
	TEST(the_program_ends_when_its_service_is_killed),
	TEST(a_program_that_keeps_its_service_waiting_can_be_ended),
	TEST(nobody_else_holds_its_output),
	TEST(the_program_inherits_what_it_would_alone),
	TEST(children_are_served_after_the_programs_end),
	TEST(a_terminal_stops_and_ends_it),
};

int
main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: seccomp_launch DMOVER_RUN CLIENTS TARGET [TEST]\n");
		return 2;
	}
	run_path = argv[1];
	clients_path = argv[2];
	target_path = argv[3];
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (argc > 4 && strcmp(argv[4], tests[i].name) != 0)
			continue;
		tests[i].run();
		printf("good: %s\n", tests[i].name);
		fflush(stdout);
	}
	return 0;
}
