/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_fetch.c: any bytes as the records of a write and as the memory of the caller.
 *
 * Byte 0 chooses the layout, byte 1 the function, byte 2 the number of records and byte 3 how the
 * space behaves; the rest is the caller's memory, at BASE, and the records are its first bytes.
 * What is fetched must keep its promises; then the batch is executed, and must have written
 * nothing but the outputs that it named, and not more than once for each answer.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/stage.h"
#include "core/uio.h"
#include "core/fetch.h"
#include "fuzz.h"

#define HEADER 4
#define BASE   UINT64_C(0x10000) /* where 32-bit callers can point to */

/* The caller: SIZE bytes at BASE. */
struct caller {
	struct dmover_space space; /* first */
	uint8_t *memory;
	size_t size;
	const uint8_t *is_output; /* a map of the bytes that may be written; NULL: none */
	unsigned fails_every;     /* access; 0: none */
	unsigned naccesses;
};

struct world {
	struct dmover_stats stats;
	struct dmover_dispatch dispatch;
	struct dmover_stage stage;
	struct stage_arena *arena;
	struct dmover_accounts accounts;
	struct dmover_account *account;
	struct dmover_fetcher *fetcher;
	struct dmover_batch *batch;
};

static const struct dmover_session_ops session_ops;

/* Bytes of the piece that are the caller's. */
static size_t
reach(const struct caller *caller, const struct iovec *piece)
{
	uint64_t at = (uintptr_t)piece->iov_base;
	size_t left;

	if (at < BASE || at - BASE >= caller->size)
		return 0;
	left = caller->size - (size_t)(at - BASE);
	return piece->iov_len < left ? piece->iov_len : left;
}

static uint8_t *
byte_at(const struct caller *caller, const struct iovec *piece, size_t i)
{
	return caller->memory + ((uintptr_t)piece->iov_base - BASE) + i;
}

/* Moves up to N bytes of one remote piece; steps through the local list. */
static void
move_piece(struct caller *caller, const struct iovec *remote, size_t n, const struct iovec **local,
    size_t *skip, bool is_write)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *own, *theirs = byte_at(caller, remote, i);

		while (*skip == (*local)->iov_len)
			(*local)++, *skip = 0;
		own = (uint8_t *)(*local)->iov_base + (*skip)++;
		if (is_write) {
			MUST(caller->is_output != NULL &&
			     caller->is_output[theirs - caller->memory]);
			*theirs = *own;
		} else {
			*own = *theirs;
		}
	}
}

static ssize_t
move(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote, bool is_write)
{
	struct caller *caller = (struct caller *)space;
	size_t nl = 0, nr = 0, done = 0, skip = 0;

	MUST(nlocal >= 1 && nlocal <= DMOVER_UIO_PIECES);
	MUST(nremote >= 1 && nremote <= DMOVER_UIO_PIECES);
	for (unsigned i = 0; i < nlocal; i++)
		nl += local[i].iov_len;
	for (unsigned i = 0; i < nremote; i++)
		nr += remote[i].iov_len;
	MUST(nl == nr && nl > 0);
	if (caller->fails_every > 0 && ++caller->naccesses % caller->fails_every == 0)
		return caller->fails_every % 2 == 0 ? -EPERM : -ESRCH;
	for (unsigned i = 0; i < nremote; i++) {
		size_t n = reach(caller, &remote[i]);

		move_piece(caller, &remote[i], n, &local, &skip, is_write);
		done += n;
		if (n < remote[i].iov_len)
			break;
	}
	return done > 0 ? (ssize_t)done : -EFAULT;
}

static ssize_t
caller_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	return move(space, local, nlocal, remote, nremote, false);
}

static ssize_t
caller_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	return move(space, local, nlocal, remote, nremote, true);
}

static bool
caller_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space, (void)addr, (void)len;
	return true;
}

