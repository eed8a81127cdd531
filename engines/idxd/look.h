/* SPDX-License-Identifier: BSD-2-Clause */
/* look.h: a look at one queue: its findings, and the parts that make them. */
#ifndef ENGINES_IDXD_LOOK_H
#define ENGINES_IDXD_LOOK_H

#include "engines/queues.h"

/* Paths are relative to the root.  Any thread, one look each. */
struct idxd_look {
	const char *sysfs;       /* the root */
	const char *dev;         /* folder of the nodes */
	bool is_image;           /* as of queues_roots */
	struct dsa_queue *queue; /* owns the findings */
	char path[48];           /* "dsa0/wq0.1" as accel-config names it */
	bool is_queue_on;        /* it must be disabled before it is configured */
	bool is_device_on;
};

/* Adds a finding about the attribute FILE of FOLDER, with the value that is there; not good yet. */
struct queue_finding *idxd_look_up(
    struct idxd_look *look, const char *what, const char *folder, const char *file);

/* Adds a finding that is about no attribute. */
struct queue_finding *idxd_look_add(struct idxd_look *look, const char *what, const char *value);

/* Its value is this, word for word. */
bool idxd_finding_says(const struct queue_finding *finding, const char *value);

/* There is no such file. */
bool idxd_finding_is_absent(const struct queue_finding *finding);

/* Its value as a number; -1 when it is none, or larger than a long. */
long idxd_finding_number(const struct queue_finding *finding);

/* It cannot be read, though it is there: nothing is known of the value. */
bool idxd_finding_is_unread(const struct queue_finding *finding);

/*
 * Why it is not good, and the cure as it stands.  Of an attribute that cannot be read, that is said
 * instead of both.
 */
void idxd_finding_blame(struct queue_finding *finding, const char *why, const char *cure);

/*
 * Texts of the finding are printable from here on: those that hold a path, which may be any bytes but
 * NUL.
 */
void idxd_finding_tidy(struct queue_finding *finding);

/*
 * The cure is to configure the queue, with OPTIONS of "accel-config config-wq".  IS_DEEP: the driver
 * takes them only while the device is off.  Nothing when the attribute cannot be read.
 */
void idxd_look_cure(
    const struct idxd_look *look, struct queue_finding *finding, const char *options, bool is_deep);

#define IDXD_LOOK_ENTRIES 16 /* of a queue that has none, as cures configure it */

/* The cure is to configure all of the queue. */
void idxd_look_cure_all(const struct idxd_look *look, struct queue_finding *finding);

/* The cure is COMMAND, between those that switch the device off and device and queue on again. */
void idxd_look_cure_off(
    const struct idxd_look *look, struct queue_finding *finding, const char *command, bool is_deep);

/* The parts, in this order.  Each adds findings; the queue must be empty before the first. */
void idxd_look_at_device(struct idxd_look *look);        /* device.c: what nothing else can mend */
void idxd_look_at_configuration(struct idxd_look *look); /* configuration.c */
void idxd_look_at_states(struct idxd_look *look);        /* device.c: device and queue are on */
void idxd_look_at_limits(struct idxd_look *look);        /* limits.c: opcodes, sizes, flags */
void idxd_look_at_node(struct idxd_look *look);          /* node.c: it can be opened */

#endif /* ENGINES_IDXD_LOOK_H */
