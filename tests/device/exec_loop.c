/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_loop.c: becomes another image of itself again and again while copies are posted, with memory at
 * the same addresses each time.
 *
 * exec_loop loops: each image posts copies of its own and turns into the next.  Of what one has
 * posted nothing may appear in another.
 *
 * exec_loop share: a process that shares the first memory (as vfork(2) does) posts copies within it
 * and turns into one image after the other, while this one keeps that memory.  Nothing of the images
 * may be copied into it, nor anything be written into them.
 *
 * exec_loop forge: the same, and every second image passes itself off as the first: it has the same
 * random bytes of AT_RANDOM at the same address.  What it shows is its own affair; of the images
 * between, which know nothing of it, nothing may be copied.
 *
 * Every argument has the same length in each image, and so AT_RANDOM the same address.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

/* Linked at a fixed address (exec_image.c): the copies go from its first half to the second. */
#define REGION   0x2000000000
#define HALF     ((size_t)1 << 20)
#define SESSIONS 4
#define REQUESTS 16
#define VECTORS  1024

/* A slow machine (DMOVERIO_TEST_SLOW) gets a quarter of the images. */
#define ROUNDS   24
#define IMAGE_MS 4

#define FIRST_BYTE  0x33 /* of the process that keeps its memory */
#define IMAGE_BYTE  0x55 /* of an image */
#define FALSE_BYTE  0x77 /* of one that forges */
#define RANDOM_SIZE 16

__asm__(".section .attack,\"aw\",@nobits\n"
	".zero 2 << 20\n"
	".previous\n");

static volatile uint8_t *const from = (uint8_t *)REGION;
static volatile uint8_t *const to = (uint8_t *)REGION + HALF;

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
fail(const char *what)
{
	printf("exec_loop: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Whether the bytes are each 0 or one of the two. */
static int
holds_only(volatile const uint8_t *bytes, size_t len, uint8_t one, uint8_t other)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = bytes[i];

		if (byte == 0 || byte == one || byte == other)
			continue;
		printf("exec_loop: byte %zu is %02x, of another image\n", i, byte);
		return 0;
	}
	return 1;
}

/* Posts the work of one session, whose file stays open through exec. */
static int
post(void)
{
	static struct iovec in[VECTORS], out[VECTORS];
	static dmio_buffer input = { in, VECTORS };
	struct dmio_usrreq requests[REQUESTS];
	struct dmio_setfunc dsf = { .dsf_name = "copy" };
	const char *path = getenv("DMOVERIO_PATH");
	int fd = open(path != NULL ? path : "/dev/dmoverio", O_RDWR);

	for (unsigned i = 0; i < VECTORS; i++) {
		in[i] = (struct iovec){ (void *)(uintptr_t)from, HALF };
		out[i] = (struct iovec){ (void *)(uintptr_t)to, HALF };
	}
	for (unsigned i = 0; i < REQUESTS; i++)
		requests[i] = (struct dmio_usrreq){
			.req_outbuf = { out, VECTORS }, .req_inbuf = &input, .req_id = i
		};
	if (fd < 0 || ioctl(fd, DMIO_SETFUNC, &dsf) != 0)
		return -1;
	return write(fd, requests, sizeof(requests)) == (ssize_t)sizeof(requests) ? 0 : -1;
}

static long
slowness(void)
{
	const char *slow = getenv("DMOVERIO_TEST_SLOW");

	return slow != NULL && *slow != '\0' ? atol(slow) : 1;
}

static int
rounds(void)
{
	return slowness() > 1 ? ROUNDS / 4 : ROUNDS;
}

