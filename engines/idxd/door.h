/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door.h: how this process reaches a work queue: its node, its portal, and the processor's
 * instructions.  The kernel's door is the only one of the engine; tests have doors to a model.
 */
#ifndef ENGINES_IDXD_DOOR_H
#define ENGINES_IDXD_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engines/queues.h"

/* A portal is a page, each 64 bytes of which take a descriptor. */
#define IDXD_PORTAL 4096u

/*
 * All members are required.  Any thread, one at a time for each open queue.  They fail with -errno.
 */
struct idxd_door {
	/* As dmover_queues_survey(). */
	unsigned (*door_survey)(const struct queues_roots *roots, struct dsa_queue *queues,
	    unsigned max, struct queues_lack *ret_lack);
	/* What is returned, 0 or above, names the queue below.  -EBUSY: dedicated, and in use. */
	int (*door_open)(const struct dsa_queue *queue);
	/* Maps the portal.  -EPERM: not for this user. */
	int (*door_map)(int fd, void **ret_portal);
	void (*door_unmap)(int fd, void *portal);
	/* Whole descriptors; how many bytes of them were taken.  -EAGAIN: the queue is full. */
	ssize_t (*door_write)(int fd, const void *descs, size_t len);
	/*
	 * Returns when nothing that was submitted is under way any more: no byte of the process's
	 * memory, and no record, is touched from then on.
	 */
	void (*door_close)(int fd);
	/* Whether the processor has ENQCMD, for shared queues, or MOVDIR64B, for dedicated ones. */
	bool (*door_has_portal)(bool is_shared);
};

extern const struct idxd_door idxd_kernel_door;

#endif /* ENGINES_IDXD_DOOR_H */
