/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h: an address space that the model reads and writes.
 *
 * An access to what is not there is a short count, never a signal: the model makes a page fault of it.
 */
#ifndef TESTS_DSA_MEMORY_H
#define TESTS_DSA_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Both functions move at most LEN bytes at address ADDR, and return how many there were before the
 * first that cannot be had, perhaps 0.  Called by the device's thread alone.
 */
struct dsa_memory {
	size_t (*read)(const struct dsa_memory *memory, uint64_t addr, void *buf, size_t len);
	size_t (*write)(
	    const struct dsa_memory *memory, uint64_t addr, const void *buf, size_t len);
	pid_t pid;
	void *cookie; /* for functions of the caller's own */
};

/* This process. */
struct dsa_memory dsa_memory_self(void);

/* Another one; needs the rights of ptrace(2) on it. */
struct dsa_memory dsa_memory_process(pid_t pid);

#endif /* TESTS_DSA_MEMORY_H */
