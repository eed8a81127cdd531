/* SPDX-License-Identifier: BSD-2-Clause */
/* reach.h: what every space of a real caller must do, whichever road it takes. */
#ifndef TESTS_UNIT_REACH_H
#define TESTS_UNIT_REACH_H

#include <dev/dmover/dmover.h>

#include "child.h"

/* Reads and writes at every border of the child's memory. */
void reach_check(struct dmover_space *space, const struct child *child);

#endif /* TESTS_UNIT_REACH_H */
