/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_stall.c: makes the daemon sleep in its look at the poster's random bytes (userfaultfd on the page
 * of AT_RANDOM), becomes another image meanwhile, and lets the daemon go on.
 *
 * One process keeps the first memory, and another one that shares it (as vfork(2) does) posts a copy
 * within it; a signal has that write answered while the daemon sleeps.  Nothing of the image may be
 * copied into the first memory, and what the image posts itself must go into its own.
 *
 * Status: 0 when it was so, 1 when not, 77 when the daemon cannot be made to sleep there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

/* Linked at a fixed address: the copies go from its first half to the second. */
#define REGION 0x2000000000
#define HALF   ((size_t)1 << 20)

#define PAGE        4096
#define FIRST_BYTE  0x33 /* of the process that keeps its memory */
#define IMAGE_BYTE  0x55 /* of the image */
#define PATIENCE_MS 20000
/* A daemon that does not look at AT_RANDOM answers within this. */
#define LOOK_MS 2000

__asm__(".section .attack,\"aw\",@nobits\n"
	".zero 2 << 20\n"
	".previous\n");

static uint8_t *const from = (uint8_t *)REGION;
static uint8_t *const to = (uint8_t *)REGION + HALF;

/* All that is used while the page of AT_RANDOM, which holds arguments and environment, is away. */
static char program[4096], device[4096], numbers[2][12];
static int dev, uffd, ready[2], go[2];
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

static int
fail(const char *what)
{
	printf("exec_stall: %s: %s\n", what, strerror(errno));
	return 1;
}

static bool
is_all(const uint8_t *bytes, uint8_t byte)
{
	for (size_t i = 0; i < HALF; i++) {
		if (bytes[i] == byte)
			continue;
		printf("exec_stall: byte %zu is %02x, not %02x\n", i, bytes[i], byte);
		return false;
	}
	return true;
}

static int
open_device(void)
{
	struct dmio_setfunc dsf = { .dsf_name = "copy" };
	int fd = open(device, O_RDWR);

	return fd >= 0 && ioctl(fd, DMIO_SETFUNC, &dsf) == 0 ? fd : -1;
}

static bool
post(int fd)
{
	static struct iovec in = { (void *)REGION, HALF }, out = { (uint8_t *)REGION + HALF, HALF };
	static dmio_buffer input = { &in, 1 };
	const struct dmio_usrreq request = { .req_outbuf = { &out, 1 }, .req_inbuf = &input };

	return write(fd, &request, sizeof(request)) == (ssize_t)sizeof(request);
}

/* The response comes, and says that all went well. */
static bool
is_done(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct dmio_usrresp response;

	return poll(&pfd, 1, PATIENCE_MS) == 1 &&
	       read(fd, &response, sizeof(response)) == (ssize_t)sizeof(response) &&
	       response.resp_error == 0;
}

/* After the exec: sleeps with its memory filled until it is told to go on, and posts a copy then. */
static int
be_image(void)
{
	char byte = 0;
	int fd;

	memset(from, IMAGE_BYTE, HALF);
	memset(to, 0, HALF);
	if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
		return fail("the image is not heard");
	fd = open_device();
	if (fd < 0 || !post(fd) || !is_done(fd))
		return fail("the image cannot copy");
	return is_all(to, IMAGE_BYTE) ? 0 : 1;
}

static void
on_signal(int number)
{
	(void)number;
}

/* Shares the memory of the first process. */
static int
be_poster(void *arg)
{
	struct sigaction action = { .sa_handler = on_signal };
	char *const argv[] = { program, (char[]){ "image" }, device, numbers[0], numbers[1], NULL };
	char *const envp[] = { NULL };

	(void)arg;
	sigaction(SIGUSR1, &action, NULL);
	if (post(dev))
		execve(program, argv, envp);
	_exit(3);
}

/* From here on a look at the page sleeps. */
static int
take_page(uint8_t *at)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)at, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING };

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) != 0 ||
	    ioctl(uffd, UFFDIO_REGISTER, &range) != 0)
		return -1;
	memcpy(page, at, PAGE);
	return madvise(at, PAGE, MADV_DONTNEED);
}

static int
give_page(uint8_t *at)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)at, .src = (uintptr_t)page, .len = PAGE };

	return ioctl(uffd, UFFDIO_COPY, &copy);
}

/* The poster's write is answered by a signal, and it becomes the image; then the daemon goes on. */
static int
exec_meanwhile(pid_t poster, uint8_t *at)
{
	struct pollfd heard = { .fd = ready[0], .events = POLLIN };
	char byte = 0;
	int status = 0;

	kill(poster, SIGUSR1);
	if (poll(&heard, 1, PATIENCE_MS) != 1)
		status = fail("the write is not answered");
	if (give_page(at) != 0)
		return fail("UFFDIO_COPY");
	if (status == 0 && !is_done(dev))
		status = fail("the first copy does not end well");
	if (status == 0 && !is_all(to, FIRST_BYTE))
		status = 1;
	memset(to, 0, HALF);
	if (status == 0 && write(go[1], &byte, 1) != 1)
		status = fail("pipe");
	return status;
}

static int
attack(void)
{
	static char stack[64 << 10] __attribute__((aligned(64)));
	uint8_t *at = (uint8_t *)(getauxval(AT_RANDOM) & ~(uintptr_t)(PAGE - 1));
	struct pollfd looked = { .events = POLLIN };
	int status = 77, ended;
	pid_t poster;

	memset(from, FIRST_BYTE, HALF);
	memset(to, 0, HALF);
	if (take_page(at) != 0)
		return 77;
	/* With the files shared too, so that the session outlives the poster. */
	poster = clone(be_poster, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
	if (poster < 0)
		return fail("clone");
	looked.fd = uffd;
	if (poll(&looked, 1, LOOK_MS) == 1)
		status = exec_meanwhile(poster, at);
	else
		give_page(at);
	if (status != 0)
		kill(poster, SIGKILL);
	if (waitpid(poster, &ended, 0) != poster)
		return fail("waitpid");
	if (status == 0 && (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0 || !is_all(to, 0)))
		status = 1;
	return status;
}

static void *
attack_thread(void *arg)
{
	*(int *)arg = attack();
	return NULL;
}

/*
 * The first thread's stack begins in the page: the attack is another's, and what the first one uses
 * until that has ended is far below, or it would be taken for a daemon that looks.
 */
static __attribute__((noinline)) int
attack_far_from_page(void)
{
	volatile char depth[16 * PAGE];
	static int status;
	pthread_t thread;

	depth[0] = 0;
	if (pthread_create(&thread, NULL, attack_thread, &status) != 0)
		return fail("thread");
	pthread_join(thread, NULL);
	return status + depth[0];
}

int
main(int argc, char **argv)
{
	const char *path = getenv("DMOVERIO_PATH");
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc == 5) {
		snprintf(device, sizeof(device), "%s", argv[2]);
		ready[1] = atoi(argv[3]);
		go[0] = atoi(argv[4]);
		return be_image();
	}
	snprintf(device, sizeof(device), "%s", path != NULL ? path : "/dev/dmoverio");
	if (n <= 0 || pipe(ready) != 0 || pipe(go) != 0 || (dev = open_device()) < 0)
		return fail("cannot begin");
	snprintf(numbers[0], sizeof(numbers[0]), "%d", ready[1]);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", go[0]);
	return attack_far_from_page();
}
