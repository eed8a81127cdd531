/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c: the rules of each opcode: flags, reserved fields, sizes, alignment, overlap. */
#include "tests/dsa/check.h"

#include <string.h>

#define COMMON     (DSA_FLAG_CRAV | DSA_FLAG_RCR | DSA_FLAG_RCI | DSA_FLAGS_TC)
#define WRITES     (COMMON | DSA_FLAG_BOF | DSA_FLAG_CACHE)
#define READS_ONLY (COMMON | DSA_FLAG_BOF)
#define CRC_FLAGS  (DSA_FLAG_CRC_SEED | DSA_FLAG_CRC_PLAIN | DSA_FLAG_CRC_DATA)

/* Bytes A to B (not with B) as bits. */
#define BYTES(a, b) (((UINT64_C(1) << ((b)-1) << 1) - 1) & ~((UINT64_C(1) << (a)) - 1))
#define INTERRUPT   BYTES(36, 38)
#define RESERVED    BYTES(38, 40)
#define OPERANDS    BYTES(16, 36)
#define OP_SPECIFIC BYTES(40, 64)
#define SECOND      BYTES(24, 32)

static const struct rules {
	uint32_t flags;
	uint64_t reserved; /* bytes that must be 0 */
	bool needs_record; /* the answer is in the record */
	bool is_known;
} rules[DSA_OP_COUNT] = {
	[DSA_OP_NOOP] = { COMMON, RESERVED | OPERANDS | OP_SPECIFIC, false, true },
	[DSA_OP_BATCH] = { COMMON, RESERVED | SECOND | OP_SPECIFIC, false, true },
	[DSA_OP_DRAIN] = { COMMON, RESERVED | OPERANDS | OP_SPECIFIC, false, true },
	[DSA_OP_MEMMOVE] = { WRITES, RESERVED | OP_SPECIFIC, false, true },
	[DSA_OP_FILL] = { WRITES, RESERVED | OP_SPECIFIC, false, true },
	[DSA_OP_COMPARE] = { READS_ONLY | DSA_FLAG_CHECK, RESERVED | BYTES(41, 64), true, true },
	[DSA_OP_DUALCAST] = { WRITES, RESERVED | BYTES(48, 64), false, true },
	[DSA_OP_CRCGEN] = { READS_ONLY | CRC_FLAGS, RESERVED | SECOND | BYTES(44, 64), true, true },
	[DSA_OP_COPY_CRC] = { WRITES | CRC_FLAGS, RESERVED | BYTES(44, 64), true, true },
	[DSA_OP_REDUCE] = { WRITES, RESERVED | BYTES(48, 56) | BYTES(58, 64), false, true },
};

uint32_t
desc_u32(const struct dsa_desc *desc, unsigned at)
{
	uint32_t value;

	memcpy(&value, &desc->op[at - 40], sizeof(value));
	return value;
}

uint64_t
desc_u64(const struct dsa_desc *desc, unsigned at)
{
	uint64_t value;

	memcpy(&value, &desc->op[at - 40], sizeof(value));
	return value;
}

static uint8_t
desc_u8(const struct dsa_desc *desc, unsigned at)
{
	return desc->op[at - 40];
}

static unsigned
reduce_log2(const struct dsa_desc *desc)
{
	return desc_u8(desc, 56) & 3;
}

uint64_t
desc_reduce_bytes(const struct dsa_desc *desc)
{
	return (uint64_t)desc->size << reduce_log2(desc);
}

static enum dsa_status
check_opcode(const struct dsa_model_options *device, const struct dsa_queue_options *queue,
    const struct dsa_desc *desc, bool is_member)
{
	const unsigned opcode = desc_opcode(desc);

	if (opcode >= DSA_OP_COUNT || !rules[opcode].is_known ||
	    (queue->disabled_ops >> opcode & 1) != 0)
		return DSA_STATUS_BAD_OPCODE;
	if (opcode == DSA_OP_REDUCE && device->version < DSA_VERSION_3)
		return DSA_STATUS_BAD_OPCODE;
	if (is_member && (opcode == DSA_OP_BATCH || opcode == DSA_OP_DRAIN))
		return DSA_STATUS_BAD_OPCODE;
	return DSA_STATUS_NONE;
}

static enum dsa_status
check_flags(const struct dsa_model_options *device, const struct dsa_queue_options *queue,
    const struct dsa_desc *desc, bool is_member, uint32_t *ret_flags)
{
	const struct rules *rule = &rules[desc_opcode(desc)];
	const uint32_t record = DSA_FLAG_CRAV | DSA_FLAG_RCR, flags = desc_flags(desc);
	uint32_t allowed = rule->flags;

	if (is_member)
		allowed |= DSA_FLAG_FENCE;
	if (!queue->may_block_on_fault)
		allowed &= ~DSA_FLAG_BOF;
	if (device->no_cache_control)
		allowed &= ~DSA_FLAG_CACHE;
	if (desc_opcode(desc) == DSA_OP_FILL && device->version >= DSA_VERSION_2)
		allowed |= DSA_FLAG_FILL_16;
	*ret_flags = flags & ~allowed;
	if ((flags & record) == DSA_FLAG_RCR || (rule->needs_record && (flags & record) != record))
		*ret_flags |= record & ~(flags & DSA_FLAG_CRAV);
	if (*ret_flags != 0)
		return DSA_STATUS_BAD_FLAGS;
	if ((flags & DSA_FLAG_RCI) != 0)
		return DSA_STATUS_INTERRUPT; /* users have no handle that would be good */
	return (flags & DSA_FLAGS_TC) != 0 ? DSA_STATUS_TRAFFIC : DSA_STATUS_NONE;
}

