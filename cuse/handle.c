/* SPDX-License-Identifier: BSD-2-Clause */
/* handle.c: an address space by its open "mem" and "maps". */
#include "cuse/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cuse/maps.h"
#include "cuse/proc.h"

#define LOCAL_PIECES 64 /* local vectors for one system call */

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
allowed(const struct dmio_handle *handle, bool is_write, uint64_t addr, size_t len,
    struct dmio_mapping *mapping)
{
	if (addr < mapping->start || addr >= mapping->end) {
		int err = dmio_maps_find(handle->maps_fd, addr, mapping);

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
move_range(int mem_fd, bool is_write, struct local_at *at, uint64_t addr, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct iovec list[LOCAL_PIECES];
		int nlist;
		size_t want = local_list(at, len - done, list, &nlist);
		ssize_t n = is_write ? pwritev(mem_fd, list, nlist, (off_t)(addr + done))
				     : preadv(mem_fd, list, nlist, (off_t)(addr + done));

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

ssize_t
dmio_handle_access(const struct dmio_handle *handle, const struct dmio_access *access)
{
	struct local_at at = { .iov = access->local, .n = access->nlocal };
	struct dmio_mapping mapping = { 0 };
	size_t total = 0;

	for (unsigned i = 0; i < access->nremote; i++) {
		uint64_t addr = (uintptr_t)access->remote[i].iov_base;
		size_t left = access->remote[i].iov_len;

		while (left > 0) {
			ssize_t may = allowed(handle, access->is_write, addr, left, &mapping);
			ssize_t n = may;

			if (may > 0)
				n = move_range(
				    handle->mem_fd, access->is_write, &at, addr, (size_t)may);
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

ssize_t
dmio_handle_allowed(const struct dmio_handle *handle, bool is_write, uint64_t addr, size_t len)
{
	struct dmio_mapping mapping = { 0 };

	return allowed(handle, is_write, addr, len, &mapping);
}

/*
 * The text of maps is there only while the thread lives that it was opened by, and a thread may
 * end before its work does: so that of the process, where the kernel answers no queries.
 */
static int
open_maps(pid_t tid)
{
	int fd = dmio_proc_open(tid, "maps", O_RDONLY), of_process;
	pid_t process;
	char byte;

	if (fd < 0 || dmio_maps_has_query(fd))
		return fd;
	process = dmio_proc_process(tid);
	if (process == 0 || process == tid)
		return fd;
	of_process = dmio_proc_open(process, "maps", O_RDONLY);
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
dmio_handle_open(pid_t tid, struct dmio_handle *ret_handle)
{
	struct dmio_handle handle = { .mem_fd = dmio_proc_open(tid, "mem", O_RDWR) };

	if (handle.mem_fd < 0)
		return handle.mem_fd;
	handle.maps_fd = open_maps(tid);
	if (handle.maps_fd < 0) {
		close(handle.mem_fd);
		return handle.maps_fd;
	}
	*ret_handle = handle;
	return 0;
}

void
dmio_handle_close(const struct dmio_handle *handle)
{
	close(handle->mem_fd);
	close(handle->maps_fd);
}
