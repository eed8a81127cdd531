/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_record.c: any bytes as completion records of a device that resumes after page faults.
 *
 * Byte 0 chooses the operation, bytes 1 to 4 are its size; the rest is records, one for each time that
 * the descriptor is submitted.  Whatever they say, what is submitted next lies inside of what was asked
 * for first, and every byte is accounted for exactly once.
 */
#include <string.h>

#include "engines/idxd/desc.h"
#include "engines/idxd/resume.h"
#include "fuzz.h"

#define RECORD 32u
#define SEED   UINT32_C(0x5eed5eed)

/* Nobody reads or writes there. */
#define SRC  UINT64_C(0x100000000000)
#define SRC2 UINT64_C(0x200000000000)
#define DST  UINT64_C(0x300000000000)

static uint8_t *
at(uint64_t addr)
{
	return (uint8_t *)(uintptr_t)addr;
}

static void
build(struct idxd_desc *desc, unsigned choice, uint32_t size)
{
	static const struct idxd_record record;
	const struct idxd_xor bytes = { at(DST), at(SRC), at(SRC2) };

	switch (choice % 6) {
	case 0:
		idxd_desc_fill(desc, 0, at(DST), 0xa5, size);
		break;
	case 1:
		idxd_desc_copy(desc, 0, at(DST), at(SRC), size);
		break;
	case 2:
		idxd_desc_crc(desc, at(SRC), SEED, size);
		break;
	case 3:
		idxd_desc_xor(desc, 0, &bytes, size);
		break;
	case 4:
		idxd_desc_noop(desc, &record);
		break;
	default:
		/* What no engine resumes. */
		idxd_desc_copy(desc, 0, at(DST), at(SRC), size);
		desc->flags = (desc->flags & 0xffffff) | (uint32_t)choice << 24;
		break;
	}
}

static uint64_t
number(const uint8_t *p, unsigned width)
{
	uint64_t n = 0;

	for (unsigned i = width; i-- > 0;)
		n = n << 8 | p[i];
	return n;
}

/* Each member says what the record's bytes say. */
static void
check_outcome(const uint8_t *record, const struct idxd_outcome *outcome)
{
	MUST(outcome->status == (record[0] & 0x3f));
	MUST(outcome->is_write == (record[0] >> 7 != 0));
	MUST(outcome->is_backwards == (record[1] == 1));
	MUST(outcome->bytes == number(record + 4, 4));
	MUST(outcome->fault_addr == number(record + 8, 8));
	MUST(outcome->crc == number(record + 16, 4));
}

/* All but the addresses, the size and the seed. */
static bool
is_same_otherwise(const struct idxd_desc *was, const struct idxd_desc *is)
{
	struct idxd_desc copy = *is;

	copy.size = was->size;
	copy.src = was->src;
	copy.dst = was->dst;
	if (idxd_desc_opcode(was) == IDXD_OP_CRCGEN)
		copy.crc.seed = was->crc.seed;
	if (idxd_desc_opcode(was) == IDXD_OP_REDUCE)
		copy.reduce.dst = was->reduce.dst;
	return memcmp(&copy, was, sizeof(copy)) == 0;
}

/* Its addresses went on by HEAD. */
static void
check_moved(const struct idxd_desc *was, const struct idxd_desc *is, uint64_t head)
{
	const enum idxd_opcode op = idxd_desc_opcode(was);

	MUST(is_same_otherwise(was, is));
	MUST(is->src - was->src == (op == IDXD_OP_FILL ? 0 : head));
	MUST(is->dst - was->dst == (op == IDXD_OP_CRCGEN ? 0 : head));
	if (op == IDXD_OP_REDUCE)
		MUST(is->reduce.dst - was->reduce.dst == head);
}

static void
check_again(const struct idxd_desc *was, const struct idxd_desc *is,
    const struct idxd_outcome *outcome, uint32_t head)
{
	const bool is_from_end = idxd_desc_opcode(was) == IDXD_OP_MEMMOVE && outcome->is_backwards;

	MUST(outcome->status == 0x03);
	MUST(head == (is_from_end ? 0 : outcome->bytes));
	MUST(outcome->bytes < was->size && is->size == was->size - outcome->bytes);
	check_moved(was, is, head);
	if (idxd_desc_opcode(was) == IDXD_OP_CRCGEN)
		MUST(is->crc.seed == (outcome->bytes > 0 ? outcome->crc : was->crc.seed));
}

/* One record for *DESC, which becomes what is to be submitted next; false: nothing is. */
static bool
step(struct idxd_desc *desc, const uint8_t *record)
{
	const struct idxd_desc was = *desc;
	struct idxd_outcome outcome;
	enum idxd_verdict verdict;
	uint32_t head = UINT32_MAX;

	idxd_record_read(record, &outcome);
	check_outcome(record, &outcome);
	verdict = idxd_resume(desc, &outcome, &head);
	MUST((verdict == IDXD_DONE) == (outcome.status == 0x01));
	if (verdict == IDXD_AGAIN) {
		check_again(&was, desc, &outcome, head);
		return true;
	}
	MUST(verdict == IDXD_DONE || verdict == IDXD_CPU || verdict == IDXD_BAD);
	MUST(memcmp(desc, &was, sizeof(was)) == 0);
	MUST(head == (verdict == IDXD_DONE ? was.size : 0));
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct idxd_desc desc;

	if (size < 5)
		return 0;
	build(&desc, data[0], (uint32_t)number(data + 1, 4));
	data += 5, size -= 5;
	while (size >= RECORD && step(&desc, data))
		data += RECORD, size -= RECORD;
	return 0;
}
