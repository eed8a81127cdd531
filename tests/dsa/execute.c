/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execute.c: one descriptor: checked, done block by block, and its record written.
 *
 * All opcodes with data are one walk: read a block of each source, let the opcode's step look at it,
 * write it to each destination.  The walk ends early where memory does, or where a knob says so.
 */
#include "tests/dsa/execute.h"

#include <string.h>

#include "tests/dsa/check.h"
#include "tests/dsa/crc.h"

#define PAGE 4096u

/* How an opcode walks through its memory. */
struct walk {
	uint64_t in[2], out[2];
	unsigned nin, nout;
	uint64_t size, goal; /* bytes of the operation, and how many before an injected fault */
	bool is_backwards;
	uint64_t done;
	uint32_t crc; /* register */
	bool has_differed;
	bool has_fault;
	bool is_write_fault;
	uint64_t fault_addr;
};

void
execute_fail(struct execution *e, uint8_t status, uint32_t completed, uint64_t addr)
{
	e->record.status = status;
	e->record.completed = completed;
	e->record.fault_addr = addr;
	e->has_failed = true;
}

static void
walk_fault(struct walk *w, uint64_t addr, bool is_write)
{
	w->has_fault = true;
	w->is_write_fault = is_write;
	w->fault_addr = addr;
}

/* Backwards, no block crosses a page of either buffer: so one is there as a whole, or not at all. */
static size_t
block_len(const struct walk *w)
{
	const uint64_t left = w->goal - w->done;
	size_t len = left < EXECUTE_BLOCK ? (size_t)left : EXECUTE_BLOCK;

	if (w->is_backwards) {
		const uint64_t end = w->size - w->done;
		const size_t in_page = (size_t)((w->in[0] + end - 1) % PAGE) + 1;
		const size_t out_page = (size_t)((w->out[0] + end - 1) % PAGE) + 1;

		len = len < in_page ? len : in_page;
		len = len < out_page ? len : out_page;
	}
	return len;
}

/* What of a block of LEN is good when GOT bytes of it were there; notes the fault at START + GOT. */
static size_t
shortened(struct walk *w, uint64_t start, size_t len, size_t got, bool is_write)
{
	if (got == len)
		return len;
	if (w->is_backwards) {
		walk_fault(w, start + len - 1, is_write);
		return 0;
	}
	walk_fault(w, start + got, is_write);
	return got;
}

/* LEN bytes of the pattern, from byte AT of the destination on. */
static void
fill(const struct dsa_desc *desc, uint8_t *bytes, size_t len, uint64_t at)
{
	const bool is_long = (desc_flags(desc) & DSA_FLAG_FILL_16) != 0;
	uint8_t pattern[16];

	memcpy(pattern, &desc->src, 8);
	memcpy(pattern + 8, is_long ? (const void *)desc->op : (const void *)&desc->src, 8);
	for (size_t i = 0; i < len; i++)
		bytes[i] = pattern[(at + i) % sizeof(pattern)];
}

/* The opcode's own part: makes of the block what is to be written.  Returns how much of it counts. */
static size_t
step(const struct execution *e, struct walk *w, size_t len)
{
	uint8_t *a = e->blocks[0];
	const uint8_t *b = e->blocks[1];
	size_t i;

	switch (desc_opcode(&e->desc)) {
	case DSA_OP_FILL:
		fill(&e->desc, a, len, w->done);
		return len;
	case DSA_OP_CRCGEN:
	case DSA_OP_COPY_CRC:
		w->crc = crc_add(w->crc, a, len, desc_flags(&e->desc));
		return len;
	case DSA_OP_REDUCE:
		for (i = 0; i < len; i++)
			a[i] ^= b[i];
		return len;
	case DSA_OP_COMPARE:
		for (i = 0; i < len && a[i] == b[i]; i++)
			;
		w->has_differed = i < len;
		return i;
	default:
		return len;
	}
}

