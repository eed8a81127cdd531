/* SPDX-License-Identifier: BSD-2-Clause */
/* resume.h: what becomes of a descriptor whose record has come. */
#ifndef ENGINES_IDXD_RESUME_H
#define ENGINES_IDXD_RESUME_H

#include "desc.h"

enum idxd_verdict {
	IDXD_DONE,  /* all of it was done */
	IDXD_AGAIN, /* the descriptor now says what is left, and may be submitted again */
	IDXD_CPU,   /* the device cannot do the rest */
	IDXD_BAD,   /* as IDXD_CPU, and no device should say such a thing */
};

/*
 * Pure.  DESC is what was submitted, no batch; it is changed for IDXD_AGAIN only.  *ret_head is how
 * many bytes at its head were done: all but for DONE and AGAIN 0, and 0 for a move that went
 * backwards.
 */
enum idxd_verdict idxd_resume(
    struct idxd_desc *desc, const struct idxd_outcome *outcome, uint32_t *ret_head);

#endif /* ENGINES_IDXD_RESUME_H */
