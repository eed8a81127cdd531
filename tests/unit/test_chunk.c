/* SPDX-License-Identifier: BSD-2-Clause */
/* test_chunk.c: which bytes of a request each of two runners gets. */
#include "unit.h"

#include <errno.h>

#include "core/chunk.h"
#include "fake.h"
#include "rig.h"

#define KIB   ((size_t)1 << 10)
#define MIB   ((size_t)1 << 20)
#define LINE  ((size_t)64) /* chunks begin and end with one */
#define TABLE (2 * MIB)    /* what one table of pages describes */
#define LEN   (64 * MIB)
#define AT    ((uintptr_t)0x10000000000 + 1900 * KIB)

/* Nothing is there: nothing is moved. */
static struct iovec nowhere;

struct claims {
	struct rig rig;
	struct fake_caller caller;
	struct dmover_batch *batch;
	struct dmover_entry *entry;
	struct dmover_chunk chunks[2];
	uint8_t lines[LEN / LINE];       /* times claimed */
	uint8_t owners[LEN / TABLE + 2]; /* 1 + the runner, until the end is near */
};

static void
uio_nowhere(struct dmover_uio *uio)
{
	uio->uio_iov = &nowhere;
	uio->uio_iovcnt = 1;
	uio->uio_resid = nowhere.iov_len;
}

/* An entry for two runners that nobody has begun with: LEN bytes at each of its buffers, at AT. */
static void
claims_start(struct claims *claims, const char *func, uintptr_t at, size_t len)
{
	const struct fake_plan plans[] = { { func, 4096, 1 } };
	struct dmover_request *req;

	memset(claims, 0, sizeof(*claims));
	nowhere = (struct iovec){ (void *)at, len };
	rig_start(&claims->rig, &(struct rig_options){ .workers = 1 });
	caller_init(&claims->caller, 64 * KIB);
	claims->batch = caller_build(&claims->caller, plans, 1);
	claims->batch->bat_session = claims->rig.session;
	claims->entry = &claims->batch->bat_entries[0];
	claims->entry->ent_len = len;
	claims->entry->ent_want = 2;
	pthread_mutex_init(&claims->entry->ent_lock, NULL);
	req = &claims->entry->ent_req;
	req->dreq_len = len;
	for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++)
		uio_nowhere(&req->dreq_in[i].buf_uio);
	if (req->dreq_func->dfn_has_output)
		uio_nowhere(&req->dreq_out.buf_uio);
}

static void
claims_stop(struct claims *claims)
{
	pthread_mutex_destroy(&claims->entry->ent_lock);
	dmover_batch_free(claims->batch);
	caller_fini(&claims->caller);
	rig_stop(&claims->rig);
}

/* The chunk's own place in the buffer. */
static void
look_at_buffer(const struct dmover_uio *uio, const struct dmover_chunk *chunk, size_t from)
{
	same_size((uintptr_t)uio->uio_iov->iov_base + uio->uio_skip, AT + from);
	same_size(uio->uio_resid, chunk->len);
}

static bool
claim(struct claims *claims, unsigned runner)
{
	struct dmover_chunk *chunk = &claims->chunks[runner];
	const struct dmover_function *func = claims->entry->ent_req.dreq_func;
	size_t from;

	if (!dmover_chunk_claim(chunk, &claims->rig.stage, claims->entry, DISPATCH_CPU))
		return false;
	from = LEN - chunk->behind - chunk->len;
	holds(chunk->is_first == (from == 0));
	holds(chunk->len <= STAGE_ARENA);
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		look_at_buffer(&chunk->in[i], chunk, from);
	if (func->dfn_has_output)
		look_at_buffer(&chunk->out, chunk, from);
	for (size_t at = from; at < from + chunk->len; at += LINE)
		claims->lines[at / LINE]++;
	if (from == 0)
		holds(chunk->len <= 128 * KIB);
	if (from + chunk->len < LEN - LEN / 4) {
		uint8_t *owner = &claims->owners[(AT % TABLE + from) / TABLE];

		holds(*owner == 0 || *owner == runner + 1);
		*owner = (uint8_t)(runner + 1);
	}
	return true;
}

static const char *const functions[] = { "zero", "copy", "iscsi-crc32c", "xor5" };

START_TEST(two_runners_have_tables_of_their_own_and_leave_nothing_out)
{
	static struct claims claims;
	unsigned nowners[3] = { 0 };
	size_t nonce = 0;
	bool is_there[2] = { true, true };

	claims_start(&claims, functions[_i], AT, LEN);
	while (is_there[0] || is_there[1])
		for (unsigned i = 0; i < 2; i++)
			is_there[i] = is_there[i] && claim(&claims, i);
	for (size_t i = 0; i < LEN / LINE; i++)
		nonce += claims.lines[i] == 1;
	same_size(nonce, LEN / LINE);
	for (size_t i = 0; i < sizeof(claims.owners); i++)
		nowners[claims.owners[i]]++;
	holds(nowners[1] >= 6 && nowners[2] >= 6);
	claims_stop(&claims);
}
END_TEST

START_TEST(what_fails_ends_the_spans_too)
{
	static struct claims claims;

	claims_start(&claims, functions[_i], AT, LEN);
	do
		holds(claim(&claims, 0));
	while (claims.chunks[0].span == claims.chunks[0].len);
	claims.entry->ent_req.dreq_error = -EFAULT;
	holds(
	    !dmover_chunk_claim(&claims.chunks[0], &claims.rig.stage, claims.entry, DISPATCH_CPU));
	holds(
	    !dmover_chunk_claim(&claims.chunks[1], &claims.rig.stage, claims.entry, DISPATCH_CPU));
	claims_stop(&claims);
}
END_TEST

/* Claims a span, and passes it.  False: none is left. */
static bool
claim_span(struct claims *claims, unsigned runner)
{
	struct dmover_chunk *chunk = &claims->chunks[runner];
	size_t left = claims->entry->ent_req.dreq_len, span;

	if (!dmover_chunk_claim(chunk, &claims->rig.stage, claims->entry, DISPATCH_CPU))
		return false;
	span = chunk->span;
	same_size(claims->entry->ent_req.dreq_len, left - span);
	/* Half of what is left for each of the two; or what is not worth a share. */
	holds(span <= left / 2 || span <= 64 * KIB);
	for (size_t done = chunk->len; done < span; done += chunk->len)
		holds(dmover_chunk_claim(chunk, &claims->rig.stage, claims->entry, DISPATCH_CPU));
	same_size(chunk->span, chunk->len);
	return true;
}

/* Where in its table the buffer begins. */
static const size_t offsets[] = { 0, 64, MIB - 4 * KIB, MIB + 4 * KIB, 1900 * KIB, TABLE - 64 };

START_TEST(nobody_gets_more_than_its_share)
{
	static struct claims claims;

	for (size_t len = MIB; len <= 8 * MIB; len += MIB) {
		claims_start(&claims, "zero", (uintptr_t)0x10000000000 + offsets[_i], len);
		while (claim_span(&claims, 0) && claim_span(&claims, 1))
			;
		same_size(claims.entry->ent_req.dreq_len, 0);
		claims_stop(&claims);
	}
}
END_TEST

TCase *
unit_chunk(void)
{
	TCase *tc = unit_case("chunk");

	tcase_add_loop_test(tc, two_runners_have_tables_of_their_own_and_leave_nothing_out, 0, 4);
	tcase_add_loop_test(tc, what_fails_ends_the_spans_too, 0, 4);
	tcase_add_loop_test(tc, nobody_gets_more_than_its_share, 0, 6);
	return tc;
}
