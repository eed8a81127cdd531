/* SPDX-License-Identifier: BSD-2-Clause */
/* follow.c: what is fixed once for a session, in whichever process. */
#include "preload/follow.h"

#include <errno.h>
#include <string.h>

void
preload_follow(struct preload_door *door, struct dmover_session *session)
{
	int function = atomic_load(&door->slot->function);
	int layout = atomic_load(&door->slot->layout);
	bool has_function, has_layout;

	pthread_mutex_lock(&session->ses_lock);
	has_function = session->ses_func != NULL;
	has_layout = session->ses_layout != NULL;
	pthread_mutex_unlock(&session->ses_lock);
	if (function > 0 && !has_function)
		dmover_session_setfunc(
		    session, dmover_function_at((unsigned)function - 1)->dfn_name, false);
	/* A write of one record fixes it, and need not bring any. */
	if (function > 0 && layout > 0 && !has_layout &&
	    dmover_session_begin_write(session, (size_t)layout) == 0)
		dmover_session_end_write(session);
}

int
preload_select(struct preload_door *door, const char *name)
{
	const struct dmover_function *func;
	struct dmover_session *session;
	int unset = 0, row = 0;

	if (!preload_slot_is(door->slot, door->slot_number))
		return -ENODEV;
	if (atomic_load(&door->slot->function) != 0)
		return -EBUSY;
	while (
	    (func = dmover_function_at((unsigned)row)) != NULL && strcmp(func->dfn_name, name) != 0)
		row++;
	if (func == NULL)
		return -ESRCH;
	if (!atomic_compare_exchange_strong(&door->slot->function, &unset, row + 1))
		return -EBUSY;
	session = atomic_load(&door->session);
	if (session != NULL)
		preload_follow(door, session);
	return 0;
}
