/* SPDX-License-Identifier: BSD-2-Clause */
/* look.c: findings of a look at one queue, and their cures. */
#include "engines/idxd/look.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "engines/idxd/attribute.h"

/* Cuts what has no room. */
static void
set_text(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

struct queue_finding *
idxd_look_add(struct idxd_look *look, const char *what, const char *value)
{
	struct dsa_queue *queue = look->queue;
	struct queue_finding *finding = &queue->findings[queue->nfindings];

	assert(queue->nfindings < QUEUES_FINDINGS);
	queue->nfindings++;
	*finding = (struct queue_finding){ .what = what };
	set_text(finding->value, sizeof(finding->value), value);
	return finding;
}

struct queue_finding *
idxd_look_up(struct idxd_look *look, const char *what, const char *folder, const char *file)
{
	struct queue_finding *finding = idxd_look_add(look, what, "");
	int err;

	snprintf(finding->file, sizeof(finding->file), "%s/%s", folder, file);
	err =
	    idxd_attribute_read(look->sysfs, finding->file, finding->value, sizeof(finding->value));
	finding->err = err;
	if (err == -ENOENT)
		set_text(finding->value, sizeof(finding->value), "(none)");
	else if (err == -ENODEV || err == -EISDIR)
		set_text(finding->value, sizeof(finding->value), "(no regular file)");
	else if (err < 0)
		snprintf(finding->value, sizeof(finding->value), "(%s)", strerror(-err));
	return finding;
}

bool
idxd_finding_says(const struct queue_finding *finding, const char *value)
{
	return strcmp(finding->value, value) == 0;
}

bool
idxd_finding_is_absent(const struct queue_finding *finding)
{
	return finding->err == -ENOENT;
}

bool
idxd_finding_is_unread(const struct queue_finding *finding)
{
	return finding->err < 0 && finding->err != -ENOENT;
}

long
idxd_finding_number(const struct queue_finding *finding)
{
	uint64_t number;

	if (!idxd_attribute_number(finding->value, &number) || number > LONG_MAX)
		return -1;
	return (long)number;
}

void
idxd_finding_blame(struct queue_finding *finding, const char *why, const char *cure)
{
	if (finding->err == -EACCES || finding->err == -EPERM) {
		why = "this user may not read the attribute: run this as root";
		cure = "";
	} else if (idxd_finding_is_unread(finding)) {
		why =
		    "the attribute cannot be read: this is no sysfs of the driver, or it is broken";
		cure = "";
	}
	set_text(finding->why, sizeof(finding->why), why);
	set_text(finding->cure, sizeof(finding->cure), cure);
}

void
idxd_finding_tidy(struct queue_finding *finding)
{
	idxd_attribute_tidy(finding->file);
	idxd_attribute_tidy(finding->value);
	idxd_attribute_tidy(finding->why);
	idxd_attribute_tidy(finding->cure);
}

void
idxd_look_cure_off(
    const struct idxd_look *look, struct queue_finding *finding, const char *command, bool is_deep)
{
	const char *device = look->queue->device;
	char off[80] = "", on[128] = "";

	if (idxd_finding_is_unread(finding))
		return;

	if (is_deep && look->is_device_on) {
		snprintf(off, sizeof(off), "accel-config disable-device %s; ", device);
		snprintf(on, sizeof(on),
		    "; accel-config enable-device %s; accel-config enable-wq %s", device,
		    look->path);
	} else if (look->is_queue_on) {
		snprintf(off, sizeof(off), "accel-config disable-wq %s; ", look->path);
		snprintf(on, sizeof(on), "; accel-config enable-wq %s", look->path);
	}
	/* Half a command is worse than none. */
	if ((size_t)snprintf(finding->cure, sizeof(finding->cure), "%s%s%s", off, command, on) >=
	    sizeof(finding->cure))
		finding->cure[0] = '\0';
}

void
idxd_look_cure(
    const struct idxd_look *look, struct queue_finding *finding, const char *options, bool is_deep)
{
	char command[160];

	snprintf(command, sizeof(command), "accel-config config-wq %s %s", look->path, options);
	idxd_look_cure_off(look, finding, command, is_deep);
}
