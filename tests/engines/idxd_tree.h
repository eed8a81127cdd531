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

/*
 * Says anew in FOLDER whether the device, which is in the tree, has halted, and which of its queues are
 * enabled.  A reader sees the old or the new, no half.  0 or -errno.
 */
int idxd_tree_say_state(const char *folder, struct dsa_model *model);

/* Removes FOLDER and all that is in it. */
void idxd_tree_remove(const char *folder);

#endif /* TESTS_ENGINES_IDXD_TREE_H */
