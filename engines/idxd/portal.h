/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal.h: the two instructions that hand a descriptor to a portal.
 *
 * They are written as bytes, so that no compiler's flag is needed and nothing else is made with
 * them; use them only where the door has a portal.
 */
#ifndef ENGINES_IDXD_PORTAL_H
#define ENGINES_IDXD_PORTAL_H

#include <stdbool.h>

#include "desc.h"

#ifdef __x86_64__

/* MOVDIR64B (%rdx), %rax: posted, nobody says whether the queue had room. */
static inline void
idxd_portal_post(void *portal, const struct idxd_desc *desc)
{
	__asm__ volatile(".byte 0x66, 0x0f, 0x38, 0xf8, 0x02"
			 :
			 : "a"(portal), "d"(desc)
			 : "memory");
}

/* ENQCMD (%rdx), %rax: false: the queue has no room now. */
static inline bool
idxd_portal_enqueue(void *portal, const struct idxd_desc *desc)
{
	uint8_t is_refused;

	__asm__ volatile(".byte 0xf2, 0x0f, 0x38, 0xf8, 0x02; setz %0"
			 : "=r"(is_refused)
			 : "a"(portal), "d"(desc)
			 : "memory", "cc");
	return is_refused == 0;
}

/* Stores of before, to descriptors and to memory that they name, come first. */
static inline void
idxd_portal_order(void)
{
	__builtin_ia32_sfence();
}

#else

static inline void
idxd_portal_post(void *portal, const struct idxd_desc *desc)
{
	(void)portal;
	(void)desc;
}

static inline bool
idxd_portal_enqueue(void *portal, const struct idxd_desc *desc)
{
	(void)portal;
	(void)desc;
	return false;
}

static inline void
idxd_portal_order(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif

#endif /* ENGINES_IDXD_PORTAL_H */
