/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turns.h: who waits for a turn, and whose turn is next.
 *
 * Who had nothing to do before goes ahead of those who always have, so that a small request does not
 * wait for a round of large ones; but only every second time, so that nobody waits for ever.
 */
#ifndef CORE_TURNS_H
#define CORE_TURNS_H

#include <stdbool.h>
#include <stddef.h>

/* Embedded in what waits; in one list at a time. */
struct dmover_turn {
	struct dmover_turn *turn_next;
};

struct dmover_turn_list {
	struct dmover_turn *first, *last;
};

/* Zeroed: nobody waits.  Under a lock of the owner. */
struct dmover_turns {
	struct dmover_turn_list fresh, old;
	bool has_jumped; /* the turn before went ahead of an old one */
};

/* The turn is waited for by TURN, which waits already for none; IS_FRESH: it had nothing to do. */
void dmover_turns_add(struct dmover_turns *turns, struct dmover_turn *turn, bool is_fresh);
/* Whose turn it is; NULL: nobody waits. */
struct dmover_turn *dmover_turns_take(struct dmover_turns *turns);
bool dmover_turns_is_empty(const struct dmover_turns *turns);

#endif /* CORE_TURNS_H */
