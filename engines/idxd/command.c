/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.c: what the attribute "cmd_status" of a device means.
 *
 * Bit 31 set: the driver refused; clear: the device did, with one of the codes of its registers.
 */
#include "engines/idxd/command.h"

#include <stddef.h>

static const struct idxd_command commands[] = {
	{ 0, "good", IDXD_CURE_NONE },
	/* The device's own. */
	{ 0x01, "the device does not know the command", IDXD_CURE_NONE },
	{ 0x02, "the device has no queue of this number", IDXD_CURE_NONE },
	{ 0x03, "hardware error", IDXD_CURE_NONE },
	{ 0x10, "the device was enabled already", IDXD_CURE_NONE },
	{ 0x11, "the device refuses its configuration", IDXD_CURE_CONFIGURE },
	{ 0x12, "bus mastering is off", IDXD_CURE_NONE },
	{ 0x13, "the device refuses the PASID", IDXD_CURE_IOMMU },
	{ 0x14, "the queues together have more entries than the device", IDXD_CURE_SIZE },
	{ 0x15, "a group is configured badly", IDXD_CURE_GROUP },
	{ 0x16, "a group has queues and no engine, or engines and no queue", IDXD_CURE_ENGINE },
	{ 0x17, "a group is configured badly", IDXD_CURE_GROUP },
	{ 0x18, "a group is configured badly", IDXD_CURE_GROUP },
	{ 0x20, "the device is not enabled", IDXD_CURE_ENABLE_DEVICE },
	{ 0x21, "the queue was enabled already", IDXD_CURE_NONE },
	{ 0x22, "the queue has no entries", IDXD_CURE_SIZE },
	{ 0x23, "the queue's priority is bad", IDXD_CURE_CONFIGURE },
	{ 0x24, "the queue's mode is bad", IDXD_CURE_CONFIGURE },
	{ 0x25, "the device cannot block on faults", IDXD_CURE_CONFIGURE },
	{ 0x26, "the queue's PASID is off", IDXD_CURE_IOMMU },
	{ 0x27, "max_batch_size is too large", IDXD_CURE_CONFIGURE },
	{ 0x28, "max_transfer_size is too large", IDXD_CURE_CONFIGURE },
	{ 0x31, "the device was not enabled", IDXD_CURE_ENABLE_DEVICE },
	{ 0x32, "the device is not enabled", IDXD_CURE_ENABLE_DEVICE },
	/* The driver's. */
	{ 0x80000010, "the device was enabled already", IDXD_CURE_NONE },
	{ 0x80000020, "the device is not enabled", IDXD_CURE_ENABLE_DEVICE },
	{ 0x80000021, "the queue was enabled already", IDXD_CURE_NONE },
	{ 0x80020000, "DMA could not be set up", IDXD_CURE_NONE },
	{ 0x80030000, "the queue is in no group", IDXD_CURE_GROUP },
	{ 0x80040000, "the queue has no name", IDXD_CURE_NAME },
	{ 0x80050000, "shared virtual memory is off", IDXD_CURE_IOMMU },
	{ 0x80060000, "the shared queue has no threshold", IDXD_CURE_THRESHOLD },
	{ 0x80070000, "the queue's portal could not be mapped", IDXD_CURE_NONE },
	{ 0x80080000, "the kernel has no memory for the queue", IDXD_CURE_NONE },
	{ 0x80090000, "the kernel has no memory for the queue", IDXD_CURE_NONE },
	{ 0x800a0000, "the DMA channel could not be made", IDXD_CURE_NONE },
	{ 0x800b0000, "the character device could not be made", IDXD_CURE_NONE },
	{ 0x800c0000, "shared queues need the IOMMU's scalable mode", IDXD_CURE_IOMMU },
	{ 0x800d0000, "no queue of the device is configured", IDXD_CURE_CONFIGURE },
	{ 0x800e0000, "the queue has no entries", IDXD_CURE_SIZE },
	{ 0x800f0000, "the device allows no privileged queues", IDXD_CURE_NONE },
	{ 0x80100000, "the interrupt could not be had", IDXD_CURE_NONE },
	{ 0x80110000, "user queues need the IOMMU's scalable mode", IDXD_CURE_IOMMU },
	{ 0x80120000, "the event log could not be made", IDXD_CURE_NONE },
	{ 0x80200000, "the queue has no driver_name", IDXD_CURE_DRIVER_NAME },
};

const struct idxd_command *
idxd_command_find(uint32_t status)
{
	static const struct idxd_command unknown = { UINT32_MAX, "unknown code", IDXD_CURE_NONE };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].status == status)
			return &commands[i];
	return &unknown;
}
