/* SPDX-License-Identifier: BSD-2-Clause */
/* batch.c: a list of descriptors, executed one after the other. */
#include "tests/dsa/execute.h"

#include "tests/dsa/check.h"

#define LIST_BLOCK 64u /* descriptors that are read at once */

struct list {
	struct dsa_desc descs[LIST_BLOCK];
	unsigned nread;
	unsigned at; /* of descs[0] */
};

/* The AT-th descriptor; NULL: a page of the list is not there. */
static const struct dsa_desc *
list_get(const struct execution *e, struct list *list, unsigned at)
{
	if (at >= list->at + list->nread) {
		const unsigned left = e->desc.size - at, n = left < LIST_BLOCK ? left : LIST_BLOCK;
		const uint64_t addr = e->desc.src + UINT64_C(64) * at;

		list->at = at;
		list->nread = (unsigned)(e->memory.read(&e->memory, addr, list->descs,
					     n * sizeof(list->descs[0])) /
					 sizeof(list->descs[0]));
		if (list->nread == 0)
			return NULL;
	}
	return &list->descs[at - list->at];
}

/* One member with its record.  False: it failed. */
static bool
member_execute(const struct execution *e, const struct dsa_desc *desc, bool must_fail)
{
	struct execution member = {
		.device = e->device,
		.queue = e->queue,
		.memory = e->memory,
		.desc = *desc,
		.plan = e->plan_member(e->cookie, desc_opcode(desc)),
		.is_member = true,
		.blocks = { e->blocks[0], e->blocks[1] },
	};
	enum record_fate fate;

	if (must_fail)
		member.plan.status = DSA_STATUS_HARDWARE;
	execute_desc(&member);
	fate = execute_begin_record(&member);
	e->member_done(e->cookie, &member, fate);
	if (fate == RECORD_READY)
		execute_finish_record(&member);
	return !member.has_failed;
}

void
execute_batch(struct execution *e)
{
	struct list list = { .nread = 0 };
	bool has_failed = false;
	unsigned i;

	for (i = 0; i < e->desc.size; i++) {
		const struct dsa_desc *desc = i == e->plan.list ? NULL : list_get(e, &list, i);

		if (desc == NULL) {
			e->injected += i == e->plan.list;
			execute_fail(e, DSA_STATUS_BATCH_FAULT, i, e->desc.src + UINT64_C(64) * i);
			return;
		}
		if (has_failed && (desc_flags(desc) & DSA_FLAG_FENCE) != 0)
			break;
		if (!member_execute(e, desc, i == e->plan.member))
			has_failed = true;
	}
	if (has_failed)
		execute_fail(e, DSA_STATUS_BATCH_FAIL, i, 0);
}
