/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_plan.c: which software devices a test is to have, in a few words. */
#include <stdio.h>
#include <string.h>

#include "idxd_site.h"

#define KNOBS "knobs="

/* Small enough to be full often, large enough for a batch. */
#define ENTRIES 16u

static void
add_queue(struct idxd_site_plan *plan, bool is_dedicated)
{
	struct dsa_model_options *device = &plan->devices[0];

	device->queues[device->nqueues++] = (struct dsa_queue_options){
		.is_dedicated = is_dedicated,
		.size = ENTRIES,
		.max_transfer = 64 << 10,
	};
}

static bool
heed(struct idxd_site_plan *plan, const char *word)
{
	struct dsa_model_options *device = &plan->devices[0];

	if (strcmp(word, "portal") == 0 || strcmp(word, "write") == 0) {
		plan->has_portal = word[0] == 'p';
	} else if (word[0] == 'v' && word[1] >= '1' && word[1] <= '3' && word[2] == '\0') {
		device->version = (enum dsa_version)((word[1] - '0') * 0x100);
	} else if (strcmp(word, "both") == 0) {
		add_queue(plan, false);
		add_queue(plan, true);
	} else if (strcmp(word, "shared") == 0 || strcmp(word, "dedicated") == 0) {
		add_queue(plan, word[0] == 'd');
	} else {
		return false;
	}
	return device->nqueues <= 2;
}

bool
idxd_site_plan_parse(const char *text, struct idxd_site_plan *ret_plan)
{
	bool is_good = true;

	*ret_plan = (struct idxd_site_plan){ .ndevices = 1 };
	while (is_good && *text != '\0') {
		const size_t n = strcspn(text, ",");
		char word[16];

		if (strncmp(text, KNOBS, strlen(KNOBS)) == 0) {
			ret_plan->devices[0].knobs = text + strlen(KNOBS);
			break;
		}
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		is_good = heed(ret_plan, word);
		text += n + (text[n] == ',');
	}
	if (ret_plan->devices[0].nqueues == 0)
		add_queue(ret_plan, false);
	return is_good;
}
