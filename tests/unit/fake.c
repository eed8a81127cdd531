/* SPDX-License-Identifier: BSD-2-Clause */
/* fake.c: a caller that is not there: its space, its requests, and what must come of them. */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define FENCE 3 /* bytes between any two vectors, which nobody names */

static struct fake_space *
fake_of(struct dmover_space *space)
{
	return (struct fake_space *)space;
}

/* Bytes of the piece before the first that cannot be accessed. */
static size_t
piece_allows(const struct fake_space *fake, const struct iovec *piece, bool is_write)
{
	uintptr_t start = (uintptr_t)piece->iov_base, end = start + piece->iov_len;

	for (unsigned i = 0; i < fake->nbad; i++) {
		const struct fake_bad *bad = &fake->bad[i];

		if (is_write ? !bad->no_write : !bad->no_read)
			continue;
		if (bad->from < end && bad->to > start)
			end = bad->from > start ? bad->from : start;
	}
	return end - start;
}

/* Both lists have 1 to 1024 pieces and the same number of bytes. */
static bool
lists_are_right(
    const struct iovec *local, unsigned nlocal, const struct iovec *remote, unsigned nremote)
{
	size_t nl = 0, nr = 0;

	for (unsigned i = 0; i < nlocal; i++)
		nl += local[i].iov_len;
	for (unsigned i = 0; i < nremote; i++)
		nr += remote[i].iov_len;
	return nl == nr && nl > 0 && nlocal > 0 && nlocal <= DMOVER_UIO_PIECES && nremote > 0 &&
	       nremote <= DMOVER_UIO_PIECES;
}

/* Copies N bytes from one list to the other. */
static void
lists_copy(const struct iovec *dst, const struct iovec *src, size_t n)
{
	size_t doff = 0, soff = 0;

	while (n > 0) {
		size_t part = n;

		if (part > dst->iov_len - doff)
			part = dst->iov_len - doff;
		if (part > src->iov_len - soff)
			part = src->iov_len - soff;
		memmove((char *)dst->iov_base + doff, (char *)src->iov_base + soff, part);
		n -= part;
		doff += part;
		soff += part;
		if (doff == dst->iov_len)
			dst++, doff = 0;
		if (soff == src->iov_len)
			src++, soff = 0;
	}
}

static ssize_t
fake_access(struct fake_space *fake, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote, bool is_write)
{
	size_t may = 0, part = 0;

	if (!lists_are_right(local, nlocal, remote, nremote))
		atomic_store(&fake->was_wrong, true);
	if (fake->entered != NULL) {
		sem_post(fake->entered);
		unit_take(fake->go);
	}
	if (atomic_fetch_add(&fake->naccesses, 1) >= fake->error_after && fake->error != 0)
		return fake->error;
	for (unsigned i = 0; i < nremote; i++) {
		part = piece_allows(fake, &remote[i], is_write);
		may += part;
		if (part < remote[i].iov_len)
			break;
	}
	if (may == 0)
		return -EFAULT;
	if (is_write)
		lists_copy(remote, local, may);
	else
		lists_copy(local, remote, may);
	return (ssize_t)may;
}

static ssize_t
fake_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	return fake_access(fake_of(space), local, nlocal, remote, nremote, false);
}

static ssize_t
fake_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	return fake_access(fake_of(space), local, nlocal, remote, nremote, true);
}

static bool
fake_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)addr, (void)len;
	return fake_of(space)->is_resident;
}

static void
fake_destroy(struct dmover_space *space)
{
	atomic_store(&fake_of(space)->is_destroyed, true);
}

static const struct dmover_space_ops fake_ops = {
	.spo_readv = fake_readv,
	.spo_writev = fake_writev,
	.spo_is_resident = fake_is_resident,
	.spo_destroy = fake_destroy,
};

void
fake_init(struct fake_space *fake)
{
	*fake = (struct fake_space){ .space = { .spc_ops = &fake_ops, .spc_refs = 1 } };
}

void
fake_add_bad(struct fake_space *fake, const void *from, size_t len, bool no_read, bool no_write)
{
	uintptr_t start = (uintptr_t)from;

	fake->bad[fake->nbad++] = (struct fake_bad){ start, start + len, no_read, no_write };
}

