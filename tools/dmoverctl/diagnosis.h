/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.h: all that the doctor found, and what it comes to. */
#ifndef TOOLS_DMOVERCTL_DIAGNOSIS_H
#define TOOLS_DMOVERCTL_DIAGNOSIS_H

#include <stdbool.h>
#include <stdio.h>

#include "engines/queues.h"
#include "tools/dmoverctl/checks.h"
#include "tools/dmoverctl/host.h"

struct ctl_diagnosis {
	struct ctl_checks checks;
	const char *front; /* that dmoverd would take: "cuse", "fuse"; NULL: none works */
	bool is_reachable; /* the memory of callers */
	struct dsa_queue *queues;
	unsigned nqueues; /* in QUEUES; NSEEN may be more */
	unsigned nseen, nusable;
	struct queues_lack lack; /* when there are none */
};

/*
 * Looks at HOST, and at the queues below ROOTS.  0 or -ENOMEM; the caller ends *RET with fini in
 * both cases.
 */
int ctl_diagnosis_init(
    struct ctl_diagnosis *ret, const struct ctl_host *host, const struct queues_roots *roots);
void ctl_diagnosis_fini(struct ctl_diagnosis *diagnosis);

/* dmoverd could start here, and serve somebody. */
bool ctl_diagnosis_is_good(const struct ctl_diagnosis *diagnosis);

struct ctl_report_style {
	bool is_all;      /* every condition of every queue */
	bool is_coloured; /* for a terminal */
};

/* For people: at most 80 columns, as long as no word is longer. */
void ctl_report_write(
    const struct ctl_diagnosis *diagnosis, const struct ctl_report_style *style, FILE *file);

/* For programs; dmoverctl(8) names the members. */
void ctl_json_write(const struct ctl_diagnosis *diagnosis, FILE *file);

#endif /* TOOLS_DMOVERCTL_DIAGNOSIS_H */
