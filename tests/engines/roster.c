/* SPDX-License-Identifier: BSD-2-Clause */
/* roster.c: who takes part in which test. */
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "road.h"

struct roster roster_movers, roster_in_place, roster_summers, roster_uio, roster_idlers,
    roster_wrapped;
char roster_choices[ROSTER_MAX + 2][ROSTER_TEXT];
int roster_nchoices;

static void
enrol(struct roster *roster, const struct dmover_engine *engine)
{
	if (roster->n == ROSTER_MAX)
		abort(); /* a longer table needs a larger ROSTER_MAX */
	roster->engine[roster->n++] = engine;
}

const struct dmover_engine *
roster_find(const char *name)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (strcmp(dmover_engines[i]->eng_name, name) == 0)
			return dmover_engines[i];
	return NULL;
}

/* Whether the fault engine takes it below itself; it says why not. */
static bool
can_be_wrapped(const struct dmover_engine *engine)
{
	const struct dmover_engine *fault = roster_find("fault");
	char args[ROSTER_TEXT], why[128] = "";
	void *state = NULL;
	int err;

	if (fault == NULL || engine == fault)
		return false;
	snprintf(args, sizeof(args), "over=%s", engine->eng_name);
	err = fault->eng_open(args, &state, why, sizeof(why));
	if (err == 0)
		fault->eng_close(state);
	else
		printf("skip: fault cannot be put over %s: %s\n", engine->eng_name, why);
	return err == 0;
}

static void
add_engine(const struct dmover_engine *engine)
{
	char why[128];

	if (!rig_probe(engine, why, sizeof(why))) {
		printf("skip: %s: %s\n", engine->eng_name, why);
		return;
	}
	if (engine->eng_flags & DMOVER_ENGINE_NO_DATA) {
		enrol(&roster_idlers, engine);
		return;
	}
	enrol(&roster_movers, engine);
	if (engine->eng_flags & DMOVER_ENGINE_INPLACE)
		enrol(&roster_in_place, engine);
	if (engine->eng_kinds & DMOVER_F(DMOVER_KIND_CRC32C))
		enrol(&roster_summers, engine);
	if (engine->eng_flags & DMOVER_ENGINE_UIO)
		enrol(&roster_uio, engine);
	if (can_be_wrapped(engine))
		enrol(&roster_wrapped, engine);
}

static void
add_choice(const char *choice)
{
	snprintf(roster_choices[roster_nchoices++], ROSTER_TEXT, "%s", choice);
}

void
roster_fill(void)
{
	char why[256] = "";

	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		add_engine(dmover_engines[i]);
	for (int i = 0; i < roster_movers.n; i++)
		add_choice(roster_movers.engine[i]->eng_name);
	add_choice("auto");
	if (road_is_choice("cycle", why, sizeof(why)))
		add_choice("cycle");
	else
		printf("skip: --engine=cycle: %s\n", why);
}
