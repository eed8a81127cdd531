/* SPDX-License-Identifier: BSD-2-Clause */
/* real.c: looks up the functions that ours stand in front of. */
#include "preload/real.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct name {
	const char *name;
	size_t offset;
};

#define NAME(symbol, member)                                                                       \
	{                                                                                          \
		symbol, offsetof(struct preload_real, member)                                      \
	}

static const struct name names[] = {
	NAME("open", open),
	NAME("open64", open64),
	NAME("openat", openat),
	NAME("openat64", openat64),
	NAME("__open_2", open_2),
	NAME("__open64_2", open64_2),
	NAME("__openat_2", openat_2),
	NAME("__openat64_2", openat64_2),
	NAME("creat", creat),
	NAME("creat64", creat64),
	NAME("fopen", fopen),
	NAME("fopen64", fopen64),
	NAME("freopen", freopen),
	NAME("freopen64", freopen64),
	NAME("ioctl", ioctl),
	NAME("read", read),
	NAME("__read_chk", read_chk),
	NAME("readv", readv),
	NAME("write", write),
	NAME("writev", writev),
};

static struct preload_real real;
static atomic_bool is_found;

/* Two threads may do this at once: both store the same. */
static void
find(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *symbol = dlsym(RTLD_NEXT, names[i].name);

		/* glibc has them all; without one nothing can be called. */
		if (symbol == NULL)
			_exit(127);
		memcpy((char *)&real + names[i].offset, &symbol, sizeof(symbol));
	}
	atomic_store_explicit(&is_found, true, memory_order_release);
}

__attribute__((constructor)) static void
find_early(void)
{
	find();
}

const struct preload_real *
preload_real(void)
{
	if (!atomic_load_explicit(&is_found, memory_order_acquire))
		find();
	return &real;
}
