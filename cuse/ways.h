/* SPDX-License-Identifier: BSD-2-Clause */
/* ways.h: the ways to callers' memory that work on this machine, found out at the start. */
#ifndef CUSE_WAYS_H
#define CUSE_WAYS_H

#include <stdbool.h>
#include <stddef.h>

/* What --posted says. */
enum dmio_posted_choice { DMIO_POSTED_AUTO, DMIO_POSTED_HANDLE };

/* Beside process_vm_readv(2) for held callers, and the handle (handle.h), which are always there. */
struct dmio_ways {
	bool is_lent;    /* posted: the thread of a blocked reader is borrowed (lend.h) */
	bool is_checked; /* posted: large reads go by the number, and a witness is asked after */
	bool has_query;  /* the handle asks PROCMAP_QUERY, not the text of maps */
	bool is_limited; /* not every caller is in reach */
	char why[256];   /* why one of the first two is left out; or who is out of reach */
};

/*
 * Tries each way on this process, and on another one of the same user that is started for it and
 * ends with it.  Start-up thread.  0 when callers can be served; else -errno, and WHY tells people
 * what is in the way and what to do.  With 0, what does not work is left out of *ret_ways.
 */
int dmio_ways_probe(
    enum dmio_posted_choice choice, struct dmio_ways *ret_ways, char *why, size_t len);

/* "held process_vm; posted lent, checked reads, handle (PROCMAP_QUERY)", and what is left out. */
void dmio_ways_format(const struct dmio_ways *ways, char *line, size_t len);

#endif /* CUSE_WAYS_H */
