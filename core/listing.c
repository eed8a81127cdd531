/* SPDX-License-Identifier: BSD-2-Clause */
/* listing.c: the engines and their measured speeds, for people and for programs. */
#include "core/listing.h"

/* Bytes of what an engine says of itself. */
#define DESCRIPTION 256

static const char *
kind_name(enum dmover_kind kind)
{
	return dmover_cost_function(kind)->dfn_name;
}

/* True when it is chosen only if the user names it. */
static bool
is_by_name(const struct dmover_engine *engine, const struct dmover_lane *lane)
{
	return (engine->eng_flags & DMOVER_ENGINE_NAMED) != 0 ||
	       (lane != NULL && !lane->lane_is_measured);
}

/* The lane of the engine, or NULL: it is not open. */
static const struct dmover_lane *
lane_of(const struct dmover_dispatch *dispatch, const struct dmover_engine *engine)
{
	for (unsigned i = 0; i < dispatch->nlanes; i++)
		if (dispatch->lanes[i].lane_engine == engine)
			return &dispatch->lanes[i];
	return NULL;
}

static bool
can(const struct dmover_lane *lane, enum dmover_kind kind)
{
	return (dmover_lane_kinds(lane) & DMOVER_F(kind)) != 0;
}

/* What the engine says of itself; "" when it is not open, or says nothing. */
static void
describe(const struct dmover_lane *lane, char *text, size_t len)
{
	text[0] = '\0';
	if (lane != NULL && lane->lane_engine->eng_describe != NULL)
		lane->lane_engine->eng_describe(lane->lane_state, text, len);
}

/* What the daemon would be asked at this place of the table. */
static struct dmover_ask
ask_for(enum dmover_kind kind, unsigned size)
{
	return (struct dmover_ask){
		.func = dmover_cost_function(kind),
		.len = dmover_cost_lengths[size],
		.has_file = true,
	};
}

/* GB/s (10^9 bytes) of a lane, on one processor, with the way to the caller's memory and back. */
static double
lane_speed(const struct dmover_dispatch *dispatch, unsigned lane, const struct dmover_ask *ask)
{
	double ns = dmover_dispatch_ns(dispatch, ask, lane);

	return ns > 0 ? (double)ask->len / ns : 0;
}

static void
list_row(struct dmover_dispatch *dispatch, FILE *out, enum dmover_kind kind, unsigned size)
{
	const struct dmover_ask ask = ask_for(kind, size);
	unsigned best = dmover_dispatch_choose(dispatch, &ask);
	char name[32];

	if (ask.len < 1024)
		snprintf(name, sizeof(name), "%zu", ask.len);
	else
		snprintf(name, sizeof(name), "%zuK", ask.len >> 10);
	fprintf(out, "%-13s %5s", kind_name(kind), name);
	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		const struct dmover_lane *lane = &dispatch->lanes[i];
		char speed[32] = "-";

		if (lane->lane_is_measured && can(lane, kind))
			snprintf(speed, sizeof(speed), i == best ? "[%.2f]" : "%.2f ",
			    lane_speed(dispatch, i, &ask));
		fprintf(out, " %11s", speed);
	}
	fputc('\n', out);
}

static void
list_speeds(struct dmover_dispatch *dispatch, FILE *out)
{
	fprintf(out, "\nGB/s of posted work from end to end, one thread, [chosen]:\n%-19s", "");
	for (unsigned i = 0; i < dispatch->nchoosable; i++)
		fprintf(out, " %11s", dispatch->lanes[i].lane_engine->eng_name);
	fputc('\n', out);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		for (unsigned size = 0; size < COST_SIZES; size++)
			list_row(dispatch, out, (enum dmover_kind)kind, size);
	fprintf(out, "%s in %.0f ms\n",
	    dispatch->is_from_file ? "read from a file" : "opened and measured",
	    dispatch->start_ms);
}

void
dmover_list_engines(struct dmover_dispatch *dispatch, FILE *out)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		const struct dmover_engine *engine = dmover_engines[i];
		const struct dmover_lane *lane = lane_of(dispatch, engine);
		char text[DESCRIPTION];

		describe(lane, text, sizeof(text));
		if (lane == NULL && !is_by_name(engine, lane))
			fprintf(
			    out, "%-12s left out: %s\n", engine->eng_name, dispatch->left_out[i]);
		else
			fprintf(out, "%-12s %s%s%s%s\n", engine->eng_name, engine->eng_about,
			    is_by_name(engine, lane) ? " (only by name)" : "",
			    text[0] != '\0' ? ": " : "", text);
	}
	list_speeds(dispatch, out);
}

/* Reasons and names are ours, but a reason may quote the machine. */
static void
json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if ((unsigned char)*text < 0x20)
			fprintf(out, "\\u%04x", *text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void
json_engine(const struct dmover_dispatch *dispatch, FILE *out, unsigned i)
{
	const struct dmover_engine *engine = dmover_engines[i];
	const struct dmover_lane *lane = lane_of(dispatch, engine);
	char text[DESCRIPTION];

	describe(lane, text, sizeof(text));
	fprintf(out, "%s\n    {\"name\": ", i > 0 ? "," : "");
	json_string(out, engine->eng_name);
	fputs(", \"about\": ", out);
	json_string(out, engine->eng_about);
	fputs(", \"uses\": ", out);
	json_string(out, text);
	fprintf(out,
	    ", \"only_by_name\": %s, \"left_out\": ", is_by_name(engine, lane) ? "true" : "false");
	if (lane == NULL && dispatch->left_out[i][0] != '\0')
		json_string(out, dispatch->left_out[i]);
	else
		fputs("null", out);
	fputc('}', out);
}

static void
json_row(struct dmover_dispatch *dispatch, FILE *out, enum dmover_kind kind, unsigned size)
{
	const struct dmover_ask ask = ask_for(kind, size);
	unsigned best = dmover_dispatch_choose(dispatch, &ask);
	const char *separator = "";

	fprintf(out, "%s\n    {\"function\": \"%s\", \"bytes\": %zu, \"chosen\": ",
	    kind > 0 || size > 0 ? "," : "", kind_name(kind), ask.len);
	json_string(out, dispatch->lanes[best].lane_engine->eng_name);
	fputs(", \"gb_per_s\": {", out);
	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		if (!dispatch->lanes[i].lane_is_measured || !can(&dispatch->lanes[i], kind))
			continue;
		fputs(separator, out);
		json_string(out, dispatch->lanes[i].lane_engine->eng_name);
		fprintf(out, ": %.3f", lane_speed(dispatch, i, &ask));
		separator = ", ";
	}
	fputs("}}", out);
}

void
dmover_list_engines_json(struct dmover_dispatch *dispatch, const char *memory, FILE *out)
{
	fputs("{\n  \"engines\": [", out);
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		json_engine(dispatch, out, i);
	fputs("\n  ],\n  \"speeds\": [", out);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		for (unsigned size = 0; size < COST_SIZES; size++)
			json_row(dispatch, out, (enum dmover_kind)kind, size);
	fputs("\n  ],\n  \"caller_memory\": ", out);
	json_string(out, memory);
	fprintf(out, ",\n  \"from_file\": %s,\n  \"start_ms\": %.1f\n}\n",
	    dispatch->is_from_file ? "true" : "false", dispatch->start_ms);
}
