/* SPDX-License-Identifier: BSD-2-Clause */
/* maps.c: what an address space allows at an address. */
#include "cuse/maps.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

/* PROCMAP_QUERY of Linux 6.11 (include/uapi/linux/fs.h), which older headers do not have. */
struct procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	uint32_t vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
_Static_assert(sizeof(struct procmap_query) == 104, "PROCMAP_QUERY");

#define QUERY_IOCTL    _IOWR('f', 17, struct procmap_query)
#define QUERY_READABLE 0x01u
#define QUERY_WRITABLE 0x02u

static int
find_by_query(int fd, uint64_t addr, struct dmio_mapping *ret)
{
	struct procmap_query query = { .size = sizeof(query), .query_addr = addr };

	if (ioctl(fd, QUERY_IOCTL, &query) != 0)
		return errno == ENOENT ? -EFAULT : -errno;
	*ret = (struct dmio_mapping){
		.start = query.vma_start,
		.end = query.vma_end,
		.is_readable = (query.vma_flags & QUERY_READABLE) != 0,
		.is_writable = (query.vma_flags & QUERY_WRITABLE) != 0,
	};
	return 0;
}

/* Reads "start-end rw.." at the head of a line.  1: the mapping of ADDR; 0: before; -1: behind. */
static int
line_matches(const char *line, uint64_t addr, struct dmio_mapping *ret)
{
	unsigned long long start, end;
	char read, write;

	if (sscanf(line, "%llx-%llx %c%c", &start, &end, &read, &write) != 4)
		return -1;
	if (addr < start)
		return -1;
	if (addr >= end)
		return 0;
	*ret = (struct dmio_mapping){
		.start = start,
		.end = end,
		.is_readable = read == 'r',
		.is_writable = write == 'w',
	};
	return 1;
}

int
dmio_maps_find_text(int fd, uint64_t addr, struct dmio_mapping *ret_mapping)
{
	char text[8192 + 1]; /* a line is a path of 4096 bytes and some, at the most */
	size_t have = 0;
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, text + have, sizeof(text) - 1 - have, at);
		char *line = text, *end;

		if (n < 0)
			return -errno;
		if (n == 0)
			return at == 0 ? -ESRCH : -EFAULT;
		at += n;
		have += (size_t)n;
		text[have] = '\0';
		for (; (end = memchr(line, '\n', have - (size_t)(line - text))) != NULL;
		     line = end + 1) {
			int match = line_matches(line, addr, ret_mapping);

			if (match != 0)
				return match > 0 ? 0 : -EFAULT;
		}
		have -= (size_t)(line - text);
		if (have == sizeof(text) - 1)
			return -EFAULT; /* no line is that long */
		memmove(text, line, have);
	}
}

int
dmio_maps_find(int fd, uint64_t addr, struct dmio_mapping *ret_mapping)
{
	static atomic_bool has_no_query;
	int err;

	if (!atomic_load_explicit(&has_no_query, memory_order_relaxed)) {
		err = find_by_query(fd, addr, ret_mapping);
		if (err != -ENOTTY)
			return err;
		atomic_store(&has_no_query, true);
	}
	return dmio_maps_find_text(fd, addr, ret_mapping);
}

bool
dmio_maps_has_query(int fd)
{
	struct dmio_mapping mapping;

	return find_by_query(fd, 0, &mapping) != -ENOTTY;
}
