/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * desc.h: descriptors and completion records of Intel DSA, as they lie in memory.
 *
 * Source: Intel Data Streaming Accelerator Architecture Specification, revision 3.0.  Multi-byte
 * fields are little-endian, as is every processor that has such a device.
 */
#ifndef ENGINES_IDXD_DESC_H
#define ENGINES_IDXD_DESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum idxd_opcode {
	IDXD_OP_NOOP = 0x00,
	IDXD_OP_BATCH = 0x01,
	IDXD_OP_MEMMOVE = 0x03,
	IDXD_OP_FILL = 0x04,
	IDXD_OP_CRCGEN = 0x10,
	IDXD_OP_REDUCE = 0x19, /* DSA 3.0 */
};

/* Flags, bits 23:0 of the word that the opcode ends. */
#define IDXD_FLAG_CRAV  UINT32_C(0x0004) /* the record's address is valid */
#define IDXD_FLAG_RCR   UINT32_C(0x0008) /* write a record on success, too */
#define IDXD_FLAG_CACHE UINT32_C(0x0100) /* what is written goes to the cache */

/* Status codes, bits 5:0 of a record's first byte. */
enum idxd_status {
	IDXD_ST_NONE = 0x00, /* not done */
	IDXD_ST_SUCCESS = 0x01,
	IDXD_ST_FAULT = 0x03, /* page fault: done in part */
	IDXD_ST_FAULT_INVALID =
	    0x04,                   /* page fault, and the system says that there is no such page */
	IDXD_ST_BATCH_FAIL = 0x05,  /* some of a batch failed */
	IDXD_ST_BATCH_FAULT = 0x06, /* page fault on the list of a batch */
	IDXD_ST_INVALID_FIRST = 0x10, /* to the last: the descriptor is wrong, and was not begun */
	IDXD_ST_INVALID_LAST = 0x1e,
	IDXD_ST_READBACK_FAULT = 0x1f,
};

/* Of a REDUCE: compute type, and the type of the data. */
#define IDXD_COMPUTE_XOR 5u
#define IDXD_DATA_U8     0u

struct idxd_desc {
	uint32_t pasid; /* 0: filled in by the processor or the kernel */
	uint32_t flags; /* bits 31:24: opcode */
	uint64_t record;
	union {
		uint64_t src;
		uint64_t pattern;
		uint64_t list; /* of a batch */
	};
	union {
		uint64_t dst;
		uint64_t src2;
	};
	uint32_t size; /* bytes; descriptors of a batch; elements of a REDUCE */
	uint16_t interrupt;
	uint16_t reserved;
	union {
		uint8_t op[24];
		struct {
			uint32_t seed;
			uint32_t reserved;
			uint64_t seed_addr;
		} crc;
		struct {
			uint64_t dst;
			uint64_t reserved;
			uint8_t types;   /* bits 3:0 of the input, 7:4 of the output */
			uint8_t compute; /* bits 3:0 */
			uint16_t compute_flags;
			uint32_t table;
		} reduce;
	};
} __attribute__((aligned(64)));

struct idxd_record {
	uint8_t status;
	uint8_t result;
	uint8_t fault_info;
	uint8_t reserved;
	uint32_t bytes; /* completed; descriptors of a batch; 0 on success */
	uint64_t fault_addr;
	union {
		uint64_t value; /* CRC */
		uint32_t invalid_flags;
	};
	uint64_t op;
} __attribute__((aligned(32)));