static void
caller_destroy(struct dmover_space *space)
{
	(void)space;
	abort(); /* nobody but us holds a reference */
}

static const struct dmover_space_ops caller_ops = {
	.spo_readv = caller_readv,
	.spo_writev = caller_writev,
	.spo_is_resident = caller_is_resident,
	.spo_destroy = caller_destroy,
};

static struct world *
world_get(void)
{
	static struct world world;
	const struct dmover_account_limits limits = {
		.sessions = 1, .sessions_per_uid = 1, .bytes = 1 << 24, .bytes_per_uid = 1 << 24
	};

	if (world.account != NULL)
		return &world;
	world.dispatch = (struct dmover_dispatch){
		.nlanes = 1, .nchoosable = 1, .forced = -1, .stats = &world.stats
	};
	world.dispatch.lanes[DISPATCH_CPU].lane_engine = dmover_engines[DISPATCH_CPU];
	dmover_stage_init(&world.stage, &world.dispatch, NULL, &world.stats, STAGE_ARENA);
	world.arena = dmover_arena_get(&world.stage.arenas);
	dmover_accounts_init(&world.accounts, &limits);
	world.account = dmover_account_get(&world.accounts, 1);
	world.fetcher = dmover_fetcher_create();
	world.batch = dmover_batch_create();
	MUST(world.arena != NULL && world.account != NULL && world.fetcher != NULL &&
	     world.batch != NULL);
	return &world;
}

static void
check_buffer(const struct dmover_buffer *buffer, size_t len, enum dmover_uio_rw rw)
{
	const struct dmover_uio *uio = &buffer->buf_uio;
	size_t sum = 0;

	MUST(buffer->buf_type == DMOVER_BUF_UIO && uio->uio_rw == rw);
	MUST(uio->uio_iovcnt >= 1 && uio->uio_iovcnt <= IOV_MAX && uio->uio_skip == 0);
	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		MUST(uio->uio_iov[i].iov_len <= SSIZE_MAX - sum);
		sum += uio->uio_iov[i].iov_len;
	}
	MUST(sum == len && uio->uio_resid == len);
}

/* Each entry keeps its promises; returns what bat_bytes must be, or SIZE_MAX when that is huge. */
static size_t
check_batch(const struct dmover_batch *batch, const struct dmover_function *func)
{
	size_t bytes = 0;

	for (unsigned e = 0; e < batch->bat_nentries; e++) {
		const struct dmover_request *req = &batch->bat_entries[e].ent_req;

		MUST(req->dreq_func == func && req->dreq_error == 0 && req->dreq_len <= SSIZE_MAX);
		if (func->dfn_has_output)
			check_buffer(&req->dreq_out, req->dreq_len, DMOVER_UIO_READ);
		else
			MUST(req->dreq_out.buf_type == DMOVER_BUF_NONE);
		for (unsigned j = 0; j < func->dfn_ninputs; j++)
			check_buffer(&req->dreq_in[j], req->dreq_len, DMOVER_UIO_WRITE);
		for (unsigned j = 0;
		     bytes != SIZE_MAX && j < (func->dfn_ninputs ? func->dfn_ninputs : 1); j++)
			bytes =
			    req->dreq_len > SIZE_MAX / 2 - bytes ? SIZE_MAX : bytes + req->dreq_len;
	}
	return bytes;
}

/* Marks what the batch may write; returns the map. */
static uint8_t *
mark_outputs(const struct dmover_batch *batch, const struct caller *caller)
{
	uint8_t *map = calloc(1, caller->size + 1);

	MUST(map != NULL);
	for (unsigned e = 0; e < batch->bat_nentries; e++) {
		const struct dmover_request *req = &batch->bat_entries[e].ent_req;

		if (req->dreq_out.buf_type != DMOVER_BUF_UIO)
			continue;
		for (unsigned i = 0; i < req->dreq_out.buf_uio.uio_iovcnt; i++) {
			const struct iovec *iov = &req->dreq_out.buf_uio.uio_iov[i];

			memset(map + (reach(caller, iov) > 0 ? (uintptr_t)iov->iov_base - BASE : 0),
			    1, reach(caller, iov));
		}
	}
	return map;
}

