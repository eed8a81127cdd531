/* SPDX-License-Identifier: BSD-2-Clause */
/* desc.c: builds descriptors and reads completion records. */
#include "desc.h"

#include <string.h>

#define STATUS_MASK  0x3fu
#define STATUS_WRITE 0x80u

static uint64_t
address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static struct idxd_desc
blank(enum idxd_opcode opcode, uint32_t flags, uint32_t size)
{
	return (struct idxd_desc){
		.flags = (uint32_t)opcode << 24 | IDXD_FLAG_CRAV | IDXD_FLAG_RCR | flags,
		.size = size,
	};
}

void
idxd_desc_noop(struct idxd_desc *desc, const struct idxd_record *record)
{
	*desc = blank(IDXD_OP_NOOP, 0, 0);
	idxd_desc_aim(desc, record);
}

void
idxd_desc_fill(struct idxd_desc *desc, uint32_t flags, uint8_t *dst, uint8_t byte, uint32_t size)
{
	*desc = blank(IDXD_OP_FILL, flags, size);
	desc->pattern = byte * UINT64_C(0x0101010101010101);
	desc->dst = address(dst);
}

void
idxd_desc_copy(
    struct idxd_desc *desc, uint32_t flags, uint8_t *dst, const uint8_t *src, uint32_t size)
{
	*desc = blank(IDXD_OP_MEMMOVE, flags, size);
	desc->src = address(src);
	desc->dst = address(dst);
}

void
idxd_desc_crc(struct idxd_desc *desc, const uint8_t *src, uint32_t seed, uint32_t size)
{
	*desc = blank(IDXD_OP_CRCGEN, 0, size);
	desc->src = address(src);
	desc->crc.seed = seed;
}

void
idxd_desc_xor(struct idxd_desc *desc, uint32_t flags, const struct idxd_xor *bytes, uint32_t size)
{
	*desc = blank(IDXD_OP_REDUCE, flags, size);
	desc->src = address(bytes->src);
	desc->src2 = address(bytes->src2);
	desc->reduce.dst = address(bytes->dst);
	desc->reduce.types = IDXD_DATA_U8 | IDXD_DATA_U8 << 4;
	desc->reduce.compute = IDXD_COMPUTE_XOR;
}

void
idxd_desc_batch(struct idxd_desc *desc, const struct idxd_desc *list, uint32_t n,
    const struct idxd_record *record)
{
	*desc = blank(IDXD_OP_BATCH, 0, n);
	desc->list = address(list);
	idxd_desc_aim(desc, record);
}

void
idxd_record_read(const uint8_t bytes[32], struct idxd_outcome *ret_outcome)
{
	struct idxd_record record;

	memcpy(&record, bytes, sizeof(record));
	*ret_outcome = (struct idxd_outcome){
		.status = record.status & STATUS_MASK,
		.is_write = (record.status & STATUS_WRITE) != 0,
		.is_backwards = record.result == 1,
		.bytes = record.bytes,
		.fault_addr = record.fault_addr,
		.crc = (uint32_t)record.value,
	};
}
