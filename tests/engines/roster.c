/* SPDX-License-Identifier: BSD-2-Clause */
/* roster.c: who takes part in which test. */
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "idxd_site.h"
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

/* True when NAME is in the list DMOVERIO_TEST_ENGINES, or there is none. */
static bool
is_wanted(const char *name)
{
	const char *list = getenv("DMOVERIO_TEST_ENGINES");
	const size_t n = strlen(name);

	if (list == NULL)
		return true;
	for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',')
		if (strncmp(list, name, n) == 0 && (list[n] == ',' || list[n] == '\0'))
			return true;
	return false;
}

static void
add_engine(const struct dmover_engine *engine)
{
	char why[128];

	if (!is_wanted(engine->eng_name))
		return;
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

static void
remove_site(void)
{
	idxd_site_stop();
}

/*
 * DMOVERIO_TEST_ARGS: "NAME:ARGS" for an engine that needs some.  DMOVERIO_TEST_DSA: software devices
 * of this program's own for the engine that works with such (idxd_site_plan_parse).
 */
static void
heed_environment(void)
{
	static char args[ROSTER_TEXT + 256];
	const char *text = getenv("DMOVERIO_TEST_DSA");
	struct idxd_site_plan plan;
	char why[128] = "";

	rig_args = getenv("DMOVERIO_TEST_ARGS");
	if (text == NULL)
		return;
	if (!idxd_site_plan_parse(text, &plan) || idxd_site_prepare(&plan, why, sizeof(why)) < 0) {
		fprintf(stderr, "DMOVERIO_TEST_DSA=%s: %s\n", text, why);
		exit(2);
	}
	/* Only the process that has made the tree removes it. */
	atexit(remove_site);
	snprintf(args, sizeof(args), "idxd:%s", idxd_site_args());
	rig_args = args;
}

void
roster_fill(void)
{
	char why[256] = "";

	heed_environment();
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		add_engine(dmover_engines[i]);
	for (int i = 0; i < roster_movers.n; i++)
		add_choice(roster_movers.engine[i]->eng_name);
	if (roster_movers.n == 0 && roster_idlers.n == 0) {
		fprintf(stderr, "no engine is there to be tested\n");
		exit(1);
	}
	if (is_wanted("auto"))
		add_choice("auto");
	if (!is_wanted("cycle"))
		return;
	if (road_is_choice("cycle", why, sizeof(why)))
		add_choice("cycle");
	else
		printf("skip: --engine=cycle: %s\n", why);
}
