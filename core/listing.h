/* SPDX-License-Identifier: BSD-2-Clause */
/* listing.h: the engines and their measured speeds, for people and for programs. */
#ifndef CORE_LISTING_H
#define CORE_LISTING_H

#include <stdio.h>

#include "core/dispatch.h"

/* The table of engines: what each can do, how fast, which one is chosen, why one is left out. */
void dmover_list_engines(struct dmover_dispatch *dispatch, FILE *out);
/* The same as one JSON object; MEMORY says how callers' memory is reached. */
void dmover_list_engines_json(struct dmover_dispatch *dispatch, const char *memory, FILE *out);

#endif /* CORE_LISTING_H */
