/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posted.c: the memory of a caller whose call was answered, through /proc/PID/mem.
 *
 * The open file stays with the address space, not with the process: after an exec or an exit it
 * reads and writes 0 bytes, whoever has the process id then.  It looks past page protection,
 * though; so each mapping is asked first, and a read-only output is -EFAULT here as everywhere.
 * (A caller that changes protection between question and access only reaches its own copy.)
 *
 * While the poster is blocked in a read(2), its thread is borrowed instead (lend.h).  Another way to
 * the same memory becomes another table of operations, chosen in dmio_posted_create().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cuse/lend.h"
#include "cuse/maps.h"
#include "cuse/memory.h"

#define LOCAL_PIECES 64 /* local vectors for one system call */

struct posted {
	struct dmover_space space; /* first */
	int mem_fd, maps_fd;
	struct dmio_device *device;
	struct dmio_identity identity; /* of who posted */
};

/* A position in the local list. */
struct local_at {
	const struct iovec *iov;
	unsigned n;
	size_t skip;
};

/* Lists the local pieces of the next LEN bytes, as many as fit; returns the bytes. */
static size_t
local_list(struct local_at *at, size_t len, struct iovec *list, int *ret_n)
{
	size_t covered = 0;
	int n = 0;

	while (covered < len && at->n > 0 && n < LOCAL_PIECES) {
		size_t part = at->iov->iov_len - at->skip;

		if (part > len - covered)
			part = len - covered;
		list[n++] = (struct iovec){ (char *)at->iov->iov_base + at->skip, part };
		covered += part;
		at->skip += part;
		if (at->skip == at->iov->iov_len) {
			at->iov++, at->n--;
			at->skip = 0;
		}
	}
	*ret_n = n;
	return covered;
}

/* Bytes from ADDR on, at most LEN, that the mapping there allows to move; or -errno. */
static ssize_t
allowed(const struct posted *posted, bool is_write, uint64_t addr, size_t len,
    struct dmio_mapping *mapping)
{
	if (addr < mapping->start || addr >= mapping->end) {
		int err = dmio_maps_find(posted->maps_fd, addr, mapping);

		if (err < 0) {
			mapping->end = 0;
			return err == -ESRCH ? err : -EFAULT;
		}
	}
	if (is_write ? !mapping->is_writable : !mapping->is_readable)
		return -EFAULT;
	return (ssize_t)(len < mapping->end - addr ? len : mapping->end - addr);
}

/* Moves LEN bytes between the local position and ADDR.  The bytes moved, or -errno. */
static ssize_t
move_range(
    const struct posted *posted, bool is_write, struct local_at *at, uint64_t addr, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct iovec list[LOCAL_PIECES];
		int nlist;
		size_t want = local_list(at, len - done, list, &nlist);
		ssize_t n = is_write ? pwritev(posted->mem_fd, list, nlist, (off_t)(addr + done))
				     : preadv(posted->mem_fd, list, nlist, (off_t)(addr + done));

		if (n == 0)
			return -ESRCH;
		if (n < 0)
			return done > 0 ? (ssize_t)done : -EFAULT;
		done += (size_t)n;
		if ((size_t)n < want)
			return (ssize_t)done;
	}
	return (ssize_t)done;
}

static ssize_t
posted_move(const struct posted *posted, bool is_write, struct local_at at,
    const struct iovec *remote, unsigned nremote)
{
	struct dmio_mapping mapping = { 0 };
	size_t total = 0;

	for (; nremote > 0; remote++, nremote--) {
		uint64_t addr = (uintptr_t)remote->iov_base;
		size_t left = remote->iov_len;

		while (left > 0) {
			ssize_t may = allowed(posted, is_write, addr, left, &mapping);
			ssize_t n =
			    may < 0 ? may : move_range(posted, is_write, &at, addr, (size_t)may);

			if (n == -ESRCH || (n < 0 && total == 0))
				return n;
			if (n < 0)
				return (ssize_t)total;
			total += (size_t)n;
			if (n < may)
				return (ssize_t)total;
			addr += (size_t)n;
			left -= (size_t)n;
		}
	}
	return (ssize_t)total;
}

