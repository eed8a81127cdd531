/* SPDX-License-Identifier: BSD-2-Clause */
/* lanes.c: opens the engines of the table, measures them, closes them. */
#include "core/lanes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/calibrate.h"
#include "core/calibration.h"
#include "core/clock.h"

/* The longest arguments of one engine that come from two options, with the NUL. */
#define LANE_ARGS_MAX 4096

static bool
is_named_only(const struct dmover_engine *engine)
{
	return (engine->eng_flags & DMOVER_ENGINE_NAMED) != 0;
}

/* True when SPEC is NAME or NAME:ARGS with the engine's name; *ret_args then points behind it. */
static bool
spec_names(const char *spec, const struct dmover_engine *engine, const char **ret_args)
{
	size_t n = strlen(engine->eng_name);

	if (strncmp(spec, engine->eng_name, n) != 0 || (spec[n] != '\0' && spec[n] != ':'))
		return false;
	*ret_args = spec[n] == ':' ? spec + n + 1 : NULL;
	return true;
}

/* Who opens engines, and where a failure is explained. */
struct opening {
	struct dmover_dispatch *dispatch;
	const struct dmover_lanes_options *options;
	char *why;
	size_t len;
};

/*
 * Puts what the options have for the engine before *ARGS, in BUF when there are both: of two values
 * for one thing an engine takes the last.  -E2BIG.
 */
static int
join_args(const struct opening *opening, const struct dmover_engine *engine, const char **args,
    char *buf, size_t size)
{
	const char *own = NULL;

	if (opening->options->args != NULL)
		spec_names(opening->options->args, engine, &own);
	if (own == NULL)
		return 0;
	if (*args == NULL) {
		*args = own;
		return 0;
	}
	if ((size_t)snprintf(buf, size, "%s,%s", own, *args) >= size)
		return -E2BIG;
	*args = buf;
	return 0;
}

/* Probes and opens; a lane is added only when all went well. */
static int
lane_open(const struct opening *opening, const struct dmover_engine *engine, const char *args)
{
	char both[LANE_ARGS_MAX];
	struct dmover_dispatch *dispatch = opening->dispatch;
	struct dmover_lane *lane = &dispatch->lanes[dispatch->nlanes];
	char *why = opening->why;
	size_t len = opening->len;
	int err;

	if (dispatch->nlanes == STATS_ENGINES_MAX) {
		snprintf(why, len, "more than %d engines", STATS_ENGINES_MAX);
		return -ENOSPC;
	}
	if (join_args(opening, engine, &args, both, sizeof(both)) < 0) {
		snprintf(why, len, "more than %zu bytes of arguments", sizeof(both));
		return -EINVAL;
	}
	err = engine->eng_probe(why, len);
	if (err < 0)
		return err;
	*lane = (struct dmover_lane){ .lane_engine = engine };
	dmover_cost_init(&lane->lane_cost);
	if (engine->eng_open != NULL) {
		err = engine->eng_open(args, &lane->lane_state, why, len);
		if (err < 0)
			return err;
	} else if (args != NULL) {
		snprintf(why, len, "takes no arguments");
		return -EINVAL;
	}
	dispatch->nlanes++;
	return 0;
}

/* The last lane goes.  IS_STUCK: the engine does not finish what it was given, and is left open. */
static void
lane_drop(struct dmover_dispatch *dispatch, bool is_stuck)
{
	struct dmover_lane *lane = &dispatch->lanes[--dispatch->nlanes];

	if (lane->lane_engine->eng_close != NULL && !is_stuck)
		lane->lane_engine->eng_close(lane->lane_state);
}

/* Measures the last lane, unless the file told all of it. */
static int
lane_measure(struct dmover_dispatch *dispatch, const struct dmover_lanes_options *options,
    char *why, size_t len)
{
	struct dmover_lane *lane = &dispatch->lanes[dispatch->nlanes - 1];
	int err;

	if (lane->lane_is_measured)
		return 0;
	if ((lane->lane_engine->eng_flags & DMOVER_ENGINE_FILE) != 0 && options->own == NULL)
		return 0; /* chosen only by name */
	dispatch->is_from_file = false;
	err = dmover_calibrate(lane, options->own);
	if (err < 0) {
		snprintf(why, len, "failed its calibration: %s",
		    err == -ETIMEDOUT ? "it does not finish what it was given"
		    : err == -EAGAIN  ? "it takes no request"
				      : strerror(-err));
		return err;
	}
	lane->lane_is_measured = true;
	return 0;
}

