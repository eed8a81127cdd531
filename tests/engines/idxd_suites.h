/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_suites.h: the test cases of the idxd engine that have files of their own. */
#ifndef TESTS_ENGINES_IDXD_SUITES_H
#define TESTS_ENGINES_IDXD_SUITES_H

#include <check.h>

#include "idxd_load.h"

/* The ways into a queue, as words of idxd_site_plan_parse(). */
enum idxd_way { WAY_WRITE_SHARED, WAY_WRITE_DEDICATED, WAY_PORTAL_SHARED, WAY_PORTAL_DEDICATED };
#define IDXD_WAYS 4
extern const char *const idxd_ways[IDXD_WAYS];

/* Each thing that a device can do wrong (idxd_knobs.c). */
TCase *make_knobs(void);
/* Queues and devices that go away, records that do not come (idxd_losses.c). */
TCase *make_losses(void);
/* What the engine may not exceed; opening and closing (idxd_limits.c). */
TCase *make_limits(void);
/* Many requests, anything wrong (idxd_random.c). */
TCase *make_random(void);

#endif /* TESTS_ENGINES_IDXD_SUITES_H */
