/* SPDX-License-Identifier: BSD-2-Clause */
/* dsa.c: whether the work queues behind an engine are those of hardware. */
#include "tools/bench/dsa.h"

#include <stdlib.h>
#include <string.h>

#include "engines/queues.h"

#define ENGINE "idxd:"

/* The value of KEY= in ARGS, in TEXT; NULL: it is not there. */
static const char *
value_of(const char *args, const char *key, char *text, size_t size)
{
	const size_t n = strlen(key);

	for (; *args != '\0'; args += strcspn(args, ","), args += *args == ',') {
		const size_t len = strcspn(args, ",");

		if (strncmp(args, key, n) != 0 || args[n] != '=' || len - n - 1 >= size)
			continue;
		memcpy(text, args + n + 1, len - n - 1);
		text[len - n - 1] = '\0';
		return text;
	}
	return NULL;
}

/* Some usable queue of the roots in ARGS belongs to a device in software. */
static bool
has_model(const char *args)
{
	char sysfs[256], dev[256];
	const struct queues_roots roots = {
		.sysfs = value_of(args, "sysfs", sysfs, sizeof(sysfs)),
		.dev = value_of(args, "dev", dev, sizeof(dev)),
	};
	struct dsa_queue *queues = calloc(QUEUES_MAX, sizeof(*queues));
	struct queues_lack lack;
	bool is_model = false;
	unsigned n = 0;

	if (queues != NULL)
		n = dmover_queues_survey(&roots, queues, QUEUES_MAX, &lack);
	for (unsigned i = 0; i < n && i < QUEUES_MAX; i++)
		is_model = is_model || (queues[i].is_usable && queues[i].is_model);
	free(queues);
	return is_model;
}

const char *
bench_dsa_warning(const struct bench_plan *plan)
{
	for (unsigned i = 0; i < plan->nengines; i++)
		if (strncmp(plan->engines[i], ENGINE, strlen(ENGINE)) == 0 &&
		    has_model(plan->engines[i] + strlen(ENGINE)))
			return "model: timings mean nothing";
	return NULL;
}