/* Waits for the first bytes of the copies. */
static int
wait_begun(uint8_t byte)
{
	long end = now_ms() + 5000 * slowness();

	while (to[0] != byte) {
		if (now_ms() > end) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

/* Turns into the next image, with so many left after it. */
static int
become(const char *mode, int left, const char *random)
{
	char path[4096], number[8];
	char *argv[] = { path, (char *)(uintptr_t)mode, number, (char *)(uintptr_t)random, NULL };
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	snprintf(number, sizeof(number), "%03d", left);
	if (n > 0) {
		path[n] = '\0';
		execv(path, argv);
	}
	return fail("exec");
}

/* Looks at its own memory for a while: nothing is there but what it puts there. */
static int
be_image(uint8_t byte)
{
	long end = now_ms() + IMAGE_MS;

	if (!holds_only(from, 2 * HALF, 0, 0))
		return 1;
	memset((void *)(uintptr_t)from, byte, 2 * HALF);
	do {
		if (!holds_only(from, 2 * HALF, byte, byte))
			return 1;
	} while (now_ms() < end);
	return 0;
}

/* As "loops", with LEFT images to come. */
static int
loop(int left)
{
	uint8_t byte = (uint8_t)(1 + left);
	long end = now_ms() + IMAGE_MS;

	if (!holds_only(from, 2 * HALF, 0, 0))
		return 1;
	memset((void *)(uintptr_t)from, byte, HALF);
	if (left > 0 && (post() != 0 || wait_begun(byte) != 0))
		return fail("cannot post");
	do {
		if (!holds_only(from, HALF, byte, byte) || !holds_only(to, HALF, byte, byte))
			return 1;
	} while (now_ms() < end);
	return left > 0 ? become("loops", left - 1, "") : 0;
}

/* An image that the sharing process has become. */
static int
follow(const char *mode, int left, const char *random)
{
	int is_false = strcmp(mode, "false") == 0;
	uint8_t *own = (uint8_t *)getauxval(AT_RANDOM);
	int status;

	for (int i = 0; is_false && own != NULL && i < RANDOM_SIZE; i++)
		sscanf(random + 2 * i, "%2hhx", &own[i]);
	status = be_image(is_false ? FALSE_BYTE : IMAGE_BYTE);
	if (status != 0 || left == 0)
		return status;
	return become(*random != '\0' && !is_false ? "false" : "image", left - 1, random);
}

/* The process that shares the memory: posts, and turns into the images. */
static int
share(void *arg)
{
	for (int i = 0; i < SESSIONS; i++)
		if (post() != 0)
			return fail("cannot post");
	if (wait_begun(FIRST_BYTE) != 0)
		return fail("the daemon does not begin");
	return become("image", rounds(), arg);
}

/* The process that keeps the memory: only its own bytes may be copied within it. */
static int
keep(uint8_t allowed, char *random)
{
	static char stack[64 << 10] __attribute__((aligned(64)));
	int status, is_good = 1;
	pid_t child, ended = 0;

	memset((void *)(uintptr_t)from, FIRST_BYTE, HALF);
	/* With the files shared too, so that the sessions outlive the child. */
	child = clone(share, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, random);
	if (child < 0)
		return fail("clone");
	while (is_good && ended == 0) {
		is_good = holds_only(to, HALF, FIRST_BYTE, allowed);
		ended = waitpid(child, &status, WNOHANG);
	}
	if (ended == 0)
		kill(child, SIGKILL);
	if (ended == 0 && waitpid(child, &status, 0) != child)
		return fail("waitpid");
	if (!is_good || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

/* With addresses that are the same in each image. */
static int
forge(void)
{
	const uint8_t *own = (const uint8_t *)getauxval(AT_RANDOM);
	char random[2 * RANDOM_SIZE + 1] = "";

	if ((personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0) {
		memset(random, '0', 2 * RANDOM_SIZE);
		if (personality(ADDR_NO_RANDOMIZE) < 0)
			return 77;
		return become("forge", 0, random);
	}
	for (int i = 0; own != NULL && i < RANDOM_SIZE; i++)
		snprintf(random + 2 * i, 3, "%02x", own[i]);
	return keep(FALSE_BYTE, random);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int left = argc > 2 ? atoi(argv[2]) : rounds();

	setvbuf(stdout, NULL, _IONBF, 0);
	if (strcmp(mode, "loops") == 0)
		return loop(left);
	if (strcmp(mode, "share") == 0)
		return keep(FIRST_BYTE, (char[]){ "" });
	if (strcmp(mode, "forge") == 0)
		return forge();
	if (strcmp(mode, "image") == 0 || strcmp(mode, "false") == 0)
		return follow(mode, left, argc > 3 ? argv[3] : "");
	fprintf(stderr, "usage: exec_loop loops|share|forge\n");
	return 2;
}
