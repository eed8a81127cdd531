/* SPDX-License-Identifier: BSD-2-Clause */
/* dispatch.c: the engines that are open, and which of them gets a request. */
#include "core/dispatch.h"

#include <errno.h>
#include <string.h>

#include "core/calibrate.h"

static const char *const kind_names[DMOVER_NKINDS] = {
	[DMOVER_KIND_ZERO] = "zero",
	[DMOVER_KIND_FILL8] = "fill8",
	[DMOVER_KIND_COPY] = "copy",
	[DMOVER_KIND_CRC32C] = "iscsi-crc32c",
	[DMOVER_KIND_XOR] = "xor",
};

unsigned
dmover_dispatch_size(size_t len)
{
	return len <= 4096 ? 0 : len <= 65536 ? 1 : 2;
}

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

/* Probes, opens and measures; a lane is added only when all went well. */
static int
lane_open(struct dmover_dispatch *dispatch, const struct dmover_engine *engine, const char *args,
    char *why, size_t len)
{
	struct dmover_lane *lane = &dispatch->lanes[dispatch->nlanes];
	int err;

	if (dispatch->nlanes == STATS_ENGINES_MAX) {
		snprintf(why, len, "more than %d engines", STATS_ENGINES_MAX);
		return -ENOSPC;
	}
	err = engine->eng_probe(why, len);
	if (err < 0)
		return err;
	lane->lane_engine = engine;
	if (engine->eng_open != NULL) {
		err = engine->eng_open(args, &lane->lane_state, why, len);
		if (err < 0)
			return err;
	} else if (args != NULL) {
		snprintf(why, len, "takes no arguments");
		return -EINVAL;
	}
	if (!is_named_only(engine)) {
		err = dmover_calibrate(lane);
		if (err < 0) {
			snprintf(why, len, "failed its calibration: %s", strerror(-err));
			/* One that does not finish may still be at work: it is left open. */
			if (err != -EIO && engine->eng_close != NULL)
				engine->eng_close(lane->lane_state);
			return err;
		}
	}
	dispatch->nlanes++;
	return 0;
}

/* The engine that --engine names, which may be open already as one of the others. */
static int
force(struct dmover_dispatch *dispatch, const char *spec, char *why, size_t len)
{
	const char *args = NULL;

	for (unsigned i = 0; i < dispatch->nlanes; i++) {
		if (spec_names(spec, dispatch->lanes[i].lane_engine, &args) && args == NULL) {
			dispatch->forced = (int)i;
			return 0;
		}
	}
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		if (!spec_names(spec, dmover_engines[i], &args))
			continue;
		if (lane_open(dispatch, dmover_engines[i], args, why, len) < 0)
			return -EINVAL;
		dispatch->forced = (int)dispatch->nlanes - 1;
		return 0;
	}
	snprintf(why, len, "no such engine (--list-engines shows them)");
	return -EINVAL;
}

int
dmover_dispatch_init(struct dmover_dispatch *dispatch, struct dmover_stats *stats,
    const char *engine, char *why, size_t len)
{
	int err = 0;

	*dispatch = (struct dmover_dispatch){ .forced = -1, .stats = stats };
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		if (is_named_only(dmover_engines[i]))
			continue;
		err = lane_open(dispatch, dmover_engines[i], NULL, why, len);
		if (err < 0 && i == DISPATCH_CPU)
			return err;
	}
	dispatch->nchoosable = dispatch->nlanes;
	if (strcmp(engine, "auto") == 0)
		return 0;
	err = force(dispatch, engine, why, len);
	if (err < 0)
		dmover_dispatch_fini(dispatch);
	return err;
}

void
dmover_dispatch_fini(struct dmover_dispatch *dispatch)
{
	while (dispatch->nlanes > 0) {
		struct dmover_lane *lane = &dispatch->lanes[--dispatch->nlanes];

		if (lane->lane_engine->eng_close != NULL)
			lane->lane_engine->eng_close(lane->lane_state);
	}
}

static bool
lane_can(const struct dmover_lane *lane, enum dmover_kind kind)
{
	return (lane->lane_engine->eng_kinds & DMOVER_F(kind)) != 0;
}

/* Nanoseconds until LEN bytes would be finished on the lane. */
static double
lane_finish(const struct dmover_lane *lane, enum dmover_kind kind, size_t len)
{
	const struct dmover_cost *cost = &lane->lane_costs[kind][dmover_dispatch_size(len)];
	size_t queued = atomic_load_explicit(&lane->lane_queued, memory_order_relaxed);

	return cost->start_ns + (double)(queued + len) * cost->ns_per_byte;
}

/* The best lane but those in the SKIP mask. */
static unsigned
choose_but(const struct dmover_dispatch *dispatch, enum dmover_kind kind, size_t len, unsigned skip)
{
	unsigned best = DISPATCH_CPU;
	double least = -1;

	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		double finish;

		if ((skip & (1u << i)) != 0 || !lane_can(&dispatch->lanes[i], kind))
			continue;
		finish = lane_finish(&dispatch->lanes[i], kind, len);
		if (least < 0 || finish < least) {
			least = finish;
			best = i;
		}
	}
	return best;
}

