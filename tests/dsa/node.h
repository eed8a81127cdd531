/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node.h: device nodes of a model's queues: open, write, poll and close them as /dev/dsa/wqN.M.
 *
 * Without CUSE each is a file of one file system that is mounted over a folder; with it, a character
 * device with a node in that folder.  The memory in which descriptors are executed is that of the
 * process that opened the node; a write(2) by another one is EPERM.  mmap(2) is refused: no portals.
 * close(2) waits for the caller's descriptors; not that of the process that serves the node itself,
 * which may call dsa_model_drain().
 */
#ifndef TESTS_DSA_NODE_H
#define TESTS_DSA_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/dsa/model.h"

struct dsa_node;

struct dsa_node_options {
	const char *dir; /* a folder that is there */
	mode_t mode;     /* of each node; 0: 0600 */
	bool is_cuse;    /* else FUSE */

	/* Called, with no lock held, by the threads that serve the nodes and by dsa_node_close(), when
	 * a node has been opened, before its opener knows, and when it has been closed for good.
	 * NULL: not needed. */
	void (*changed)(void *cookie);
	void *cookie;
};

/*
 * Makes the nodes of all queues of MODEL, which must outlive them, and starts the threads that serve
 * them; on return they can be opened.  -ENODEV: no /dev/fuse or /dev/cuse; -errno; WHY (LEN bytes with
 * the NUL) says what is missing.
 */
int dsa_node_open(struct dsa_model *model, const struct dsa_node_options *options,
    struct dsa_node **ret_node, char *why, size_t len);

/* The model has logged an error: wakes those in poll(2).  Any thread, the model's too. */
void dsa_node_wake(struct dsa_node *node);

/*
 * Takes the nodes away.  What is open is closed without waiting for descriptors that are late: the
 * model is halted.  NULL: nothing.
 */
void dsa_node_close(struct dsa_node *node);

#endif /* TESTS_DSA_NODE_H */