void
caller_init(struct fake_caller *caller, size_t size)
{
	uint32_t seed = 1;

	*caller = (struct fake_caller){ .memory = malloc(size), .size = size };
	ck_assert_ptr_nonnull(caller->memory);
	fake_init(&caller->fake);
	for (size_t i = 0; i < size; i++)
		caller->memory[i] = (uint8_t)unit_random(&seed, 256);
}

void
caller_fini(struct fake_caller *caller)
{
	holds(!atomic_load(&caller->fake.was_wrong));
	free(caller->memory);
}

/* A buffer of LEN bytes in fresh memory, cut into pieces that differ in length. */
static void
caller_buffer(struct fake_caller *caller, const struct fake_plan *plan, struct iovec *iov,
    enum dmover_uio_rw rw, struct dmover_buffer *buffer)
{
	size_t at = 0;

	for (unsigned i = 0; i < plan->pieces; i++) {
		size_t next = plan->len * (i + 1) / plan->pieces;

		caller->used += FENCE;
		iov[i] = (struct iovec){ caller->memory + caller->used, next - at };
		caller->used += next - at;
		at = next;
	}
	ck_assert(caller->used <= caller->size);
	buffer->buf_type = DMOVER_BUF_UIO;
	dmover_uio_init(&buffer->buf_uio, &caller->fake.space, rw, iov, plan->pieces, plan->len);
}

/* Vectors, and input buffers, of all the plans. */
static void
plans_count(const struct fake_plan *plans, unsigned n, unsigned *ret_buffers, unsigned *ret_iovs)
{
	*ret_buffers = *ret_iovs = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct dmover_function *func = dmover_function_find(plans[i].func);

		*ret_buffers += func->dfn_ninputs;
		*ret_iovs += (func->dfn_ninputs + func->dfn_has_output) * plans[i].pieces;
	}
}

static void
caller_entry(struct fake_caller *caller, const struct fake_plan *plan, struct dmover_entry *entry,
    struct iovec **iov)
{
	struct dmover_request *req = &entry->ent_req;

	req->dreq_func = dmover_function_find(plan->func);
	req->dreq_len = plan->len;
	for (unsigned i = 0; i < DMOVER_IMMEDIATE_LEN; i++)
		req->dreq_immediate[i] = (uint8_t)(0xa0 + entry->ent_id + i);
	memcpy(req->dreq_result, req->dreq_immediate, req->dreq_func->dfn_immediate_out);
	for (unsigned j = 0; j < req->dreq_func->dfn_ninputs; j++, *iov += plan->pieces)
		caller_buffer(caller, plan, *iov, DMOVER_UIO_WRITE, &req->dreq_in[j]);
	if (req->dreq_func->dfn_has_output) {
		caller_buffer(caller, plan, *iov, DMOVER_UIO_READ, &req->dreq_out);
		*iov += plan->pieces;
	}
}

struct dmover_batch *
caller_build(struct fake_caller *caller, const struct fake_plan *plans, unsigned n)
{
	struct dmover_batch *batch = dmover_batch_create();
	unsigned nbuffers, niovs, buffer = 0;
	struct iovec *iov;

	plans_count(plans, n, &nbuffers, &niovs);
	ck_assert_ptr_nonnull(batch);
	ck_assert_int_eq(dmover_batch_resize(batch, n, nbuffers), 0);
	ck_assert_int_eq(dmover_batch_resize_iovs(batch, niovs), 0);
	iov = batch->bat_iovs;
	for (unsigned i = 0; i < n; i++) {
		struct dmover_entry *entry = &batch->bat_entries[i];

		*entry = (struct dmover_entry){ .ent_batch = batch, .ent_id = FAKE_FIRST_ID + i };
		if (nbuffers > 0)
			entry->ent_req.dreq_in = batch->bat_buffers + buffer;
		caller_entry(caller, &plans[i], entry, &iov);
		buffer += entry->ent_req.dreq_func->dfn_ninputs;
		batch->bat_bytes += plans[i].len * (entry->ent_req.dreq_func->dfn_ninputs > 0
							   ? entry->ent_req.dreq_func->dfn_ninputs
							   : 1);
	}
	batch->bat_nentries = n;
	batch->bat_space = &caller->fake.space;
	return batch;
}