static struct dmio_parked *
borrow(const struct posted *posted)
{
	if (posted->device == NULL)
		return NULL;
	return dmio_lend_borrow(posted->device, &posted->identity);
}

static ssize_t
posted_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	struct posted *posted = (struct posted *)space;
	struct local_at at = { .iov = local, .n = nlocal };
	struct dmio_parked *lender = borrow(posted);
	ssize_t n;

	if (lender == NULL)
		return posted_move(posted, false, at, remote, nremote);
	n = process_vm_readv(posted->identity.tid, local, nlocal, remote, nremote, 0);
	n = n < 0 ? -errno : n;
	dmio_lend_return(posted->device, lender);
	return n;
}

static ssize_t
posted_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	struct posted *posted = (struct posted *)space;
	struct local_at at = { .iov = local, .n = nlocal };
	struct dmio_parked *lender = borrow(posted);
	ssize_t n;

	if (lender == NULL)
		return posted_move(posted, true, at, remote, nremote);
	n = process_vm_writev(posted->identity.tid, local, nlocal, remote, nremote, 0);
	n = n < 0 ? -errno : n;
	dmio_lend_return(posted->device, lender);
	return n;
}

/* Not known without one more open file: what may not fault is refused. */
static bool
posted_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space, (void)addr, (void)len;
	return false;
}

static int
posted_file(struct dmover_space *space)
{
	return ((struct posted *)space)->mem_fd;
}

static ssize_t
posted_allowed(struct dmover_space *space, bool is_write, const void *addr, size_t len)
{
	struct dmio_mapping mapping = { 0 };

	return allowed((struct posted *)space, is_write, (uintptr_t)addr, len, &mapping);
}

static void
posted_destroy(struct dmover_space *space)
{
	struct posted *posted = (struct posted *)space;

	close(posted->mem_fd);
	close(posted->maps_fd);
	free(posted);
}

static const struct dmover_space_ops posted_ops = {
	.spo_readv = posted_readv,
	.spo_writev = posted_writev,
	.spo_is_resident = posted_is_resident,
	.spo_file = posted_file,
	.spo_allowed = posted_allowed,
	.spo_destroy = posted_destroy,
};

static int
open_proc(pid_t tid, const char *file, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? (errno == EACCES ? -EPERM : -errno) : fd;
}

/* The process of a thread, from the line "Tgid:" of /proc/TID/status; 0: not known. */
static pid_t
process_of(pid_t tid)
{
	char text[1024], *at;
	ssize_t n;
	int fd = open_proc(tid, "status", O_RDONLY);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "\nTgid:");
	return at != NULL ? (pid_t)strtol(at + 6, NULL, 10) : 0;
}

/*
 * The text of maps is there only while the thread lives that it was opened by, and a thread may
 * end before its work does: so that of the process, where the kernel answers no queries.
 */
static int
open_maps(pid_t tid)
{
	int fd = open_proc(tid, "maps", O_RDONLY), of_process;
	pid_t process;
	char byte;

	if (fd < 0 || dmio_maps_has_query(fd))
		return fd;
	process = process_of(tid);
	if (process == 0 || process == tid)
		return fd;
	of_process = open_proc(process, "maps", O_RDONLY);
	if (of_process < 0)
		return fd;
	if (pread(of_process, &byte, 1, 0) != 1) { /* its first thread has ended */
		close(of_process);
		return fd;
	}
	close(fd);
	return of_process;
}

int
dmio_posted_create(pid_t tid, struct dmio_device *device, struct dmover_space **ret_space)
{
	struct posted *posted = calloc(1, sizeof(*posted));
	int err;

	if (posted == NULL)
		return -ENOMEM;
	posted->space = (struct dmover_space){ .spc_ops = &posted_ops, .spc_refs = 1 };
	posted->mem_fd = open_proc(tid, "mem", O_RDWR);
	if (posted->mem_fd < 0) {
		err = posted->mem_fd;
		goto free_posted;
	}
	posted->maps_fd = open_maps(tid);
	if (posted->maps_fd < 0) {
		err = posted->maps_fd;
		goto close_mem;
	}
	posted->device = device;
	dmio_identity_get(tid, &posted->identity);
	*ret_space = &posted->space;
	return 0;

close_mem:
	close(posted->mem_fd);
free_posted:
	free(posted);
	return err;
}
