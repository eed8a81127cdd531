/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.c: all that the doctor found, and what it comes to. */
#include "tools/dmoverctl/diagnosis.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/dmoverctl/examine.h"

/* What dmoverd --front=auto would come to. */
static const char *
choose_front(const struct ctl_checks *checks)
{
	if (ctl_checks_pass(checks, "cuse.node") && ctl_checks_pass(checks, "cuse.publish"))
		return "cuse";
	if (ctl_checks_pass(checks, "fuse.node") && ctl_checks_pass(checks, "fuse.mount"))
		return "fuse";
	return NULL;
}

int
ctl_diagnosis_init(
    struct ctl_diagnosis *ret, const struct ctl_host *host, const struct queues_roots *roots)
{
	struct ctl_queue_counts counts;

	*ret = (struct ctl_diagnosis){ .queues = calloc(QUEUES_MAX, sizeof(struct dsa_queue)) };
	if (ret->queues == NULL)
		return -ENOMEM;
	ret->nseen = dmover_queues_survey(roots, ret->queues, QUEUES_MAX, &ret->lack);
	ret->nqueues = ret->nseen < QUEUES_MAX ? ret->nseen : QUEUES_MAX;
	for (unsigned i = 0; i < ret->nqueues; i++)
		ret->nusable += ret->queues[i].is_usable;
	ctl_examine_cuse(host, &ret->checks);
	ctl_examine_fuse(host, &ret->checks);
	ctl_examine_memory(host, &ret->checks);
	ctl_examine_uring(host, &ret->checks);
	ctl_examine_machine(host, &ret->checks);
	counts = (struct ctl_queue_counts){ ret->nqueues, ret->nusable };
	ctl_examine_dsa(host, &counts, &ret->checks);
	ret->front = choose_front(&ret->checks);
	ret->is_reachable = ctl_checks_pass(&ret->checks, "memory.calls") &&
			    ctl_checks_pass(&ret->checks, "memory.yama");
	return 0;
}

void
ctl_diagnosis_fini(struct ctl_diagnosis *diagnosis)
{
	free(diagnosis->queues);
	diagnosis->queues = NULL;
}

bool
ctl_diagnosis_is_good(const struct ctl_diagnosis *diagnosis)
{
	return diagnosis->front != NULL && diagnosis->is_reachable;
}
