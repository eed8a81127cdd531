/* SPDX-License-Identifier: BSD-2-Clause */
/* turns.c: who waits for a turn, and whose turn is next. */
#include "core/turns.h"

static struct dmover_turn *
list_take(struct dmover_turn_list *list)
{
	struct dmover_turn *turn = list->first;

	list->first = turn->turn_next;
	return turn;
}

void
dmover_turns_add(struct dmover_turns *turns, struct dmover_turn *turn, bool is_fresh)
{
	struct dmover_turn_list *list = is_fresh ? &turns->fresh : &turns->old;

	turn->turn_next = NULL;
	if (list->first == NULL)
		list->first = turn;
	else
		list->last->turn_next = turn;
	list->last = turn;
}

struct dmover_turn *
dmover_turns_take(struct dmover_turns *turns)
{
	bool is_fresh = turns->fresh.first != NULL;

	if (dmover_turns_is_empty(turns))
		return NULL;
	if (turns->has_jumped && turns->old.first != NULL)
		is_fresh = false;
	turns->has_jumped = is_fresh && turns->old.first != NULL;
	return list_take(is_fresh ? &turns->fresh : &turns->old);
}

bool
dmover_turns_is_empty(const struct dmover_turns *turns)
{
	return turns->fresh.first == NULL && turns->old.first == NULL;
}
