/* SPDX-License-Identifier: BSD-2-Clause */
/* roster.h: the engines of the table that work on this machine, by what they promise. */
#ifndef TESTS_ENGINES_ROSTER_H
#define TESTS_ENGINES_ROSTER_H

#include <dev/dmover/engine.h>

#define ROSTER_MAX  32
#define ROSTER_TEXT 64

struct roster {
	const struct dmover_engine *engine[ROSTER_MAX];
	int n;
};

extern struct roster roster_movers;   /* give outputs and results */
extern struct roster roster_in_place; /* those of them whose output may be input 0 */
extern struct roster roster_summers;  /* those of them that compute CRC32C */
extern struct roster roster_uio;      /* those of them that take UIO buffers */
extern struct roster roster_idlers;   /* complete without moving a byte */
extern struct roster roster_wrapped;  /* those that the fault engine can be put over */

/* What --engine may say: the movers' names, "auto", and "cycle" where there is such a thing. */
extern char roster_choices[ROSTER_MAX + 2][ROSTER_TEXT];
extern int roster_nchoices;

/* Fills them in, and prints what is left out and why.  Once, before any test. */
void roster_fill(void);

/* The row of the table with this name, or NULL. */
const struct dmover_engine *roster_find(const char *name);

#endif /* TESTS_ENGINES_ROSTER_H */
