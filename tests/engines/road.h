/* SPDX-License-Identifier: BSD-2-Clause */
/* road.h: the whole middle layer around one engine, and the ways that a batch takes through it. */
#ifndef TESTS_ENGINES_ROAD_H
#define TESTS_ENGINES_ROAD_H

#include "core/core.h"

struct road {
	struct dmover_core core;
	struct dmover_account *account;
	struct dmover_session *session; /* NULL after road_close() */
};

enum road_way { ROAD_HELD, ROAD_POSTED, ROAD_WALKED, ROAD_NWAYS };

extern const char *const road_ways[ROAD_NWAYS];

/* The file of measured costs that all cores of this program share, or NULL: each measures. */
extern const char *road_calibration;

/* True when --engine takes this; else WHY says why not.  Outside of tests. */
bool road_is_choice(const char *engine, char *why, size_t len);

/* ENGINE is what --engine says; the test fails where it is not taken. */
void road_start(struct road *road, const char *engine);
/* Everything was answered, or dropped: the test fails when something is left charged. */
void road_stop(struct road *road);

/* True when the batch is small enough to be held. */
bool road_may_hold(const struct dmover_batch *batch);

/*
 * Takes the batch over and hands it in.  For ROAD_POSTED it may still run afterwards, and the
 * space gets a reference until it has ended.
 */
void road_enter(struct road *road, enum road_way way, struct dmover_batch *batch);
/* Waits for N responses, whose ids are below N: each by its id.  The test fails when one is missing. */
void road_leave(struct road *road, struct dmover_response *responses, unsigned n);

/* The last close of the session, with requests that may still run. */
void road_close(struct road *road);

/*
 * Puts ENGINE in the place of the open engine called NAME, whose state it gets; returns that one,
 * which must be put back before the stop.  No request is inside.
 */
const struct dmover_engine *road_replace(
    struct road *road, const char *name, const struct dmover_engine *engine);

/* Requests, by the counters, that the engine called NAME took; those that any engine took. */
uint64_t road_taken_by(struct road *road, const char *name);
uint64_t road_taken(struct road *road);

#endif /* TESTS_ENGINES_ROAD_H */