/* Executes the batch; each entry is answered once, with an error that the manual names. */
static void
hold(struct world *world, struct caller *caller, const struct dmover_function *func)
{
	unsigned n = world->batch->bat_nentries;
	struct dmover_session *session;
	uint8_t *map = mark_outputs(world->batch, caller), record[DMOVER_RESPONSE_MAX];

	MUST(dmover_session_create(&session_ops, world->account, 1024, &session) == 0);
	MUST(dmover_session_setfunc(session, func->dfn_name, false) == 0);
	MUST(dmover_session_begin_write(session, DMOVER_RECORD_MAX) == 0);
	MUST(dmover_session_reserve(session, n) == (int)n);
	world->batch->bat_session = session;
	world->batch->bat_account = world->account;
	world->batch->bat_space = &caller->space;
	caller->is_output = map;
	dmover_stage_hold(&world->stage, world->arena, world->batch);
	caller->is_output = NULL;
	for (unsigned e = 0; e < n; e++) {
		int error;

		MUST(dmover_session_take(session, record, sizeof(record)) == sizeof(record));
		memcpy(&error, record + 4, sizeof(error));
		MUST(error == 0 || error == EFAULT || error == EPERM);
	}
	MUST(dmover_session_take(session, record, sizeof(record)) == 0);
	dmover_session_end_write(session);
	dmover_session_close(session);
	free(map);
}

/* The layout, the function and the number of records that the header chooses. */
static struct dmover_fetch
fetch_of(const uint8_t *header, struct caller *caller)
{
	static const size_t lens[] = { 40, 32, 24, 20 };
	struct dmover_fetch fetch = {
		.func = fuzz_function(header[1]),
		.layout = dmover_layout_guess(lens[header[0] % 4], header[0] % 4 >= 2),
		.space = &caller->space,
		.records = caller->memory,
	};

	fetch.nrecords = (unsigned)(caller->size / fetch.layout->lay_request);
	if (fetch.nrecords > header[2])
		fetch.nrecords = header[2];
	return fetch;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *world = world_get();
	struct caller caller = { .space = { .spc_ops = &caller_ops, .spc_refs = 1 } };
	struct dmover_fetch fetch;
	uint8_t *records;
	size_t bytes;
	int err = 1;

	if (size < HEADER)
		return 0;
	caller.size = size - HEADER;
	caller.memory = malloc(caller.size + 1);
	records = malloc(caller.size + 1);
	MUST(caller.memory != NULL && records != NULL);
	memcpy(caller.memory, data + HEADER, caller.size);
	memcpy(records, data + HEADER, caller.size);
	caller.fails_every = data[3] < 128 ? 0 : data[3] % 8;
	fetch = fetch_of(data, &caller);
	fetch.records = records; /* the write's own copy */
	if (fetch.nrecords > 0) {
		unsigned n = dmover_fetch(world->fetcher, &fetch, world->batch, &err);

		MUST(n <= fetch.nrecords && n == world->batch->bat_nentries);
		MUST(err == 0 || err == -EINVAL || err == -EFAULT || err == -EPERM);
		MUST(err == 0 || n < fetch.nrecords);
		MUST(err != 0 || n > 0);
		bytes = check_batch(world->batch, fetch.func);
		MUST(world->batch->bat_bytes == (bytes == SIZE_MAX ? SIZE_MAX / 2 : bytes) ||
		     world->batch->bat_bytes >= SIZE_MAX / 2);
		if (n > 0 && world->batch->bat_bytes <= STAGE_ARENA / 4)
			hold(world, &caller, fetch.func);
	}
	free(caller.memory);
	free(records);
	return 0;
}
