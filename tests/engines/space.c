/* SPDX-License-Identifier: BSD-2-Clause */
/* space.c: the memory of a process: process_vm_readv(2), its twin, and "mem" of proc(5). */
#include "space.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAPPINGS_MAX 1024

struct mapping {
	uintptr_t from, to;
	bool is_readable, is_writable;
};

struct process_space {
	struct dmover_space space; /* first */
	pid_t pid;
	int mem_fd;
	pthread_mutex_t lock;
	unsigned nmappings;                    /* (lock) 0: to be read again */
	struct mapping mappings[MAPPINGS_MAX]; /* (lock) the text of "maps", which is dear */
};

static struct process_space *
process_of(struct dmover_space *space)
{
	return (struct process_space *)space;
}

static ssize_t
process_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_readv(
	    process_of(space)->pid, local, nlocal, remote, nremote, /* flags= */ 0);

	return n < 0 ? -errno : n;
}

static ssize_t
process_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_writev(
	    process_of(space)->pid, local, nlocal, remote, nremote, /* flags= */ 0);

	return n < 0 ? -errno : n;
}

/* Not known: what may not fault is refused. */
static bool
process_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space, (void)addr, (void)len;
	return false;
}

static int
process_file(struct dmover_space *space)
{
	return process_of(space)->mem_fd;
}

/* Locked.  -ESRCH: the process is gone. */
static int
read_mappings(struct process_space *process)
{
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)process->pid);
	maps = fopen(path, "re");
	if (maps == NULL)
		return -ESRCH;
	process->nmappings = 0;
	while (process->nmappings < MAPPINGS_MAX && fgets(line, sizeof(line), maps) != NULL) {
		struct mapping *mapping = &process->mappings[process->nmappings];
		char may_read, may_write;

		if (sscanf(line, "%lx-%lx %c%c", &mapping->from, &mapping->to, &may_read,
			&may_write) != 4)
			continue;
		mapping->is_readable = may_read == 'r';
		mapping->is_writable = may_write == 'w';
		process->nmappings++;
	}
	fclose(maps);
	return 0;
}

/* Locked. */
static const struct mapping *
find_mapping(const struct process_space *process, uintptr_t addr)
{
	for (unsigned i = 0; i < process->nmappings; i++)
		if (addr >= process->mappings[i].from && addr < process->mappings[i].to)
			return &process->mappings[i];
	return NULL;
}

/* Never past the end of one mapping: an engine must go on asking. */
static ssize_t
process_allowed(struct dmover_space *space, bool is_write, const void *addr, size_t len)
{
	struct process_space *process = process_of(space);
	const struct mapping *mapping;
	ssize_t may = -EFAULT;

	pthread_mutex_lock(&process->lock);
	mapping = find_mapping(process, (uintptr_t)addr);
	/* It may be new. */
	if (mapping == NULL && read_mappings(process) < 0)
		may = -ESRCH;
	else if (mapping == NULL)
		mapping = find_mapping(process, (uintptr_t)addr);
	if (mapping != NULL && (is_write ? mapping->is_writable : mapping->is_readable))
		may = (ssize_t)(mapping->to - (uintptr_t)addr);
	pthread_mutex_unlock(&process->lock);
	return may > 0 && (size_t)may > len ? (ssize_t)len : may;
}

void
space_changed(struct dmover_space *space)
{
	struct process_space *process = process_of(space);

	pthread_mutex_lock(&process->lock);
	process->nmappings = 0;
	pthread_mutex_unlock(&process->lock);
}

static void
process_destroy(struct dmover_space *space)
{
	pthread_mutex_destroy(&process_of(space)->lock);
	close(process_of(space)->mem_fd);
	free(space);
}

static const struct dmover_space_ops process_ops = {
	.spo_readv = process_readv,
	.spo_writev = process_writev,
	.spo_is_resident = process_is_resident,
	.spo_file = process_file,
	.spo_allowed = process_allowed,
	.spo_destroy = process_destroy,
};

/* -errno when the kernel does not let this process read the other's byte at ADDR. */
static int
try_access(pid_t pid, const void *addr)
{
	char byte;
	const struct iovec local = { &byte, 1 }, remote = { (void *)(uintptr_t)addr, 1 };

	return process_vm_readv(pid, &local, 1, &remote, 1, /* flags= */ 0) == 1 ? 0 : -errno;
}

int
space_open(pid_t pid, struct dmover_space **ret_space)
{
	struct process_space *process = calloc(1, sizeof(*process));
	char path[64];
	int err;

	if (process == NULL)
		return -ENOMEM;
	process->space = (struct dmover_space){ .spc_ops = &process_ops, .spc_refs = 1 };
	process->pid = pid;
	/* This table is at the same address in a child. */
	err = try_access(pid, &process_ops);
	if (err < 0)
		goto free_process;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	process->mem_fd = open(path, O_RDWR | O_CLOEXEC);
	if (process->mem_fd < 0) {
		err = -errno;
		goto free_process;
	}
	pthread_mutex_init(&process->lock, NULL);
	*ret_space = &process->space;
	return 0;

free_process:
	free(process);
	return err;
}