/* One block.  COPY_CRC sums only what it could write: so it writes first. */
static void
walk_block(const struct execution *e, struct walk *w)
{
	const bool is_crc = desc_opcode(&e->desc) == DSA_OP_COPY_CRC;
	size_t len = block_len(w);
	const uint64_t at = w->is_backwards ? w->size - w->done - len : w->done;

	for (unsigned i = 0; i < w->nin; i++) {
		const size_t got = e->memory.read(&e->memory, w->in[i] + at, e->blocks[i], len);

		len = shortened(w, w->in[i] + at, len, got, false);
	}
	if (!is_crc)
		len = step(e, w, len);
	for (unsigned i = 0; i < w->nout && len > 0; i++) {
		const size_t put = e->memory.write(&e->memory, w->out[i] + at, e->blocks[0], len);

		len = shortened(w, w->out[i] + at, len, put, true);
	}
	if (is_crc)
		step(e, w, len);
	w->done += len;
}

static void
walk_init(struct walk *w, const struct dsa_desc *d)
{
	*w = (struct walk){ .in = { d->src, d->dst }, .nin = 1, .size = d->size };
	switch (desc_opcode(d)) {
	case DSA_OP_MEMMOVE:
		w->is_backwards = d->dst > d->src && d->dst - d->src < d->size;
		/* fallthrough */
	case DSA_OP_COPY_CRC:
		w->out[w->nout++] = d->dst;
		break;
	case DSA_OP_FILL:
		w->nin = 0;
		w->out[w->nout++] = d->dst;
		break;
	case DSA_OP_COMPARE:
		w->nin = 2;
		break;
	case DSA_OP_DUALCAST:
		w->out[w->nout++] = d->dst;
		w->out[w->nout++] = desc_u64(d, 40);
		break;
	case DSA_OP_REDUCE:
		w->nin = 2;
		w->size = desc_reduce_bytes(d);
		w->out[w->nout++] = desc_u64(d, 40);
		break;
	default:
		break;
	}
	w->goal = w->size;
}

/* A REDUCE ends between elements. */
static uint64_t
whole(const struct execution *e, uint64_t bytes)
{
	const uint64_t element =
	    desc_opcode(&e->desc) == DSA_OP_REDUCE ? desc_reduce_bytes(&e->desc) / e->desc.size : 1;

	return bytes - bytes % element;
}

/* Where a knob makes the walk end, if it does; the system resolves faults that block. */
static void
walk_plan(const struct execution *e, struct walk *w, bool *ret_is_write)
{
	const bool is_move = desc_opcode(&e->desc) == DSA_OP_MEMMOVE;

	*ret_is_write = false;
	if ((desc_flags(&e->desc) & DSA_FLAG_BOF) != 0)
		return;
	if (is_move && e->plan.back_fault < w->goal) {
		w->is_backwards = true;
		w->goal = e->plan.back_fault;
	}
	if (e->plan.fault < w->goal) {
		w->goal = whole(e, e->plan.fault);
		*ret_is_write = w->nin == 0;
	}
	if (e->plan.write_fault < w->goal) {
		w->goal = whole(e, e->plan.write_fault);
		*ret_is_write = w->nout > 0;
	}
}

static void
walk_inject(struct execution *e, struct walk *w, bool is_write)
{
	const uint64_t base = is_write ? w->out[0] : w->in[0];

	walk_fault(w, base + (w->is_backwards ? w->size - w->done - 1 : w->done), is_write);
	e->injected++;
}

/* With the flag, only what the system could not mend is a fault, and no hope is left for that. */
static uint8_t
fault_status(const struct execution *e, const struct walk *w)
{
	const bool is_final = (desc_flags(&e->desc) & DSA_FLAG_BOF) != 0;
	const uint8_t status = is_final ? DSA_STATUS_FAULT_FATAL : DSA_STATUS_FAULT;

	return w->is_write_fault ? status | DSA_STATUS_WRITE : status;
}

static bool
is_crc(const struct execution *e)
{
	return desc_opcode(&e->desc) == DSA_OP_CRCGEN || desc_opcode(&e->desc) == DSA_OP_COPY_CRC;
}

/* False: the seed is in memory, and that is not there. */
static bool
crc_seed(struct execution *e, struct walk *w)
{
	uint32_t seed = desc_u32(&e->desc, 40);
	const uint64_t addr = desc_u64(&e->desc, 48);

	if ((desc_flags(&e->desc) & DSA_FLAG_CRC_SEED) != 0 &&
	    e->memory.read(&e->memory, addr, &seed, sizeof(seed)) < sizeof(seed)) {
		walk_fault(w, addr, false);
		return false;
	}
	w->crc = crc_begin(seed, desc_flags(&e->desc));
	return true;
}