static enum dsa_status
check_reserved(const struct dsa_desc *desc)
{
	const uint32_t flags = desc_flags(desc);
	uint64_t reserved = rules[desc_opcode(desc)].reserved | INTERRUPT;
	uint8_t bytes[DSA_DESC_SIZE];

	if ((flags & DSA_FLAG_CRC_SEED) != 0 && desc_opcode(desc) >= DSA_OP_CRCGEN)
		reserved = (reserved & ~BYTES(48, 56)) | BYTES(40, 44);
	if ((flags & DSA_FLAG_FILL_16) != 0 && desc_opcode(desc) == DSA_OP_FILL)
		reserved &= ~BYTES(40, 48);
	if (desc_opcode(desc) == DSA_OP_COMPARE && (flags & DSA_FLAG_CHECK) == 0)
		reserved |= BYTES(40, 41);
	memcpy(bytes, desc, sizeof(bytes));
	for (unsigned i = 0; i < sizeof(bytes); i++)
		if ((reserved >> i & 1) != 0 && bytes[i] != 0)
			return DSA_STATUS_RESERVED;
	if ((desc->pasid & DSA_PASID_RESERVED) != 0)
		return DSA_STATUS_RESERVED;
	if (desc_opcode(desc) == DSA_OP_COMPARE && desc_u8(desc, 40) > 1)
		return DSA_STATUS_RESERVED;
	if (desc_opcode(desc) == DSA_OP_REDUCE && desc_u8(desc, 57) > 0xf)
		return DSA_STATUS_RESERVED;
	return DSA_STATUS_NONE;
}

static bool
overlaps(uint64_t a, uint64_t b, uint64_t len)
{
	return a - b < len || b - a < len;
}

static enum dsa_status
check_batch(const struct dsa_queue_options *queue, const struct dsa_desc *desc)
{
	if (desc->size < 2 || desc->size > queue->max_batch)
		return DSA_STATUS_BAD_COUNT;
	return desc->src % DSA_LIST_ALIGN != 0 ? DSA_STATUS_LIST_ALIGN : DSA_STATUS_NONE;
}

/* In place is fine, and nothing between that and apart. */
static enum dsa_status
check_reduce(const struct dsa_desc *desc, uint64_t size)
{
	const uint64_t dst = desc_u64(desc, 40), element = UINT64_C(1) << reduce_log2(desc);
	const uint8_t types = desc_u8(desc, 56);

	if ((types & 0xf) > 3 || types >> 4 != (types & 0xf) || desc_u8(desc, 57) != DSA_REDUCE_XOR)
		return DSA_STATUS_BAD_VALUE;
	if ((desc->src | desc->dst | dst) % element != 0)
		return DSA_STATUS_ALIGN;
	if ((dst != desc->src && overlaps(dst, desc->src, size)) ||
	    (dst != desc->dst && overlaps(dst, desc->dst, size)))
		return DSA_STATUS_OVERLAP;
	return DSA_STATUS_NONE;
}

static enum dsa_status
check_dualcast(const struct dsa_desc *desc)
{
	const uint64_t other = desc_u64(desc, 40);

	if (((desc->dst ^ other) & DSA_DUALCAST_BITS) != 0)
		return DSA_STATUS_DUALCAST;
	if (overlaps(desc->src, desc->dst, desc->size) || overlaps(desc->src, other, desc->size) ||
	    overlaps(desc->dst, other, desc->size))
		return DSA_STATUS_OVERLAP;
	return DSA_STATUS_NONE;
}

static enum dsa_status
check_operands(const struct dsa_model_options *device, const struct dsa_desc *desc, uint64_t size)
{
	switch (desc_opcode(desc)) {
	case DSA_OP_MEMMOVE:
		if (device->no_overlap && overlaps(desc->src, desc->dst, size))
			return DSA_STATUS_OVERLAP;
		return DSA_STATUS_NONE;
	case DSA_OP_COPY_CRC:
		if (overlaps(desc->src, desc->dst, size))
			return DSA_STATUS_OVERLAP;
		/* fallthrough */
	case DSA_OP_CRCGEN:
		return desc_u64(desc, 48) % 4 != 0 ? DSA_STATUS_ALIGN : DSA_STATUS_NONE;
	case DSA_OP_DUALCAST:
		return check_dualcast(desc);
	case DSA_OP_REDUCE:
		return check_reduce(desc, size);
	default:
		return DSA_STATUS_NONE;
	}
}

enum dsa_status
check_desc(const struct dsa_model_options *device, const struct dsa_queue_options *queue,
    const struct dsa_desc *desc, bool is_member, uint32_t *ret_flags)
{
	enum dsa_status status = check_opcode(device, queue, desc, is_member);
	uint64_t size = desc->size;

	*ret_flags = 0;
	if (status == DSA_STATUS_NONE)
		status = check_flags(device, queue, desc, is_member, ret_flags);
	if (status == DSA_STATUS_NONE)
		status = check_reserved(desc);
	if (status != DSA_STATUS_NONE)
		return status;
	if (desc_opcode(desc) == DSA_OP_BATCH)
		return check_batch(queue, desc);
	if (desc_opcode(desc) < DSA_OP_MEMMOVE)
		return DSA_STATUS_NONE;
	if (desc_opcode(desc) == DSA_OP_REDUCE)
		size = desc_reduce_bytes(desc);
	if (size == 0 || size > queue->max_transfer)
		return DSA_STATUS_BAD_SIZE;
	return check_operands(device, desc, size);
}
