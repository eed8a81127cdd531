/* SPDX-License-Identifier: BSD-2-Clause */
/* device.c: the conditions that a queue's device must meet, and that both are switched on. */
#include <stdio.h>
#include <string.h>

#include "engines/idxd/attribute.h"
#include "engines/idxd/command.h"
#include "engines/idxd/look.h"

#define CURE_IOMMU "switch VT-d on in the BIOS, and boot Linux with intel_iommu=on,sm_on"

static void
look_at_version(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "it is a DSA", look->queue->device, "version");
	long version = idxd_finding_number(finding);

	finding->is_needed = true;
	finding->is_good = version >= 0x100 && version <= 0xffff;
	if (finding->is_good)
		look->queue->version = (unsigned)version;
	else
		idxd_finding_blame(finding, "this is the version of no DSA", "");
}

static void
look_at_pasid(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "it shares addresses (PASID)", look->queue->device, "pasid_enabled");

	finding->is_needed = true;
	finding->is_good = idxd_finding_says(finding, "1");
	if (!finding->is_good)
		idxd_finding_blame(finding,
		    "the scalable mode of the IOMMU is off: no program can have a queue",
		    CURE_IOMMU);
}

/* What the driver or the device said to the last command; NULL: nothing bad. */
static const struct idxd_command *
last_command(const struct idxd_look *look, uint32_t *ret_status)
{
	char file[48], text[32];
	uint64_t status;

	snprintf(file, sizeof(file), "%s/cmd_status", look->queue->device);
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) < 0 ||
	    !idxd_attribute_number(text, &status) || status == 0 || status > UINT32_MAX)
		return NULL;
	*ret_status = (uint32_t)status;
	return idxd_command_find((uint32_t)status);
}

/* Any engine for the queue's group. */
static void
cure_engine(const struct idxd_look *look, struct queue_finding *finding)
{
	const char *device = look->queue->device;
	char file[48], text[32], command[80];
	uint64_t group = 0;

	snprintf(file, sizeof(file), "%s/group_id", look->queue->name);
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) < 0 ||
	    !idxd_attribute_number(text, &group) || group > UINT32_MAX)
		group = 0;
	snprintf(command, sizeof(command), "accel-config config-engine %s/engine%s.0 -g %u", device,
	    device + strlen("dsa"), (unsigned)group);
	idxd_look_cure_off(look, finding, command, /* is_deep= */ true);
}

/* What comes before what was tried in vain; it is switched on behind that. */
static void
cure_command(
    const struct idxd_look *look, struct queue_finding *finding, enum idxd_command_cure cure)
{
	char options[32];

	switch (cure) {
	case IDXD_CURE_IOMMU:
		snprintf(finding->cure, sizeof(finding->cure), CURE_IOMMU);
		break;
	case IDXD_CURE_ENABLE_DEVICE:
		snprintf(finding->cure, sizeof(finding->cure),
		    "accel-config enable-device %s; accel-config enable-wq %s", look->queue->device,
		    look->path);
		break;
	case IDXD_CURE_ENGINE:
		cure_engine(look, finding);
		break;
	case IDXD_CURE_GROUP:
		idxd_look_cure(look, finding, "-g 0", /* is_deep= */ true);
		break;
	case IDXD_CURE_NAME:
		idxd_look_cure(look, finding, "-n dmover", /* is_deep= */ false);
		break;
	case IDXD_CURE_THRESHOLD:
		snprintf(options, sizeof(options), "-t %u",
		    look->queue->size > 0 ? look->queue->size : IDXD_LOOK_ENTRIES);
		idxd_look_cure(look, finding, options, /* is_deep= */ false);
		break;
	case IDXD_CURE_SIZE:
		idxd_look_cure(look, finding, "-s 16", /* is_deep= */ true);
		break;
	case IDXD_CURE_DRIVER_NAME:
		idxd_look_cure(look, finding, "-d user", /* is_deep= */ false);
		break;
	case IDXD_CURE_CONFIGURE:
		idxd_look_cure_all(look, finding);
		break;
	case IDXD_CURE_NONE:
		break;
	}
}