static void
conclude(struct execution *e, const struct walk *w)
{
	const uint32_t flags = desc_flags(&e->desc);

	e->bytes = w->done;
	if (desc_opcode(&e->desc) == DSA_OP_MEMMOVE)
		e->record.result = w->is_backwards;
	if (is_crc(e) && w->done > 0)
		e->record.value = crc_end(w->crc, flags);
	if (w->has_fault && !w->has_differed) {
		execute_fail(e, fault_status(e, w), (uint32_t)w->done, w->fault_addr);
		return;
	}
	e->record.status = DSA_STATUS_SUCCESS;
	if (desc_opcode(&e->desc) == DSA_OP_COMPARE) {
		e->record.result = w->has_differed;
		e->record.completed = w->has_differed ? (uint32_t)w->done : 0;
		if ((flags & DSA_FLAG_CHECK) != 0 && e->desc.op[0] != e->record.result)
			e->record.status = DSA_STATUS_FALSE;
	}
}

static void
execute_data(struct execution *e)
{
	struct walk w;
	bool is_write;

	walk_init(&w, &e->desc);
	walk_plan(e, &w, &is_write);
	if (!is_crc(e) || crc_seed(e, &w)) {
		while (w.done < w.goal && !w.has_fault && !w.has_differed)
			walk_block(e, &w);
		if (w.done == w.goal && w.goal < w.size && !w.has_fault && !w.has_differed)
			walk_inject(e, &w, is_write);
	}
	if (w.has_fault)
		w.done = whole(e, w.done);
	conclude(e, &w);
}

/* What cannot be told in a record, for want of one that may be written. */
static enum dsa_status
check_record(const struct execution *e)
{
	if ((desc_flags(&e->desc) & DSA_FLAG_CRAV) != 0 && e->desc.record % DSA_RECORD_ALIGN != 0)
		return DSA_STATUS_RECORD_ALIGN;
	if (!e->is_member && (e->desc.pasid & DSA_PASID_PRIV) != 0)
		return DSA_STATUS_PRIV;
	return DSA_STATUS_NONE;
}

void
execute_desc(struct execution *e)
{
	uint32_t bad_flags = 0;
	enum dsa_status refusal = check_record(e);

	if (refusal == DSA_STATUS_NONE)
		refusal = check_desc(e->device, e->queue, &e->desc, e->is_member, &bad_flags);
	e->record = (struct dsa_record){ .status = DSA_STATUS_SUCCESS };
	if (refusal != DSA_STATUS_NONE) {
		execute_fail(e, refusal, 0, 0);
		e->record.value = bad_flags;
	} else if (e->plan.status != 0) {
		execute_fail(e, e->plan.status, 0, 0);
		e->has_failed = e->plan.status != DSA_STATUS_SUCCESS;
		e->injected++;
	} else if (desc_opcode(&e->desc) == DSA_OP_BATCH) {
		execute_batch(e);
	} else if (desc_opcode(&e->desc) >= DSA_OP_MEMMOVE) {
		execute_data(e);
	}
}

enum record_fate
execute_begin_record(struct execution *e)
{
	const uint32_t flags = desc_flags(&e->desc);
	const uint8_t *bytes = (const uint8_t *)&e->record;

	if ((flags & DSA_FLAG_CRAV) == 0)
		return e->has_failed ? RECORD_LOST : RECORD_NOT_DUE;
	if ((flags & DSA_FLAG_RCR) == 0 && !e->has_failed)
		return RECORD_NOT_DUE;
	if (e->plan.never) {
		e->injected++;
		return RECORD_LOST;
	}
	if (check_record(e) != DSA_STATUS_NONE ||
	    e->memory.write(&e->memory, e->desc.record + 1, bytes + 1, DSA_RECORD_SIZE - 1) <
		DSA_RECORD_SIZE - 1)
		return RECORD_LOST;
	return RECORD_READY;
}

bool
execute_finish_record(const struct execution *e)
{
#ifndef __SANITIZE_THREAD__ /* which sees neither fences nor what the kernel writes */
	/* The rest must be seen by whoever sees the status. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
#endif
	return e->memory.write(&e->memory, e->desc.record, &e->record.status, 1) == 1;
}
