/* SPDX-License-Identifier: BSD-2-Clause */
/* surveyed.h: what the survey of work queues finds in the tree of queue_tree.h. */
#ifndef TESTS_UNIT_SURVEYED_H
#define TESTS_UNIT_SURVEYED_H

#include <stdbool.h>

#include "engines/queues.h"

extern struct dsa_queue *survey_queues; /* QUEUES_MAX */
extern struct queues_lack survey_lack;
extern bool survey_is_here; /* the tree is not that of another machine */

/* A fixture: makes the good tree, and removes it. */
void survey_begin(void);
void survey_end(void);

/* As dmover_queues_survey() of the tree, into the variables above. */
unsigned survey(unsigned max);

#endif /* TESTS_UNIT_SURVEYED_H */
