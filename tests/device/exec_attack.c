/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_attack.c: posts much work on its own memory and then becomes somebody else.
 *
 * exec_attack plain|setuid|inherit IMAGE [WAY]: executes IMAGE while the daemon works; "inherit" leaves
 * it the sessions.  WAY is how the work is handed in, if not by write(2) (submit.h): nothing is
 * waited for then, and a call may be under way when IMAGE takes over.  exec_attack reuse: a child dies while the daemon works and another process
 * gets its number.  In no case may a byte appear in the new process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#include "exec_attack.h"
#include "submit.h"

#define VECTORS 1024

static volatile uint8_t *region;

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static long
deadline_ms(void)
{
	const char *slow = getenv("DMOVERIO_TEST_SLOW");

	return now_ms() + 5000 * (slow != NULL && *slow != '\0' ? atol(slow) : 1);
}

static int
fail(const char *what)
{
	printf("exec_attack: %s: %s\n", what, strerror(errno));
	return 1;
}

static int
open_session(void)
{
	const char *path = getenv("DMOVERIO_PATH");
	struct dmio_setfunc dsf = { .dsf_name = "fill8" };
	int fd = open(path != NULL ? path : "/dev/dmoverio", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, DMIO_SETFUNC, &dsf) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Posts the work of one session; by SUBMIT, which may be NULL.  0, or -1 with errno. */
static int
post(int fd, struct submit *submit)
{
	static struct iovec iov[VECTORS];
	static struct dmio_usrreq requests[ATTACK_REQUESTS];
	int err;

	for (unsigned i = 0; i < VECTORS; i++)
		iov[i] = (struct iovec){ (void *)(uintptr_t)region, ATTACK_LEN };
	for (unsigned i = 0; i < ATTACK_REQUESTS; i++)
		requests[i] = (struct dmio_usrreq){ .req_outbuf = { iov, VECTORS },
			.req_immediate = { ATTACK_BYTE },
			.req_id = i };
	if (submit == NULL)
		return write(fd, requests, sizeof(requests)) == (ssize_t)sizeof(requests) ? 0 : -1;
	err = submit_call(submit, true, fd, requests, sizeof(requests));
	errno = -err;
	return err < 0 ? -1 : 0;
}

/* Waits for the daemon's first bytes. */
static int
wait_begun(void)
{
	long end = deadline_ms();

	while (region[0] != ATTACK_BYTE) {
		if (now_ms() > end) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

static int
map_region(void)
{
	region = mmap((void *)ATTACK_ADDRESS, ATTACK_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return region == (uint8_t *)ATTACK_ADDRESS ? 0 : -1;
}

static int
attack_exec(const char *mode, const char *image, struct submit *submit)
{
	char numbers[ATTACK_SESSIONS][16];
	const char *args[ATTACK_SESSIONS + 3] = { image, mode };

	for (int i = 0; i < ATTACK_SESSIONS; i++) {
		int fd = open_session();

		if (fd < 0 || post(fd, submit) != 0)
			return fail("cannot post");
		if (strcmp(mode, "inherit") == 0) {
			fcntl(fd, F_SETFD, 0);
			snprintf(numbers[i], sizeof(numbers[i]), "%d", fd);
			args[i + 2] = numbers[i];
		}
	}
	if (wait_begun() != 0)
		return fail("the daemon does not begin");
	execv(image, (char **)(uintptr_t)args);
	return fail(image);
}

/* The work is handed in by another way than write(2). */
static int
attack_submit(const char *mode, const char *image, const char *name)
{
	enum submit_way way = submit_find(name);
	struct submit submit;
	int err = way == SUBMIT_WAYS ? -EINVAL : submit_open(&submit, way);

	if (err == 0)
		return attack_exec(mode, image, &submit);
	errno = -err;
	fail(name);
	return err == -ENOSYS || err == -EPERM || err == -ENOMEM ? 77 : 1;
}

/* In the process that got the number: its memory is its own. */
static int
watch_region(void)
{
	long end = now_ms() + VICTIM_MS;

	do {
		for (size_t i = 0; i < ATTACK_LEN; i += 64) {
			if (region[i] != VICTIM_BYTE) {
				printf("exec_attack: byte %zu of the new process is %02x\n", i,
				    region[i]);
				return 1;
			}
		}
	} while (now_ms() < end);
	return 0;
}

static int
wait_exit(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
attack_reuse(void)
{
	int fds[ATTACK_SESSIONS];
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid_size = 1 };
	pid_t first, second, wanted;

	memset((void *)(uintptr_t)region, VICTIM_BYTE, ATTACK_LEN);
	for (int i = 0; i < ATTACK_SESSIONS; i++) {
		fds[i] = open_session();
		if (fds[i] < 0)
			return fail("cannot open");
	}
	first = fork();
	if (first == 0) {
		for (int i = 0; i < ATTACK_SESSIONS; i++) {
			if (post(fds[i], NULL) != 0)
				_exit(1);
		}
		if (wait_begun() != 0)
			_exit(1);
		_exit(0);
	}
	if (wait_exit(first) != 0)
		return fail("the first process");
	wanted = first;
	args.set_tid = (uintptr_t)&wanted;
	second = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (second == 0)
		_exit(watch_region());
	if (second < 0) {
		fail("the number cannot be had again");
		return errno == EPERM || errno == ENOSYS || errno == EINVAL ? 77 : 1;
	}
	return wait_exit(second);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc < 2 || (argc < 3 && strcmp(argv[1], "reuse") != 0)) {
		fprintf(stderr, "usage: exec_attack plain|setuid|inherit IMAGE [WAY], "
				"or exec_attack reuse\n");
		return 2;
	}
	if (map_region() != 0)
		return fail("mmap");
	if (strcmp(argv[1], "reuse") == 0)
		return attack_reuse();
	if (argc > 3 && strcmp(argv[3], "write") != 0)
		return attack_submit(argv[1], argv[2], argv[3]);
	return attack_exec(argv[1], argv[2], NULL);
}