/* Opens what is chosen from.  An engine that does not work is left out with its reason. */
static int
open_table(struct dmover_dispatch *dispatch, const struct dmover_lanes_options *options,
    struct dmover_calibration *calibration)
{
	for (unsigned i = 0; i < STATS_ENGINES_MAX && dmover_engines[i] != NULL; i++) {
		char *why = dispatch->left_out[i];
		const struct opening opening = { dispatch, options, why,
			sizeof(dispatch->left_out[i]) };
		const char *args = NULL;
		int err;

		if (is_named_only(dmover_engines[i]))
			continue;
		spec_names(options->engine, dmover_engines[i], &args);
		err = lane_open(&opening, dmover_engines[i], args);
		if (err == 0) {
			why[0] = '\0'; /* an engine may have looked at others on its way */
			dmover_calibration_get(calibration, &dispatch->lanes[dispatch->nlanes - 1]);
			err = lane_measure(dispatch, options, why, sizeof(dispatch->left_out[i]));
			if (err < 0)
				lane_drop(dispatch, err == -ETIMEDOUT);
		}
		if (err < 0 && i == DISPATCH_CPU)
			return err;
	}
	dispatch->nchoosable = dispatch->nlanes;
	return 0;
}

/* The engine that --engine names, which may be open already as one of the others. */
static int
force(const struct opening *opening, const char *spec)
{
	struct dmover_dispatch *dispatch = opening->dispatch;
	const char *args = NULL;

	for (unsigned i = 0; i < dispatch->nlanes; i++) {
		if (spec_names(spec, dispatch->lanes[i].lane_engine, &args)) {
			dispatch->forced = (int)i;
			return 0;
		}
	}
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		if (!spec_names(spec, dmover_engines[i], &args))
			continue;
		if (lane_open(opening, dmover_engines[i], args) < 0)
			return -EINVAL;
		dispatch->forced = (int)dispatch->nlanes - 1;
		return 0;
	}
	snprintf(opening->why, opening->len, "no such engine (--list-engines shows them)");
	return -EINVAL;
}

static int
apply_option(struct dmover_dispatch *dispatch, const struct dmover_lanes_options *options,
    char *why, size_t len)
{
	char reason[160] = "";
	const struct opening opening = { dispatch, options, reason, sizeof(reason) };
	const char *engine = options->engine;

	dispatch->is_cycling = strcmp(engine, "cycle") == 0;
	if (dispatch->is_cycling || strcmp(engine, "auto") == 0 || force(&opening, engine) == 0)
		return 0;
	snprintf(why, len, "--engine=%s: %s", engine, reason);
	return -EINVAL;
}

/* From the file where there is one for this machine, else by measuring; then there is a file. */
static int
open_measured(struct dmover_dispatch *dispatch, const struct dmover_lanes_options *options,
    char *why, size_t len)
{
	struct dmover_calibration calibration;
	int64_t since = dmover_now();
	int err;

	dispatch->is_from_file = dmover_calibration_read(&calibration, options->calibration);
	err = open_table(dispatch, options, &calibration);
	if (err == 0 && !dmover_calibration_get_access(&calibration, &dispatch->access)) {
		dispatch->is_from_file = false;
		err = dmover_calibrate_access(&dispatch->access, options->own);
	}
	if (err < 0) {
		snprintf(why, len, "%s: %s", dmover_engines[DISPATCH_CPU]->eng_name,
		    dispatch->left_out[DISPATCH_CPU][0] != '\0' ? dispatch->left_out[DISPATCH_CPU]
								: strerror(-err));
		return err;
	}
	dispatch->start_ms = (double)(dmover_now() - since) * 1e-6;
	if (options->calibration != NULL && !dispatch->is_from_file &&
	    (err = dmover_calibration_write(dispatch, options->calibration)) < 0) {
		snprintf(why, len, "--calibration=%s: cannot be written: %s", options->calibration,
		    err == -EEXIST ? "something else is there (remove it, or name another file)"
				   : strerror(-err));
		return err;
	}
	return 0;
}

int
dmover_lanes_open(struct dmover_dispatch *dispatch, struct dmover_stats *stats,
    const struct dmover_lanes_options *options, char *why, size_t len)
{
	int err;

	memset(dispatch, 0, sizeof(*dispatch));
	dispatch->forced = -1;
	dispatch->stats = stats;
	dispatch->workers = options->workers;
	dmover_cost_init(&dispatch->access);
	err = open_measured(dispatch, options, why, len);
	if (err == 0)
		err = apply_option(dispatch, options, why, len);
	if (err < 0)
		dmover_lanes_close(dispatch);
	return err;
}

void
dmover_lanes_close(struct dmover_dispatch *dispatch)
{
	while (dispatch->nlanes > 0)
		lane_drop(dispatch, false);
}
