/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h: the files of sysfs that tell of a model, as /sys/bus/dsa/devices does of hardware.
 *
 *	ROOT/dsaN/            the device: state, version, gen_cap, op_cap and so on; and a file "model",
 *	                      which no hardware has, with the process that the model is in
 *	ROOT/dsaN/wqN.M/      its queues, ROOT/wqN.M being links to them; engines and groups likewise
 */
#ifndef TESTS_DSA_TREE_H
#define TESTS_DSA_TREE_H

#include <stddef.h>

#include "tests/dsa/model.h"

struct dsa_tree;

/*
 * Writes the tree of MODEL, which must outlive it, below the folder ROOT, which must be there; several
 * models of different numbers may share it.  What a process has left that is no more is replaced.
 * -EEXIST: there is one already; -errno: WHY (LEN bytes with the NUL) says what went
 * wrong; nothing is left.
 */
int dsa_tree_create(
    struct dsa_model *model, const char *root, struct dsa_tree **ret_tree, char *why, size_t len);

/* Writes again what has changed in the model.  Any thread.  0 or -errno. */
int dsa_tree_update(struct dsa_tree *tree);

/* Removes it; the folder stays.  NULL: nothing. */
void dsa_tree_destroy(struct dsa_tree *tree);

#endif /* TESTS_DSA_TREE_H */
