/* SPDX-License-Identifier: BSD-2-Clause */
/* stats.c: counters of what was done. */
#include "core/stats.h"

#include <inttypes.h>
#include <stdio.h>

void
dmover_stats_format(struct dmover_stats *stats, char *line, size_t len)
{
	snprintf(line, len,
	    "requests=%" PRIuFAST64 " failed=%" PRIuFAST64 " dropped=%" PRIuFAST64
	    " redone=%" PRIuFAST64 " held=%" PRIuFAST64 " posted=%" PRIuFAST64
	    " deferred=%" PRIuFAST64 " stalls=%" PRIuFAST64,
	    atomic_load(&stats->st_requests), atomic_load(&stats->st_failed),
	    atomic_load(&stats->st_dropped), atomic_load(&stats->st_redone),
	    atomic_load(&stats->st_held), atomic_load(&stats->st_posted),
	    atomic_load(&stats->st_deferred), atomic_load(&stats->st_stalls));
}
