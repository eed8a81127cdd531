/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: the memory of a process, by process_vm_readv(2) and process_vm_writev(2). */
#include "tests/dsa/memory.h"

#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * The kernel stops at what it cannot reach and tells how much there was, but tells nothing when that
 * is the first byte of its walk: so it is asked again for the rest, until there is none.
 */
static size_t
move(pid_t pid, uint64_t addr, void *buf, size_t len, bool is_write)
{
	size_t done = 0;

	while (done < len) {
		struct iovec local = { (uint8_t *)buf + done, len - done };
		struct iovec remote = { (void *)(uintptr_t)(addr + done), len - done };
		ssize_t n = is_write ? process_vm_writev(pid, &local, 1, &remote, 1, 0)
				     : process_vm_readv(pid, &local, 1, &remote, 1, 0);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static size_t
process_read(const struct dsa_memory *memory, uint64_t addr, void *buf, size_t len)
{
	return move(memory->pid, addr, buf, len, false);
}

static size_t
process_write(const struct dsa_memory *memory, uint64_t addr, const void *buf, size_t len)
{
	return move(memory->pid, addr, (void *)(uintptr_t)buf, len, true);
}

struct dsa_memory
dsa_memory_process(pid_t pid)
{
	return (struct dsa_memory){ .read = process_read, .write = process_write, .pid = pid };
}

struct dsa_memory
dsa_memory_self(void)
{
	return dsa_memory_process(getpid());
}