unsigned
dmover_dispatch_choose(const struct dmover_dispatch *dispatch, enum dmover_kind kind, size_t len)
{
	if (dispatch->forced >= 0 && lane_can(&dispatch->lanes[dispatch->forced], kind))
		return (unsigned)dispatch->forced;
	return choose_but(dispatch, kind, len, 0);
}

static int
lane_submit(struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq)
{
	const struct dmover_engine *engine = dispatch->lanes[lane].lane_engine;
	size_t len = dreq->dreq_len;
	int err = engine->eng_submit(dispatch->lanes[lane].lane_state, dreq);

	if (err == 0) {
		STATS_ADD(dispatch->stats->st_engines[lane].requests, 1);
		STATS_ADD(dispatch->stats->st_engines[lane].bytes, len);
	}
	return err;
}

void
dmover_dispatch_submit(struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq)
{
	enum dmover_kind kind = dreq->dreq_func->dfn_kind;
	unsigned skip = 0;
	int err;

	/* Full: the next best.  Another engine may want separate buffers: only to one like it. */
	while ((err = lane_submit(dispatch, lane, dreq)) == -EAGAIN) {
		unsigned next;

		skip |= 1u << lane;
		next = choose_but(dispatch, kind, dreq->dreq_len, skip);
		if ((skip & (1u << next)) != 0 || dispatch->lanes[next].lane_engine->eng_flags !=
						      dispatch->lanes[lane].lane_engine->eng_flags)
			break;
		lane = next;
	}
	if (err != 0)
		dmover_dispatch_redo(dispatch, dreq);
}

int
dmover_dispatch_submit_uio(
    struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq)
{
	return lane_submit(dispatch, lane, dreq);
}

void
dmover_dispatch_redo(struct dmover_dispatch *dispatch, struct dmover_request *dreq)
{
	int err;

	STATS_ADD(dispatch->stats->st_redone, 1);
	dreq->dreq_error = 0;
	dreq->dreq_error_final = true; /* nobody is left to ask */
	memset(dreq->dreq_result, 0, sizeof(dreq->dreq_result));
	err = lane_submit(dispatch, DISPATCH_CPU, dreq);
	if (err != 0) {
		dreq->dreq_error = -EIO;
		dmover_done(dreq);
	}
}

bool
dmover_dispatch_takes_uio(const struct dmover_dispatch *dispatch, unsigned lane)
{
	return (dispatch->lanes[lane].lane_engine->eng_flags & DMOVER_ENGINE_UIO) != 0;
}

bool
dmover_dispatch_is_inplace(const struct dmover_dispatch *dispatch, unsigned lane)
{
	return (dispatch->lanes[lane].lane_engine->eng_flags & DMOVER_ENGINE_INPLACE) != 0;
}

/* GB/s (10^9 bytes) of a lane at one length. */
static double
lane_speed(const struct dmover_lane *lane, enum dmover_kind kind, size_t len)
{
	const struct dmover_cost *cost = &lane->lane_costs[kind][dmover_dispatch_size(len)];

	return (double)len / (cost->start_ns + (double)len * cost->ns_per_byte);
}

static void
list_speeds(const struct dmover_dispatch *dispatch, FILE *out)
{
	static const struct {
		size_t len;
		const char *name;
	} sizes[DISPATCH_SIZES] = { { 4096, "4K" }, { 65536, "64K" }, { 524288, "512K" } };

	fprintf(out, "\nGB/s on daemon memory, [chosen]:\n");
	for (int kind = 0; kind < DMOVER_NKINDS; kind++) {
		for (unsigned size = 0; size < DISPATCH_SIZES; size++) {
			size_t len = sizes[size].len;
			unsigned best =
			    dmover_dispatch_choose(dispatch, (enum dmover_kind)kind, len);

			fprintf(out, "%-13s %4s:", kind_names[kind], sizes[size].name);
			for (unsigned i = 0; i < dispatch->nchoosable; i++)
				fprintf(out, i == best ? "  [%s %.1f]" : "  %s %.1f",
				    dispatch->lanes[i].lane_engine->eng_name,
				    lane_speed(&dispatch->lanes[i], (enum dmover_kind)kind, len));
			fputc('\n', out);
		}
	}
}

void
dmover_dispatch_list(const struct dmover_dispatch *dispatch, FILE *out)
{
	char why[128];

	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		const struct dmover_engine *engine = dmover_engines[i];
		const char *note = is_named_only(engine) ? " (only by name)" : "";

		why[0] = '\0';
		if (engine->eng_probe(why, sizeof(why)) < 0)
			fprintf(out, "%-12s left out: %s\n", engine->eng_name, why);
		else
			fprintf(out, "%-12s %s%s\n", engine->eng_name, engine->eng_about, note);
	}
	list_speeds(dispatch, out);
}
