/* SPDX-License-Identifier: BSD-2-Clause */
/* spoilt.c: programs with a mistake each, which a tool has to see through the device. */
#include "common.h"

#define LEN ((size_t)4096)

/* The copy of bytes that were never set decides what is printed. */
static int
run_uninitialised(int fd)
{
	char *from = malloc(LEN), *to = malloc(LEN);

	CHECK(device_copy(fd, to, from, LEN) == 0);
	return to[100] == 42 ? puts("is") < 0 : puts("is not") < 0;
}

static int
run_initialised(int fd)
{
	char *from = calloc(1, LEN), *to = malloc(LEN);

	CHECK(device_copy(fd, to, from, LEN) == 0);
	if (to[100] == 42)
		puts("is");
	CHECK(device_copy(fd, to, from, LEN) == 0);
	free(from);
	free(to);
	return 0;
}

static int
run_overflow(int fd)
{
	char *from = calloc(1, LEN), *to = malloc(LEN - 8);

	CHECK(device_copy(fd, to, from, LEN) == 0);
	return 0;
}

static int
run_freed(int fd)
{
	char *volatile from = calloc(1, LEN), *to = malloc(LEN);

	free(from);
	CHECK(device_copy(fd, to, from, LEN) == 0);
	return 0;
}

/* A large request is the workers'; meanwhile the program touches its output. */
static int
run_race(int fd)
{
	size_t len = (size_t)8 << 20;
	char *from = calloc(1, len), *to = calloc(1, len);
	struct iovec out = { to, len }, in = { from, len };
	dmio_buffer input = { &in, 1 };
	struct dmio_usrreq req = { .req_outbuf = { &out, 1 }, .req_inbuf = &input };
	struct dmio_usrresp resp;

	CHECK(write(fd, &req, sizeof(req)) == sizeof(req));
	for (size_t i = 0; i < len; i += 512)
		to[i] = 1;
	CHECK(read(fd, &resp, sizeof(resp)) == sizeof(resp));
	return 0;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int fd = device_open("copy");

	if (strcmp(name, "uninitialised") == 0)
		return run_uninitialised(fd);
	if (strcmp(name, "initialised") == 0)
		return run_initialised(fd);
	if (strcmp(name, "overflow") == 0)
		return run_overflow(fd);
	if (strcmp(name, "freed") == 0)
		return run_freed(fd);
	if (strcmp(name, "race") == 0)
		return run_race(fd);
	return 2;
}
