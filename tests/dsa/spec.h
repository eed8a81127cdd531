/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec.h: descriptors, completion records, opcodes, flags and statuses of Intel DSA, as the model
 * knows them.  From the architecture specification (341204), revisions 1.0 to 3.0; no engine of this
 * project includes this file, so that a mistake on one side does not repeat itself on the other.
 */
#ifndef TESTS_DSA_SPEC_H
#define TESTS_DSA_SPEC_H

#include <stddef.h>
#include <stdint.h>

#define DSA_DESC_SIZE     64u
#define DSA_RECORD_SIZE   32u
#define DSA_RECORD_ALIGN  32u
#define DSA_LIST_ALIGN    64u
#define DSA_DUALCAST_BITS 0xfffu /* of the two destinations, which must be equal */

enum dsa_version {
	DSA_VERSION_1 = 0x100,
	DSA_VERSION_2 = 0x200,
	DSA_VERSION_3 = 0x300,
};

enum dsa_opcode {
	DSA_OP_NOOP = 0x00,
	DSA_OP_BATCH = 0x01,
	DSA_OP_DRAIN = 0x02,
	DSA_OP_MEMMOVE = 0x03,
	DSA_OP_FILL = 0x04,
	DSA_OP_COMPARE = 0x05,
	DSA_OP_DUALCAST = 0x09,
	DSA_OP_CRCGEN = 0x10,
	DSA_OP_COPY_CRC = 0x11,
	DSA_OP_REDUCE = 0x19,
	DSA_OP_COUNT = 0x20, /* opcodes are counted below this */
};

/* Of the 24 bits at offset 4. */
#define DSA_FLAG_FENCE     0x000001u
#define DSA_FLAG_BOF       0x000002u /* block on fault */
#define DSA_FLAG_CRAV      0x000004u /* the record's address is valid */
#define DSA_FLAG_RCR       0x000008u /* write a record for success, too */
#define DSA_FLAG_RCI       0x000010u /* completion interrupt */
#define DSA_FLAG_CHECK     0x000080u /* compare the result with what is expected */
#define DSA_FLAG_CACHE     0x000100u /* write the destination to the cache */
#define DSA_FLAGS_TC       0x001e00u /* traffic classes of the addresses */
#define DSA_FLAG_CRC_SEED  0x010000u /* the seed is in memory */
#define DSA_FLAG_CRC_PLAIN 0x020000u /* do not invert or reflect seed and result */
#define DSA_FLAG_CRC_DATA  0x040000u /* do not reflect the data */
#define DSA_FLAG_FILL_16   0x040000u /* a pattern of 16 bytes (2.0) */

/* Of the 32 bits at offset 0. */
#define DSA_PASID_MASK     0x000fffffu
#define DSA_PASID_RESERVED 0x7ff00000u
#define DSA_PASID_PRIV     0x80000000u

enum dsa_status {
	DSA_STATUS_NONE = 0x00,
	DSA_STATUS_SUCCESS = 0x01,
	DSA_STATUS_FALSE = 0x02, /* done, and not what was expected */
	DSA_STATUS_FAULT = 0x03, /* page fault: partial */
	DSA_STATUS_FAULT_FATAL = 0x04,
	DSA_STATUS_BATCH_FAIL = 0x05,
	DSA_STATUS_BATCH_FAULT = 0x06,
	DSA_STATUS_BAD_OPCODE = 0x10,
	DSA_STATUS_BAD_FLAGS = 0x11,
	DSA_STATUS_RESERVED = 0x12,
	DSA_STATUS_BAD_SIZE = 0x13,
	DSA_STATUS_BAD_COUNT = 0x14,
	DSA_STATUS_BAD_VALUE = 0x15,
	DSA_STATUS_OVERLAP = 0x16,
	DSA_STATUS_DUALCAST = 0x17,
	DSA_STATUS_LIST_ALIGN = 0x18,
	DSA_STATUS_INTERRUPT = 0x19,
	DSA_STATUS_RECORD_FAULT = 0x1a, /* never in a record */
	DSA_STATUS_RECORD_ALIGN = 0x1b, /* never in a record */
	DSA_STATUS_ALIGN = 0x1c,
	DSA_STATUS_PRIV = 0x1d, /* never in a record */
	DSA_STATUS_TRAFFIC = 0x1e,
	DSA_STATUS_HARDWARE = 0x20,
	DSA_STATUS_OVERFLOW = 0x53, /* never in a record */
	DSA_STATUS_MASK = 0x3f,
	DSA_STATUS_WRITE = 0x80, /* the access that faulted was a write */
};

/* REDUCE: offset 56 holds the types of what is read and written, offset 57 what is computed. */
#define DSA_REDUCE_XOR 5u

struct dsa_desc {
	uint32_t pasid;
	uint32_t flags_opcode;
	uint64_t record;
	uint64_t src;  /* pattern of FILL, list of BATCH */
	uint64_t dst;  /* second source of COMPARE and REDUCE */
	uint32_t size; /* bytes; descriptors of BATCH, elements of REDUCE */
	uint16_t interrupt;
	uint16_t reserved;
	uint8_t op[24]; /* what is special about the opcode */
};

struct dsa_record {
	uint8_t status;
	uint8_t result;
	uint8_t fault_info;
	uint8_t reserved;
	uint32_t completed; /* bytes, or descriptors */
	uint64_t fault_addr;
	uint64_t value; /* CRC, invalid flags */
	uint64_t reserved2;
};

_Static_assert(sizeof(struct dsa_desc) == DSA_DESC_SIZE, "descriptor");
_Static_assert(offsetof(struct dsa_desc, record) == 8, "record");
_Static_assert(offsetof(struct dsa_desc, src) == 16, "source");
_Static_assert(offsetof(struct dsa_desc, dst) == 24, "destination");
_Static_assert(offsetof(struct dsa_desc, size) == 32, "size");
_Static_assert(offsetof(struct dsa_desc, op) == 40, "op");
_Static_assert(sizeof(struct dsa_record) == DSA_RECORD_SIZE, "record");
_Static_assert(offsetof(struct dsa_record, completed) == 4, "completed");
_Static_assert(offsetof(struct dsa_record, fault_addr) == 8, "fault address");
_Static_assert(offsetof(struct dsa_record, value) == 16, "value");

#endif /* TESTS_DSA_SPEC_H */
