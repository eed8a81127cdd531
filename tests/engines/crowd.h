/* SPDX-License-Identifier: BSD-2-Clause */
/* crowd.h: an engine asked by many threads at once. */
#ifndef TESTS_ENGINES_CROWD_H
#define TESTS_ENGINES_CROWD_H

#include "compare.h"

/* For xor2 only: the test fails where a request is lost, ends twice or has wrong bytes. */
void crowd_look(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func);

#endif /* TESTS_ENGINES_CROWD_H */
