/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd_site.h: software devices inside this process, the tree in which discovery finds them, and the
 * engine's door to them.
 *
 * The engine runs as it is, with its own instructions; only what it would ask the kernel for comes from
 * here: opening a node, mapping its portal (tests/dsa/trap.h), write(2) on it.
 *
 * Programs that use this are linked with --wrap=idxd_kernel_door: the engine's own door becomes the
 * site's, through which the queues of the site are reached, and the kernel's are as before.
 *
 * There is one site at a time in a process.  Check runs each test in a child: a site that was prepared
 * before is there in each of them, with devices of its own.
 */
#ifndef TESTS_ENGINES_IDXD_SITE_H
#define TESTS_ENGINES_IDXD_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/dsa/model.h"

#define IDXD_SITE_DEVICES 2u

struct idxd_site_plan {
	unsigned ndevices;                                   /* [1] */
	struct dsa_model_options devices[IDXD_SITE_DEVICES]; /* numbers are given by the site */
	bool has_portal; /* else it cannot be mapped, as without CAP_SYS_RAWIO */
};

/*
 * Makes a plan of a list: "write" or "portal"; "shared", "dedicated" or "both"; "v1", "v2" or "v3";
 * and at the end "knobs=...".  What is not said is the first of these.  False: it makes no sense.  The plan refers to TEXT.
 */
bool idxd_site_plan_parse(const char *text, struct idxd_site_plan *ret_plan);

/*
 * Writes the tree; the devices come with the first open of a queue, and go with the last close.  The
 * plan is copied, but for the knobs' text.  -errno, or -EINVAL with a reason in WHY.
 */
int idxd_site_prepare(const struct idxd_site_plan *plan, char *why, size_t len);

/* The devices are there from now on, until idxd_site_stop(); the test fails when they cannot be. */
void idxd_site_start(const struct idxd_site_plan *plan);

/* Everything is closed.  Removes the tree, too, where this process has made it. */
void idxd_site_stop(void);

/* "sysfs=...,dev=...": the engine's arguments; NULL: there is no site. */
const char *idxd_site_args(void);

/* Of a started site. */
struct dsa_model *idxd_site_model(unsigned device);

/* The sums of all devices of a started site; most is the most of one. */
struct dsa_stats idxd_site_stats(void);

#endif /* TESTS_ENGINES_IDXD_SITE_H */
