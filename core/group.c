/* SPDX-License-Identifier: BSD-2-Clause */
/* group.c: small posted requests that lie side by side in a batch, executed together on a worker. */
#include "core/group.h"

#include <errno.h>
#include <stdlib.h>

/* A request is small up to this many bytes of each buffer: its runner would cost as much again. */
#define GROUP_REQUEST 16384
/* Bytes that a group reads or writes at most, and its requests at most. */
#define GROUP_BYTES   ((size_t)256 << 10)
#define GROUP_ENTRIES 256

struct group {
	struct dmover_work work; /* first: the pool hands it back */
	struct dmover_stage *stage;
	struct dmover_batch *batch;
	unsigned from, to; /* entries not yet executed */
};

/* Bytes of its buffers, all together; 0: it is none for a group. */
static size_t
bytes_of(struct dmover_stage *stage, struct dmover_entry *entry)
{
	const struct dmover_request *req = &entry->ent_req;

	if (req->dreq_len > GROUP_REQUEST)
		return 0;
	/* An engine that takes its time would keep the worker: such requests go one by one. */
	if (req->dreq_len > 0 && !dmover_dispatch_is_workers_own(stage->dispatch,
				     dmover_stage_choose(stage, entry, req->dreq_len, true)))
		return 0;
	return (req->dreq_func->dfn_ninputs + req->dreq_func->dfn_has_output) * req->dreq_len + 1;
}

/* Nothing more is done for the entries that are left. */
static void
group_fail(struct group *group, int err)
{
	for (unsigned e = group->from; e < group->to; e++)
		group->batch->bat_entries[e].ent_req.dreq_error = err;
	dmover_stage_entries_end(group->stage, group->batch, group->from, group->to);
	group->from = group->to;
}

/* An arena for the group, or NULL: it is called again when there is one, or has failed. */
static struct stage_arena *
group_get_arena(struct group *group)
{
	struct dmover_arenas *arenas = &group->stage->arenas;
	struct stage_arena *arena;
	int err;

	while ((arena = dmover_arena_get(arenas)) == NULL) {
		err = dmover_arena_wait(arenas, &group->work);
		if (err == 0)
			return NULL;
		if (err != -EAGAIN) {
			group_fail(group, err);
			free(group);
			return NULL;
		}
	}
	return arena;
}

/* Worker thread. */
static void
group_work(struct dmover_work *work)
{
	struct group *group = (struct group *)work;
	struct dmover_stage *stage = group->stage;
	struct dmover_pool *pool = stage->pool;

	do {
		struct stage_arena *arena;
		unsigned to;

		if (atomic_load(&group->batch->bat_session->ses_is_closing)) {
			STATS_ADD(stage->stats->st_dropped, group->to - group->from);
			group_fail(group, -EINTR);
			break;
		}
		arena = group_get_arena(group);
		if (arena == NULL)
			return;
		to = dmover_stage_slice(stage, arena, group->batch, group->from, group->to);
		dmover_arena_put(&stage->arenas, arena);
		dmover_stage_entries_end(stage, group->batch, group->from, to);
		group->from = to;
		if (group->from < group->to && dmover_pool_yield(pool, work))
			return;
	} while (group->from < group->to);
	free(group);
}

unsigned
dmover_group_post(struct dmover_stage *stage, struct dmover_batch *batch, unsigned from)
{
	struct group *group;
	size_t bytes = 0, more;
	unsigned to = from;

	for (; to < batch->bat_nentries && to - from < GROUP_ENTRIES; to++) {
		more = bytes_of(stage, &batch->bat_entries[to]);
		if (more == 0 || bytes + more > GROUP_BYTES)
			break;
		bytes += more;
	}
	/* One alone is no group. */
	group = to - from > 1 ? calloc(1, sizeof(*group)) : NULL;
	if (group == NULL)
		return from;
	*group = (struct group){
		.work.wk_run = group_work,
		.work.wk_flow = dmover_session_flow(batch->bat_session, batch->bat_account),
		.stage = stage,
		.batch = batch,
		.from = from,
		.to = to,
	};
	dmover_stage_entries_begin(stage, to - from);
	dmover_pool_submit(stage->pool, &group->work);
	return to;
}
