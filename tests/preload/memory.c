/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: what preload/memory.c gives out, in a program that is linked as the preloaded object is: with
 * --wrap.
 */
#include "common.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#define THREADS 4
#define ROUNDS  20000
#define BLOCKS  32

/* The compiler may know what malloc(3) promises, and leave calls out. */
static void *volatile seen;

static void *
see(void *bytes)
{
	seen = bytes;
	return seen;
}

static int
is_all(const unsigned char *bytes, size_t len, unsigned char value)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != value)
			return 0;
	return 1;
}

static void
blocks_are_aligned_and_their_own(void)
{
	unsigned char *blocks[200];

	for (size_t i = 0; i < 200; i++) {
		blocks[i] = see(malloc(i * i));
		CHECK(blocks[i] != NULL && (uintptr_t)blocks[i] % _Alignof(max_align_t) == 0);
		memset(blocks[i], (int)i, i * i);
	}
	for (size_t i = 0; i < 200; i++) {
		CHECK(is_all(blocks[i], i * i, (unsigned char)i));
		free(blocks[i]);
	}
}

/* Small ones, and those that give their pages back. */
static void
calloc_is_zero_for_what_was_used_before(void)
{
	volatile size_t half = SIZE_MAX / 2;
	static const size_t sizes[] = { 1, 48, 100, 5000, 300000, (size_t)3 << 20,
		(size_t)20 << 20 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char *first = see(malloc(sizes[i])), *again;

		CHECK(first != NULL);
		memset(first, 0xaa, sizes[i]);
		free(first);
		again = see(calloc(sizes[i], 1));
		CHECK(again == first && is_all(again, sizes[i], 0));
		free(again);
	}
	CHECK(see(calloc(half, 3)) == NULL && errno == ENOMEM);
}

static void
realloc_keeps_what_was_there(void)
{
	unsigned char *bytes = see(realloc(NULL, 1));

	CHECK(bytes != NULL);
	bytes[0] = 0x5a;
	for (size_t size = 2; size <= (size_t)1 << 22; size *= 2) {
		bytes = see(realloc(bytes, size));
		CHECK(bytes != NULL && is_all(bytes, size / 2, 0x5a));
		memset(bytes, 0x5a, size);
	}
	free(bytes);
}

static void
what_the_c_library_allocated_goes_back_to_it(void)
{
	char *text = see(strdup("text")), *line;

	CHECK(asprintf(&line, "%s and %d", text, 5) == 10);
	free(text);
	line = see(realloc(line, 100000));
	CHECK(strcmp(line, "text and 5") == 0);
	free(line);
	free(NULL);
}

static void *
churn(void *arg)
{
	unsigned char *blocks[BLOCKS] = { NULL }, seed = *(unsigned char *)arg;
	size_t sizes[BLOCKS] = { 0 };

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned at = (i * 7 + seed) % BLOCKS;

		CHECK(is_all(blocks[at], sizes[at], seed));
		free(blocks[at]);
		sizes[at] = (i * 131 + seed) % 3000;
		blocks[at] = malloc(sizes[at]);
		CHECK(blocks[at] != NULL);
		memset(blocks[at], seed, sizes[at]);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return NULL;
}

/* In children that are forked in the middle of it, too: nobody lets go of the lock there. */
static void
threads_and_children_have_blocks_of_their_own(void)
{
	static unsigned char seeds[THREADS + 1] = { 1, 2, 3, 4, 5 };
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, churn, &seeds[i]) == 0);
	for (unsigned i = 0; i < 50; i++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (pid == 0) {
			alarm(60);
			churn(&seeds[THREADS]);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

int
main(void)
{
	blocks_are_aligned_and_their_own();
	calloc_is_zero_for_what_was_used_before();
	realloc_keeps_what_was_there();
	what_the_c_library_allocated_goes_back_to_it();
	threads_and_children_have_blocks_of_their_own();
	return 0;
}
