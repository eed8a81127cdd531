/* SPDX-License-Identifier: BSD-2-Clause */
/* uring_site.c: memory of a process, with its file, and requests whose buffers lie there. */
#include "uring_site.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool site_break;

uint8_t *
site_region(void)
{
	static uint8_t *region;
	uint64_t x = 1;

	if (region != NULL)
		return region;
	region = mmap(/* addr= */ NULL, SITE_PLACES * SITE_PLACE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(region, MAP_FAILED);
	for (size_t i = 0; i < SITE_PLACES * SITE_PLACE; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(region + i, &x, sizeof(x));
	}
	return region;
}

static pid_t
pid_of(const struct dmover_space *space)
{
	return ((const struct site *)space)->pid;
}

static ssize_t
site_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_readv(pid_of(space), local, nlocal, remote, nremote, 0);

	return n < 0 ? -errno : n;
}

static ssize_t
site_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = process_vm_writev(pid_of(space), local, nlocal, remote, nremote, 0);

	return n < 0 ? -errno : n;
}

static bool
site_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space, (void)addr, (void)len;
	return false;
}

static int
site_file(struct dmover_space *space)
{
	return ((struct site *)space)->mem_fd;
}

/* Bytes from ADDR on that one line of proc(5)'s maps allows; 0: it is about others. */
static ssize_t
line_allows(const char *line, bool is_write, uint64_t addr, size_t len)
{
	unsigned long long start, end;
	char mode[5];

	if (sscanf(line, "%llx-%llx %4s", &start, &end, mode) != 3 || addr < start || addr >= end)
		return 0;
	if (mode[is_write ? 1 : 0] == '-')
		return -EFAULT;
	return (ssize_t)(len < end - addr ? len : end - addr);
}

static ssize_t
site_allowed(struct dmover_space *space, bool is_write, const void *addr, size_t len)
{
	const struct site *site = (const struct site *)space;
	char path[64], line[4096 + 128];
	bool is_empty = true;
	ssize_t n = 0;
	FILE *maps;

	if (site->is_trusting)
		return (ssize_t)len;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)site->pid);
	maps = fopen(path, "re");
	if (maps == NULL)
		return -ESRCH;
	while (n == 0 && fgets(line, sizeof(line), maps) != NULL) {
		is_empty = false;
		n = line_allows(line, is_write, (uintptr_t)addr, len);
	}
	fclose(maps);
	if (is_empty)
		return -ESRCH;
	return n != 0 ? n : -EFAULT;
}

static void
site_destroy(struct dmover_space *space)
{
	(void)space;
}

static const struct dmover_space_ops site_ops = {
	.spo_readv = site_readv,
	.spo_writev = site_writev,
	.spo_is_resident = site_is_resident,
	.spo_file = site_file,
	.spo_allowed = site_allowed,
	.spo_destroy = site_destroy,
};

static void
open_site(struct site *site, pid_t pid, int to_child)
{
	char path[64];

	*site = (struct site){ .pid = pid, .to_child = to_child };
	site->space.spc_ops = &site_ops;
	site->space.spc_refs = 1;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	site->mem_fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(site->mem_fd >= 0, "%s: %s", path, strerror(errno));
}

void
site_open_self(struct site *site)
{
	site_region();
	open_site(site, getpid(), -1);
}

void
site_open_pid(struct site *site, pid_t pid)
{
	open_site(site, pid, -1);
}

/* In the child: says that it is ready, waits until the pipe is closed. */
static void
wait_in_child(int ready_fd, int wait_fd)
{
	char byte = 1;

	if (write(ready_fd, &byte, 1) != 1)
		_exit(1);
	while (read(wait_fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	_exit(0);
}

void
site_open_child(struct site *site, void (*prepare)(void *arg), void *arg)
{
	int ready[2], wait[2];
	char byte;
	pid_t pid;

	site_region();
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(wait, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		close(wait[1]);
		if (prepare != NULL)
			prepare(arg);
		wait_in_child(ready[1], wait[0]);
	}
	close(ready[1]);
	close(wait[0]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	open_site(site, pid, wait[1]);
}

void
site_kill(struct site *site)
{
	kill(site->pid, SIGKILL);
	ck_assert_int_eq(waitpid(site->pid, NULL, 0), site->pid);
	close(site->to_child);
	site->to_child = -1;
}

void
site_close(struct site *site)
{
	if (site->to_child >= 0)
		site_kill(site);
	close(site->mem_fd);
}

void
site_read(const struct site *site, void *bytes, const void *addr, size_t len)
{
	struct iovec local = { bytes, len };
	struct iovec remote = { (void *)(uintptr_t)addr, len };

	ck_assert_int_eq(process_vm_readv(site->pid, &local, 1, &remote, 1, 0), (ssize_t)len);
}
