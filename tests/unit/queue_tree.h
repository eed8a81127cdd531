/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_tree.h: files such as the driver idxd shows of its devices and queues, made for a test.
 *
 * Names are relative to the root.  One tree at a time, of the thread that makes it; what fails, fails
 * the test.
 */
#ifndef TESTS_UNIT_QUEUE_TREE_H
#define TESTS_UNIT_QUEUE_TREE_H

#include <stddef.h>

extern char tree_root[64];

/* One device "dsa0", with a shared queue "wq0.0" of the node "nodes/wq0.0", and nothing wrong. */
void tree_make(void);
void tree_remove(void);

/* The whole path, until the next call. */
const char *tree_path(const char *name);

/* Writes a file: these bytes; or TEXT with a line's end, as the kernel does. */
void tree_put_bytes(const char *name, const void *bytes, size_t len);
void tree_put(const char *name, const char *text);

/* Removes a file or an empty folder. */
void tree_take_away(const char *name);
void tree_move(const char *from, const char *to);
void tree_put_folder(const char *name);

/* A queue as "wq0.0" is, of any number. */
void tree_put_queue(const char *name);

/* A device as "dsa0" is, and its GROUP. */
void tree_put_device(const char *name, const char *group);

/* A set of 256 bits as the kernel prints it, with these lowest 64; until the next call. */
const char *tree_bits(unsigned high, unsigned low);

#endif /* TESTS_UNIT_QUEUE_TREE_H */
