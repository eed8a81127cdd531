/* SPDX-License-Identifier: BSD-2-Clause */
/* posting.h: batches that are posted, and compared with what must come of them. */
#ifndef TESTS_UNIT_POSTING_H
#define TESTS_UNIT_POSTING_H

#include "fake.h"
#include "rig.h"

#define NPLANS(plans) (sizeof(plans) / sizeof((plans)[0]))
#define KIB           ((size_t)1 << 10)

/* More than one chunk, more than one runner, of each kind; and small ones, and empty ones. */
#define POSTING_NMIXED 8
extern const struct fake_plan posting_mixed[POSTING_NMIXED];
/* Bytes of a caller that has them. */
#define POSTING_SIZE (14000 * KIB)

/*
 * Posts the plans for a caller of SIZE bytes, of which BAD is not accessible (SIZE_MAX: all are), and
 * waits for all; returns how often its memory was accessed.
 */
unsigned posting_run(
    struct rig *rig, size_t size, const struct fake_plan *plans, unsigned n, size_t bad);

#endif /* TESTS_UNIT_POSTING_H */