/* What is off was not switched on by the commands so far. */
static void
append_enabling(const struct idxd_look *look, struct queue_finding *finding)
{
	const char *separator = finding->cure[0] != '\0' ? "; " : "";
	size_t len = strlen(finding->cure), room = sizeof(finding->cure) - len;
	int n;

	if (strstr(finding->cure, "enable-wq ") != NULL)
		return;
	if (look->is_device_on)
		n = snprintf(finding->cure + len, room, "%saccel-config enable-wq %s", separator,
		    look->path);
	else
		n = snprintf(finding->cure + len, room,
		    "%saccel-config enable-device %s; accel-config enable-wq %s", separator,
		    look->queue->device, look->path);
	/* Half a command is worse than none. */
	if ((size_t)n >= room)
		finding->cure[0] = '\0';
}

/* It is off: when that was tried in vain, the last command tells why. */
static void
blame_command(const struct idxd_look *look, struct queue_finding *finding, const char *cure)
{
	uint32_t status = 0;
	const struct idxd_command *command = last_command(look, &status);

	idxd_finding_blame(finding, "it is switched off", cure);
	if (command == NULL || idxd_finding_is_unread(finding))
		return;
	snprintf(finding->why, sizeof(finding->why),
	    "it is off; the last command ended so: %s (cmd_status 0x%x)", command->words,
	    (unsigned)status);
	if (command->cure == IDXD_CURE_NONE)
		return;
	cure_command(look, finding, command->cure);
	if (command->cure != IDXD_CURE_IOMMU)
		append_enabling(look, finding);
}

static void
look_at_device_state(struct idxd_look *look)
{
	const char *device = look->queue->device;
	struct queue_finding *finding =
	    idxd_look_up(look, "the device is enabled", device, "state");
	char cure[96];

	finding->is_needed = true;
	finding->is_good = look->is_device_on;
	if (finding->is_good)
		return;
	snprintf(cure, sizeof(cure), "accel-config enable-device %s", device);
	if (idxd_finding_says(finding, "halted"))
		idxd_finding_blame(finding,
		    "the hardware stopped after an error, which dmesg tells; a reset helps, "
		    "and the queues are configured again behind it",
		    "rmmod idxd; modprobe idxd");
	else if (idxd_finding_says(finding, "disabled"))
		blame_command(look, finding, cure);
	else
		idxd_finding_blame(finding, "this is no state that the driver knows", cure);
}

/* The attribute "state" of FOLDER. */
static bool
has_state(const struct idxd_look *look, const char *folder, const char *state)
{
	char file[48], text[32];

	snprintf(file, sizeof(file), "%s/state", folder);
	return idxd_attribute_read(look->sysfs, file, text, sizeof(text)) == 0 &&
	       strcmp(text, state) == 0;
}

void
idxd_look_at_device(struct idxd_look *look)
{
	look->is_device_on = has_state(look, look->queue->device, "enabled");
	look->is_queue_on = has_state(look, look->queue->name, "enabled");
	look_at_version(look);
	look_at_pasid(look);
	/* A device is off because no queue was configured, more often than the other way round. */
	if (!has_state(look, look->queue->device, "disabled"))
		look_at_device_state(look);
}

void
idxd_look_at_states(struct idxd_look *look)
{
	struct queue_finding *finding;
	char cure[96];

	if (has_state(look, look->queue->device, "disabled"))
		look_at_device_state(look);
	finding = idxd_look_up(look, "the queue is enabled", look->queue->name, "state");
	finding->is_needed = true;
	finding->is_good = look->is_queue_on;
	if (finding->is_good)
		return;
	snprintf(cure, sizeof(cure), "accel-config enable-wq %s", look->path);
	blame_command(look, finding, cure);
}
