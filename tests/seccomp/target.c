/* SPDX-License-Identifier: BSD-2-Clause */
/* target.c: the program that launch.c launches: TARGET NAME ARGUMENT. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition,        \
			    strerror(errno));                                                      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static int
target_exit(const char *arg)
{
	return atoi(arg);
}

static int
target_raise(const char *arg)
{
	raise(atoi(arg));
	return 0;
}

static int
target_cat(const char *arg)
{
	char bytes[4096];
	ssize_t n;

	(void)arg;
	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		CHECK(write(STDOUT_FILENO, bytes, (size_t)n) == n);
	return 0;
}

/* Says each signal that comes, until SIGINT; and how many SIGTERM there were in all. */
static int
target_signals(const char *arg)
{
	const struct timespec now = { 0, 0 };
	siginfo_t info;
	sigset_t set;
	int signo, nterms = 0;

	(void)arg;
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	printf("ready\n");
	fflush(stdout);
	do {
		signo = sigwaitinfo(&set, &info);
		nterms += signo == SIGTERM;
		printf("%d %d\n", signo, info.si_code == SI_QUEUE ? info.si_int : 0);
		fflush(stdout);
	} while (signo != SIGINT);
	while ((signo = sigtimedwait(&set, &info, &now)) > 0)
		nterms += signo == SIGTERM;
	printf("%d\n", nterms);
	return 0;
}

/* Stops itself. */
static int
target_stop(const char *arg)
{
	(void)arg;
	raise(SIGSTOP);
	printf("on\n");
	fflush(stdout);
	return 3;
}

/* Says who it is and who serves it, and waits for the end of its input. */
static int
target_wait(const char *arg)
{
	char byte;

	(void)arg;
	printf("%d\n%d\n", (int)getpid(), (int)getppid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 4;
}

/* Closes its output and goes on. */
static int
target_hush(const char *arg)
{
	char byte;

	(void)arg;
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 5;
}

/* What it has inherited, and nothing else. */
static int
target_inherited(const char *arg)
{
	struct sigaction act;
	sigset_t mask;
	struct dirent *entry;
	DIR *dir;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < NSIG; i++) {
		if (sigismember(&mask, i) >= 0 && i != 32 && i != 33)
			CHECK(sigismember(&mask, i) == (i == SIGUSR1));
		if (sigaction(i, NULL, &act) == 0)
			CHECK((act.sa_handler == SIG_IGN) == (i == SIGINT || i == SIGCHLD));
	}
	dir = opendir("/proc/self/fd");
	CHECK(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(dir) && fd != 9)
			CHECK(fd <= STDERR_FILENO && strcmp(arg, "open") == 0);
	}
	closedir(dir);
	CHECK(fcntl(9, F_GETFD) == 0);
	CHECK((open("/dev/dmoverio", O_RDWR) == STDIN_FILENO) == (strcmp(arg, "closed") == 0));
	CHECK(write(9, "good\n", 5) == 5);
	return 0;
}

/* Opens a path in a page that never comes: whoever reads it waits.  Says who serves it before. */
static int
target_stall(const char *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	range.range.start = (uintptr_t)page;
	range.range.len = 4096;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &range) != 0) {
		printf("0\n");
		return 0;
	}
	printf("%d\n", (int)getppid());
	fflush(stdout);
	syscall(SYS_openat, AT_FDCWD, page, O_RDONLY);
	return 1;
}

static const struct {
	const char *name;
	int (*run)(const char *arg);
} targets[] = {
	{ "exit", target_exit },
	{ "raise", target_raise },
	{ "cat", target_cat },
	{ "signals", target_signals },
	{ "stop", target_stop },
	{ "wait", target_wait },
	{ "hush", target_hush },
	{ "inherited", target_inherited },
	{ "stall", target_stall },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(argv[1], targets[i].name) == 0)
			return targets[i].run(argv[2]);
	fprintf(stderr, "usage: seccomp_target NAME ARGUMENT\n");
	return 2;
}