_Static_assert(sizeof(struct idxd_desc) == 64, "descriptor");
_Static_assert(offsetof(struct idxd_desc, flags) == 4, "descriptor: flags and opcode");
_Static_assert(offsetof(struct idxd_desc, record) == 8, "descriptor: record");
_Static_assert(offsetof(struct idxd_desc, src) == 16, "descriptor: source");
_Static_assert(offsetof(struct idxd_desc, pattern) == 16, "descriptor: pattern");
_Static_assert(offsetof(struct idxd_desc, list) == 16, "descriptor: list");
_Static_assert(offsetof(struct idxd_desc, dst) == 24, "descriptor: destination");
_Static_assert(offsetof(struct idxd_desc, src2) == 24, "descriptor: second source");
_Static_assert(offsetof(struct idxd_desc, size) == 32, "descriptor: size");
_Static_assert(offsetof(struct idxd_desc, interrupt) == 36, "descriptor: interrupt");
_Static_assert(offsetof(struct idxd_desc, op) == 40, "descriptor: operation");
_Static_assert(offsetof(struct idxd_desc, crc.seed) == 40, "descriptor: seed");
_Static_assert(offsetof(struct idxd_desc, crc.seed_addr) == 48, "descriptor: seed's address");
_Static_assert(offsetof(struct idxd_desc, reduce.dst) == 40, "descriptor: REDUCE's destination");
_Static_assert(offsetof(struct idxd_desc, reduce.types) == 56, "descriptor: REDUCE's types");
_Static_assert(offsetof(struct idxd_desc, reduce.compute) == 57, "descriptor: compute type");
_Static_assert(offsetof(struct idxd_desc, reduce.compute_flags) == 58, "descriptor: its flags");
_Static_assert(offsetof(struct idxd_desc, reduce.table) == 60, "descriptor: REDUCE's table");
_Static_assert(sizeof(struct idxd_record) == 32, "record");
_Static_assert(offsetof(struct idxd_record, result) == 1, "record: result");
_Static_assert(offsetof(struct idxd_record, fault_info) == 2, "record: fault");
_Static_assert(offsetof(struct idxd_record, bytes) == 4, "record: bytes");
_Static_assert(offsetof(struct idxd_record, fault_addr) == 8, "record: fault's address");
_Static_assert(offsetof(struct idxd_record, value) == 16, "record: value");
_Static_assert(offsetof(struct idxd_record, invalid_flags) == 16, "record: invalid flags");
_Static_assert(offsetof(struct idxd_record, op) == 24, "record: operation");

/*
 * Builders.  Each fills in the whole of DESC.  FLAGS may be IDXD_FLAG_CACHE, where the operation
 * writes memory and the device knows it; a record is always asked for.  SIZE is in bytes.
 */
void idxd_desc_noop(struct idxd_desc *desc, const struct idxd_record *record);
void idxd_desc_fill(
    struct idxd_desc *desc, uint32_t flags, uint8_t *dst, uint8_t byte, uint32_t size);
void idxd_desc_copy(
    struct idxd_desc *desc, uint32_t flags, uint8_t *dst, const uint8_t *src, uint32_t size);
/* SEED is the finished sum of the bytes before, 0 at first. */
void idxd_desc_crc(struct idxd_desc *desc, const uint8_t *src, uint32_t seed, uint32_t size);

struct idxd_xor {
	uint8_t *dst; /* may be one of the sources */
	const uint8_t *src, *src2;
};
void idxd_desc_xor(
    struct idxd_desc *desc, uint32_t flags, const struct idxd_xor *bytes, uint32_t size);
/* The descriptors of LIST, N of them, which stay in place until the record has come. */
void idxd_desc_batch(struct idxd_desc *desc, const struct idxd_desc *list, uint32_t n,
    const struct idxd_record *record);

static inline enum idxd_opcode
idxd_desc_opcode(const struct idxd_desc *desc)
{
	return (enum idxd_opcode)(desc->flags >> 24);
}

/* Where the record of DESC is to be written. */
static inline void
idxd_desc_aim(struct idxd_desc *desc, const struct idxd_record *record)
{
	desc->record = (uint64_t)(uintptr_t)record;
}

/* What a record says. */
struct idxd_outcome {
	uint8_t status;    /* IDXD_ST_*; others may come */
	bool is_write;     /* the access that faulted was one */
	bool is_backwards; /* MEMMOVE went from the end */
	uint32_t bytes;    /* completed; on success 0 */
	uint64_t fault_addr;
	uint32_t crc;
};

/* Pure: any 32 bytes will do. */
void idxd_record_read(const uint8_t bytes[32], struct idxd_outcome *ret_outcome);

/* Asks for a record again.  Before the descriptor is submitted. */
static inline void
idxd_record_clear(struct idxd_record *record)
{
	__atomic_store_n(&record->status, IDXD_ST_NONE, __ATOMIC_RELAXED);
}

/* True when the record has come: all of it can be read then. */
static inline bool
idxd_record_is_there(const struct idxd_record *record)
{
	return __atomic_load_n(&record->status, __ATOMIC_ACQUIRE) != IDXD_ST_NONE;
}

#endif /* ENGINES_IDXD_DESC_H */
