/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backoff.h: how often to try what is often in vain.  After one, two ... misses in a row the next
 * 1, 3 ... 31 tries are left out; after a hit none.  All zeros to begin with; one thread.
 */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdbool.h>

#define BACKOFF_MISSES_MAX 5u

struct dmover_backoff {
	unsigned bko_misses;
	unsigned bko_left; /* tries to be left out */
};

/* True: try; then say hit or miss. */
static inline bool
dmover_backoff_may(struct dmover_backoff *backoff)
{
	if (backoff->bko_left == 0)
		return true;
	backoff->bko_left--;
	return false;
}

static inline void
dmover_backoff_tell(struct dmover_backoff *backoff, bool is_hit)
{
	if (is_hit)
		backoff->bko_misses = 0;
	else if (backoff->bko_misses < BACKOFF_MISSES_MAX)
		backoff->bko_misses++;
	backoff->bko_left = (1u << backoff->bko_misses) - 1;
}

#endif /* CORE_BACKOFF_H */
