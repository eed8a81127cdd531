/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_tree.h: the files from which discovery learns of software devices. */
#ifndef TESTS_ENGINES_IDXD_TREE_H
#define TESTS_ENGINES_IDXD_TREE_H

#include "tests/dsa/model.h"

/*
 * Adds a device of which OPTIONS are in use (dsa_model_options) to the tree in FOLDER, which exists:
 * attributes below FOLDER/sysfs, an empty file for each node below FOLDER/dev.  0 or -errno.
 */
int idxd_tree_add(const char *folder, const struct dsa_model_options *options);

/* Removes FOLDER and all that is in it. */
void idxd_tree_remove(const char *folder);

#endif /* TESTS_ENGINES_IDXD_TREE_H */
