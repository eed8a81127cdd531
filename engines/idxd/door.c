/* SPDX-License-Identifier: BSD-2-Clause */
/* door.c: the kernel's door to a work queue, the node in /dev/dsa. */
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

/* The queue is bound to this process's memory by the open: after the last fork(2). */
static int
kernel_open(const struct dsa_queue *queue)
{
	int fd = open(queue->node, O_RDWR | O_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

static int
kernel_map(int fd, void **ret_portal)
{
	void *portal =
	    mmap(/* addr= */ NULL, IDXD_PORTAL, PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (portal == MAP_FAILED)
		return -errno;
	*ret_portal = portal;
	return 0;
}

static void
kernel_unmap(int fd, void *portal)
{
	(void)fd;
	munmap(portal, IDXD_PORTAL);
}

static ssize_t
kernel_write(int fd, const void *descs, size_t len)
{
	ssize_t n = write(fd, descs, len);

	return n >= 0 ? n : -errno;
}

/* The kernel drains what this process has in the queue before the last close returns. */
static void
kernel_close(int fd)
{
	close(fd);
}

static bool
kernel_has_portal(bool is_shared)
{
#ifdef __x86_64__
	unsigned eax, ebx, ecx, edx;

	if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0)
		return false;
	return (ecx >> (is_shared ? 29 : 28) & 1) != 0;
#else
	(void)is_shared;
	return false;
#endif
}

const struct idxd_door idxd_kernel_door = {
	.door_survey = dmover_queues_survey,
	.door_open = kernel_open,
	.door_map = kernel_map,
	.door_unmap = kernel_unmap,
	.door_write = kernel_write,
	.door_close = kernel_close,
	.door_has_portal = kernel_has_portal,
};
