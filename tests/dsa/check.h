/* SPDX-License-Identifier: BSD-2-Clause */
/* check.h: whether a descriptor may be executed at all. */
#ifndef TESTS_DSA_CHECK_H
#define TESTS_DSA_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/dsa/model.h"

/* The 24 flags, and the opcode. */
static inline uint32_t
desc_flags(const struct dsa_desc *desc)
{
	return desc->flags_opcode & 0xffffffu;
}

static inline unsigned
desc_opcode(const struct dsa_desc *desc)
{
	return desc->flags_opcode >> 24;
}

/* Little-endian fields among the last 24 bytes, which need not be aligned; AT from the start. */
uint32_t desc_u32(const struct dsa_desc *desc, unsigned at);
uint64_t desc_u64(const struct dsa_desc *desc, unsigned at);

/* Bytes of each source of a REDUCE. */
uint64_t desc_reduce_bytes(const struct dsa_desc *desc);

/*
 * The status with which the device refuses the descriptor before it looks at any memory, or
 * DSA_STATUS_NONE.  RET_FLAGS: for DSA_STATUS_BAD_FLAGS, those that are not allowed, else 0.  Pure.
 */
enum dsa_status check_desc(const struct dsa_model_options *device,
    const struct dsa_queue_options *queue, const struct dsa_desc *desc, bool is_member,
    uint32_t *ret_flags);

#endif /* TESTS_DSA_CHECK_H */
