/* SPDX-License-Identifier: BSD-2-Clause */
/* resume.c: what becomes of a descriptor whose record has come. */
#include "resume.h"

/* The first BYTES of a REDUCE were done, or of anything that has one address to read from. */
static void
pass(struct idxd_desc *desc, const struct idxd_outcome *outcome)
{
	const uint32_t bytes = outcome->bytes;

	switch (idxd_desc_opcode(desc)) {
	case IDXD_OP_FILL: /* the pattern is eight times the same byte, and stays as it is */
		desc->dst += bytes;
		break;
	case IDXD_OP_MEMMOVE:
		desc->src += bytes;
		desc->dst += bytes;
		break;
	case IDXD_OP_CRCGEN:
		desc->src += bytes;
		desc->crc.seed = outcome->crc;
		break;
	default: /* REDUCE */
		desc->src += bytes;
		desc->src2 += bytes;
		desc->reduce.dst += bytes;
		break;
	}
}

static bool
is_resumable(const struct idxd_desc *desc)
{
	switch (idxd_desc_opcode(desc)) {
	case IDXD_OP_FILL:
	case IDXD_OP_MEMMOVE:
	case IDXD_OP_CRCGEN:
	case IDXD_OP_REDUCE:
		return true;
	default:
		return false;
	}
}

static enum idxd_verdict
after_fault(struct idxd_desc *desc, const struct idxd_outcome *outcome, uint32_t *ret_head)
{
	const bool is_from_end = outcome->is_backwards && idxd_desc_opcode(desc) == IDXD_OP_MEMMOVE;

	/* A fault means that a byte is left. */
	if (!is_resumable(desc) || outcome->bytes >= desc->size)
		return IDXD_BAD;
	/* With no byte done the record's sum is that of nothing, and the seed stays. */
	if (outcome->bytes > 0 && !is_from_end) {
		pass(desc, outcome);
		*ret_head = outcome->bytes;
	}
	desc->size -= outcome->bytes;
	return IDXD_AGAIN;
}

enum idxd_verdict
idxd_resume(struct idxd_desc *desc, const struct idxd_outcome *outcome, uint32_t *ret_head)
{
	*ret_head = 0;
	switch (outcome->status) {
	case IDXD_ST_SUCCESS:
		*ret_head = desc->size;
		return IDXD_DONE;
	case IDXD_ST_FAULT:
		return after_fault(desc, outcome, ret_head);
	case IDXD_ST_FAULT_INVALID:
	case IDXD_ST_READBACK_FAULT:
		return IDXD_CPU;
	default:
		return IDXD_BAD;
	}
}
