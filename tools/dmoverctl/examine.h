/* SPDX-License-Identifier: BSD-2-Clause */
/* examine.h: each part of the machine that the doctor looks at. */
#ifndef TOOLS_DMOVERCTL_EXAMINE_H
#define TOOLS_DMOVERCTL_EXAMINE_H

#include "tools/dmoverctl/checks.h"
#include "tools/dmoverctl/host.h"

/* Each adds its checks.  They open files and try system calls; nothing on the machine is changed. */
void ctl_examine_cuse(const struct ctl_host *host, struct ctl_checks *checks);
void ctl_examine_fuse(const struct ctl_host *host, struct ctl_checks *checks);
void ctl_examine_memory(const struct ctl_host *host, struct ctl_checks *checks);
void ctl_examine_uring(const struct ctl_host *host, struct ctl_checks *checks);
void ctl_examine_machine(const struct ctl_host *host, struct ctl_checks *checks);

/* How many queues a survey found. */
struct ctl_queue_counts {
	unsigned all, usable;
};

/* DSA devices on the bus, and what their queues need of the machine. */
void ctl_examine_dsa(
    const struct ctl_host *host, const struct ctl_queue_counts *counts, struct ctl_checks *checks);

#endif /* TOOLS_DMOVERCTL_EXAMINE_H */
