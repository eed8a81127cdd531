/* SPDX-License-Identifier: BSD-2-Clause */
/* limits.c: what a queue's descriptors may be: opcodes, sizes, flags. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/idxd/attribute.h"
#include "engines/idxd/look.h"

/* What the driver gives a queue that nobody configured in this respect. */
#define TRANSFER_DEFAULT 2097152
#define BATCH_DEFAULT    32

/* Bits of the attribute "gen_cap". */
#define GEN_OVERLAP       (1u << 1)
#define GEN_CACHE_CONTROL (1u << 2)

#define VERSION_REDUCE 0x300
#define OP_REDUCE      0x19

/* Of the second word of "dsacaps": element types in bits 15:0, computations in bits 63:48. */
#define CAP_BYTES (UINT64_C(1) << 0)
#define CAP_XOR   (UINT64_C(1) << (48 + 5))

/* DSA 1: no other attribute tells what an old driver's queues take. */
static const uint64_t ops_default = UINT64_C(0x00000001003f03ff);

static bool
read_bits(const struct idxd_look *look, const char *folder, const char *name, uint64_t bits[4])
{
	char file[64], text[IDXD_ATTRIBUTE_SIZE];

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	return idxd_attribute_read(look->sysfs, file, text, sizeof(text)) == 0 &&
	       idxd_attribute_bits(text, bits);
}

/* What the queue allows of what the device can. */
static void
find_ops(const struct idxd_look *look, uint64_t ops[4])
{
	uint64_t allowed[4];

	if (!read_bits(look, look->queue->device, "op_cap", ops)) {
		memset(ops, 0, 4 * sizeof(ops[0]));
		ops[0] = ops_default;
	}
	if (!read_bits(look, look->queue->name, "op_config", allowed))
		return;
	for (unsigned i = 0; i < 4; i++)
		ops[i] &= allowed[i];
}

/* Not every accel-config knows the attribute. */
static void
cure_ops(const struct idxd_look *look, struct queue_finding *finding)
{
	const char *queue = look->queue->name;

	snprintf(finding->cure, sizeof(finding->cure),
	    "accel-config disable-wq %s; cd %s; cat %s/op_cap >%s/op_config; accel-config "
	    "enable-wq %s",
	    look->path, QUEUES_SYSFS, look->queue->device, queue, look->path);
}

static void
look_at_ops(struct idxd_look *look)
{
	static const struct {
		unsigned opcode;
		const char *name;
	} useful[] = { { 0x03, "MEMMOVE" }, { 0x04, "FILL" }, { 0x10, "CRCGEN" } };
	const size_t all = sizeof(useful) / sizeof(useful[0]);
	struct queue_finding *finding =
	    idxd_look_up(look, "operations that help here", look->queue->name, "op_config");
	char text[64] = "";
	size_t n = 0;
	int len = 0;

	find_ops(look, look->queue->ops);
	for (size_t i = 0; i < all; i++)
		if (dmover_queue_allows(look->queue, useful[i].opcode))
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s",
			    n++ > 0 ? " " : "", useful[i].name);
	finding->is_needed = n == 0;
	finding->is_good = n == all;
	snprintf(finding->value, sizeof(finding->value), "%s", n > 0 ? text : "none of them");
	if (finding->is_good)
		return;
	idxd_finding_blame(finding,
	    n > 0 ? "op_config leaves some of MEMMOVE, FILL, CRCGEN out: those go to the CPU"
		  : "op_config leaves MEMMOVE, FILL and CRCGEN out",
	    "");
	cure_ops(look, finding);
}

/* Reduce by exclusive or of bytes. */
static bool
can_xor(const struct idxd_look *look)
{
	uint64_t caps[4] = { 0 };

	return look->queue->version >= VERSION_REDUCE &&
	       dmover_queue_allows(look->queue, OP_REDUCE) &&
	       read_bits(look, look->queue->device, "dsacaps", caps) && (caps[1] & CAP_XOR) != 0 &&
	       (caps[1] & CAP_BYTES) != 0;
}

static void
look_at_xor(struct idxd_look *look)
{
	struct queue_finding *finding;

	look->queue->has_xor = can_xor(look);
	finding = idxd_look_add(look, "XOR", look->queue->has_xor ? "yes" : "no");
	finding->is_good = look->queue->has_xor;
	if (!finding->is_good)
		idxd_finding_blame(finding, "only DSA 3.0 has it: xor2 to xor16 go to the CPU", "");
}

/* The smaller of what queue and device say; FALLBACK when neither tells. */
static unsigned long
find_limit(struct idxd_look *look, const char *what, const char *file, unsigned long fallback)
{
	struct queue_finding *finding = idxd_look_up(look, what, look->queue->name, file);
	long own = idxd_finding_number(finding), most = -1;
	char path[64], text[32];
	uint64_t number;

	snprintf(path, sizeof(path), "%s/%s", look->queue->device, file);
	if (idxd_attribute_read(look->sysfs, path, text, sizeof(text)) == 0 &&
	    idxd_attribute_number(text, &number) && number <= INT64_MAX)
		most = (long)number;
	finding->is_good = own > 0;
	if (own <= 0)
		idxd_finding_blame(finding, "not told: the driver's default is taken", "");
	if (own <= 0)
		own = (long)fallback;
	return (unsigned long)(most > 0 && most < own ? most : own);
}

static void
look_at_sizes(struct idxd_look *look)
{
	struct dsa_queue *queue = look->queue;
	unsigned long batch;

	queue->max_transfer =
	    find_limit(look, "bytes of a descriptor", "max_transfer_size", TRANSFER_DEFAULT);
	batch = find_limit(look, "descriptors of a batch", "max_batch_size", BATCH_DEFAULT);
	queue->max_batch = batch <= 65536 ? (unsigned)batch : 65536;
}

/* Faults that the kernel mends hold up the engine for all; better when they are told to us. */
static void
look_at_faults(struct idxd_look *look)
{
	struct queue_finding *finding = idxd_look_up(
	    look, "faults are told, not waited for", look->queue->name, "block_on_fault");

	look->queue->may_block_on_fault = idxd_finding_says(finding, "1");
	finding->is_good = !look->queue->may_block_on_fault;
	if (finding->is_good)
		return;
	idxd_finding_blame(finding,
	    "another program's page fault can hold up this queue's engine for a long time", "");
	idxd_look_cure(look, finding, "-b 0", /* is_deep= */ false);
}

static void
look_at_flags(struct idxd_look *look)
{
	uint64_t bits[4] = { 0 };
	char file[48], text[64];

	snprintf(file, sizeof(file), "%s/gen_cap", look->queue->device);
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) == 0)
		idxd_attribute_number(text, &bits[0]);
	look->queue->may_overlap = (bits[0] & GEN_OVERLAP) != 0;
	look->queue->has_cache_control = (bits[0] & GEN_CACHE_CONTROL) != 0;
	snprintf(file, sizeof(file), "%s/numa_node", look->queue->device);
	look->queue->numa_node = -1;
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) == 0 &&
	    idxd_attribute_number(text, &bits[0]) && bits[0] <= INT32_MAX)
		look->queue->numa_node = (int)bits[0];
}

void
idxd_look_at_limits(struct idxd_look *look)
{
	look_at_ops(look);
	look_at_sizes(look);
	look_at_faults(look);
	look_at_flags(look);
	look_at_xor(look);
}
