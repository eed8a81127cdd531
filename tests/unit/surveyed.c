/* SPDX-License-Identifier: BSD-2-Clause */
/* surveyed.c: what the survey of work queues finds in the tree of queue_tree.h. */
#include "surveyed.h"

#include <stdio.h>
#include <stdlib.h>

#include "queue_tree.h"
#include "unit.h"

struct dsa_queue *survey_queues;
struct queues_lack survey_lack;
bool survey_is_here;

void
survey_begin(void)
{
	tree_make();
	survey_queues = calloc(QUEUES_MAX, sizeof(*survey_queues));
	ck_assert_ptr_nonnull(survey_queues);
}

void
survey_end(void)
{
	free(survey_queues);
	tree_remove();
}

unsigned
survey(unsigned max)
{
	char nodes[96];
	struct queues_roots roots = {
		.sysfs = tree_root, .dev = nodes, .is_image = !survey_is_here
	};

	snprintf(nodes, sizeof(nodes), "%s/nodes", tree_root);
	return dmover_queues_survey(&roots, survey_queues, max, &survey_lack);
}
