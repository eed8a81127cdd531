/* SPDX-License-Identifier: BSD-2-Clause */
/* command.h: what the attribute "cmd_status" of a device means. */
#ifndef ENGINES_IDXD_COMMAND_H
#define ENGINES_IDXD_COMMAND_H

#include <stdint.h>

/* What mends it. */
enum idxd_command_cure {
	IDXD_CURE_NONE,
	IDXD_CURE_IOMMU,         /* scalable mode of the IOMMU */
	IDXD_CURE_ENABLE_DEVICE, /* first the device, then its queues */
	IDXD_CURE_GROUP,
	IDXD_CURE_NAME,
	IDXD_CURE_THRESHOLD,
	IDXD_CURE_SIZE,
	IDXD_CURE_DRIVER_NAME,
	IDXD_CURE_ENGINE,    /* an engine for the group */
	IDXD_CURE_CONFIGURE, /* all of it */
};

struct idxd_command {
	uint32_t status;
	const char *words;
	enum idxd_command_cure cure;
};

/* The meaning of STATUS, never NULL; 0 is good, all others are errors.  Any thread. */
const struct idxd_command *idxd_command_find(uint32_t status);

#endif /* ENGINES_IDXD_COMMAND_H */
