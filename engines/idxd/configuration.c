/* SPDX-License-Identifier: BSD-2-Clause */
/* configuration.c: how a queue is configured: type, driver, mode, name, group, entries. */
#include <stdio.h>
#include <string.h>

#include "engines/idxd/attribute.h"
#include "engines/idxd/look.h"

#define GROUP_MAX   9999
#define ENTRIES_MAX 65536

static bool
is_size(uint64_t size)
{
	return size > 0 && size <= ENTRIES_MAX;
}

/* What the queue has, or would be given. */
static unsigned
entries_of(const struct idxd_look *look)
{
	char file[48], text[32];
	uint64_t size;

	snprintf(file, sizeof(file), "%s/size", look->queue->name);
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) < 0 ||
	    !idxd_attribute_number(text, &size) || !is_size(size))
		return IDXD_LOOK_ENTRIES;
	return (unsigned)size;
}

void
idxd_look_cure_all(const struct idxd_look *look, struct queue_finding *finding)
{
	const unsigned size = entries_of(look);
	char options[96];

	snprintf(options, sizeof(options),
	    "-g 0 -s %u -t %u -p 10 -m shared -y user -n dmover -d user", size, size);
	idxd_look_cure(look, finding, options, /* is_deep= */ true);
}

static void
look_at_type(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "it is for programs", look->queue->name, "type");

	finding->is_needed = true;
	finding->is_good = idxd_finding_says(finding, "user");
	if (finding->is_good)
		return;
	if (idxd_finding_says(finding, "none")) {
		idxd_finding_blame(finding, "the queue is not configured", "");
		idxd_look_cure_all(look, finding);
		return;
	}
	idxd_finding_blame(finding,
	    idxd_finding_says(finding, "kernel") ? "the kernel has it for itself"
						 : "its type is not \"user\"",
	    "");
	idxd_look_cure(look, finding, "-y user -n dmover -d user", /* is_deep= */ false);
}

/* Kernels before 6.7 have no such attribute, and there is but one driver for programs. */
static void
look_at_driver(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "its driver is \"user\"", look->queue->name, "driver_name");

	finding->is_needed = true;
	finding->is_good = idxd_finding_is_absent(finding) || idxd_finding_says(finding, "user");
	if (finding->is_good)
		return;
	idxd_finding_blame(finding,
	    finding->value[0] == '\0' ? "it has none, and is enabled for nobody"
				      : "another driver has the queue",
	    "");
	idxd_look_cure(look, finding, "-y user -d user", /* is_deep= */ false);
}

static void
look_at_mode(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "shared or dedicated", look->queue->name, "mode");
	char options[32];

	finding->is_needed = true;
	look->queue->is_shared = idxd_finding_says(finding, "shared");
	finding->is_good = look->queue->is_shared || idxd_finding_says(finding, "dedicated");
	if (finding->is_good)
		return;
	idxd_finding_blame(finding, "it is neither", "");
	snprintf(options, sizeof(options), "-m shared -t %u", entries_of(look));
	idxd_look_cure(look, finding, options, /* is_deep= */ false);
}

/* Not asked for by the hardware, but the driver does not enable a queue without. */
static void
look_at_label(struct idxd_look *look)
{
	struct dsa_queue *queue = look->queue;
	struct queue_finding *finding = idxd_look_up(look, "it has a name", queue->name, "name");

	if (finding->err == 0)
		snprintf(queue->label, sizeof(queue->label), "%s", finding->value);
	finding->is_good = queue->label[0] != '\0';
	if (finding->is_good)
		return;
	idxd_finding_blame(finding, "the driver enables no queue for programs without a name", "");
	idxd_look_cure(look, finding, "-n dmover", /* is_deep= */ false);
}

/* A group's queues are served by its engines. */
static void
look_at_group(struct idxd_look *look)
{
	const char *device = look->queue->device, *number = device + strlen("dsa");
	struct queue_finding *finding =
	    idxd_look_up(look, "it is in a group", look->queue->name, "group_id");
	long group = idxd_finding_number(finding);
	char folder[32], command[80];

	finding->is_needed = true;
	finding->is_good = group >= 0 && group <= GROUP_MAX;
	if (!finding->is_good) {
		idxd_finding_blame(finding, "it is in none: no engine serves it", "");
		idxd_look_cure(look, finding, "-g 0", /* is_deep= */ true);
		return;
	}
	snprintf(folder, sizeof(folder), "group%.8s.%u", number, (unsigned)group);
	finding = idxd_look_up(look, "the group has an engine", folder, "engines");
	finding->is_needed = true;
	finding->is_good = finding->value[0] != '\0' && finding->err == 0;
	if (finding->is_good)
		return;
	idxd_finding_blame(finding, "no engine serves the group's queues", "");
	snprintf(command, sizeof(command), "accel-config config-engine %s/engine%s.0 -g %u", device,
	    number, (unsigned)group);
	idxd_look_cure_off(look, finding, command, /* is_deep= */ true);
}

static void
look_at_size(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "it has entries", look->queue->name, "size");
	long size = idxd_finding_number(finding);

	finding->is_needed = true;
	finding->is_good = size > 0 && is_size((uint64_t)size);
	if (finding->is_good) {
		look->queue->size = (unsigned)size;
		return;
	}
	idxd_finding_blame(finding, "nothing can be queued", "");
	idxd_look_cure(look, finding, "-s 16", /* is_deep= */ true);
}

/* Of a shared queue: how far programs may fill it.  A dedicated one has none, and refuses it. */
static void
look_at_threshold(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "programs may fill it (threshold)", look->queue->name, "threshold");
	long threshold = idxd_finding_number(finding);
	char options[32];

	finding->is_needed = true;
	finding->is_good = threshold > 0 && (unsigned long)threshold <= look->queue->size;
	if (finding->is_good) {
		look->queue->threshold = (unsigned)threshold;
		return;
	}
	idxd_finding_blame(finding,
	    threshold > 0 ? "it is larger than the queue" : "programs may not fill it at all", "");
	snprintf(options, sizeof(options), "-t %u", entries_of(look));
	idxd_look_cure(look, finding, options, /* is_deep= */ false);
}

void
idxd_look_at_configuration(struct idxd_look *look)
{
	look_at_type(look);
	look_at_driver(look);
	look_at_mode(look);
	look_at_label(look);
	look_at_group(look);
	look_at_size(look);
	if (look->queue->is_shared)
		look_at_threshold(look);
}
