/* SPDX-License-Identifier: BSD-2-Clause */
/* compare.c: where the buffers lie, what the oracle says, and what may not be touched. */
#include "compare.h"

#include <string.h>

#include "core/arena.h"
#include "oracle.h"

#define ARENA_SIZE (STAGE_ARENA + 4096)
#define CANARY     64u

void
arena_create(struct arena *arena)
{
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++) {
		guarded_create(&arena->in[i], ARENA_SIZE);
		guarded_fill_and_seal(&arena->in[i], i + 1);
	}
	guarded_create(&arena->out, ARENA_SIZE);
	guarded_create(&arena->want, ARENA_SIZE);
}

void
arena_destroy(struct arena *arena)
{
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++)
		guarded_destroy(&arena->in[i]);
	guarded_destroy(&arena->out);
	guarded_destroy(&arena->want);
}

static uint8_t *
spot_place(const struct spot *spot, const struct guarded *guarded, unsigned offset)
{
	if (!spot->at_end)
		return guarded->bytes + offset;
	return guarded->bytes + guarded->size - spot->len - offset;
}

static void
spot_aim(const struct spot *spot, const struct arena *arena, struct work *work)
{
	static const uint8_t immediate[DMOVER_IMMEDIATE_LEN] = { 0xa7, 0x10, 0x32, 0x54 };

	for (unsigned i = 0; i < work->dreq.dreq_func->dfn_ninputs; i++)
		work->in_bytes[i] =
		    spot_place(spot, &arena->in[i], (spot->in_offset + spot->in_step * i) % 64);
	work->out_bytes = spot_place(spot, &arena->out, spot->out_offset);
	for (unsigned i = 0; i < DMOVER_IMMEDIATE_LEN; i++)
		work->dreq.dreq_immediate[i] = immediate[i] ^ spot->salt;
}

/* The same request by the oracle, its output at the same place of arena->want. */
static uint8_t *
ask_oracle(const struct arena *arena, const struct work *asked, uint8_t *ret_result)
{
	struct question question = {
		.func = asked->dreq.dreq_func,
		.len = asked->dreq.dreq_len,
		.out = arena->want.bytes + (asked->out_bytes - arena->out.bytes),
	};

	memcpy(question.in, asked->in_bytes, sizeof(question.in));
	memcpy(question.immediate, asked->dreq.dreq_immediate, DMOVER_IMMEDIATE_LEN);
	oracle_ask(&question, ret_result);
	return question.out;
}

/* Bytes of the arena around the output that an engine must leave alone; VALUE is set or checked. */
static bool
canaries(const struct guarded *out, const struct work *work, uint8_t value, bool check)
{
	uint8_t *const begin = work->out_bytes, *const end = begin + work->dreq.dreq_len;
	const size_t room_before = (size_t)(begin - out->bytes);
	const size_t room_after = (size_t)(out->bytes + out->size - end);
	const size_t before = room_before < CANARY ? room_before : CANARY;
	const size_t after = room_after < CANARY ? room_after : CANARY;
	bool alive = true;

	if (!check) {
		memset(begin - before, value, before);
		memset(end, value, after);
		return true;
	}
	for (size_t i = 0; i < before; i++)
		alive = alive && *(begin - before + i) == value;
	for (size_t i = 0; i < after; i++)
		alive = alive && end[i] == value;
	return alive;
}

void
compare(const struct rig *rig, const struct arena *arena, const struct dmover_function *func,
    const struct spot *spot)
{
	uint8_t want_result[DMOVER_IMMEDIATE_LEN];
	const uint8_t *want;
	struct work work;
	int err;

	work_init(&work, func, spot->len);
	spot_aim(spot, arena, &work);
	want = ask_oracle(arena, &work, want_result);
	memset(work.out_bytes, 0x5c, spot->len);
	canaries(&arena->out, &work, 0x5a, /* check= */ false);
	if (spot->in_place) {
		memcpy(work.out_bytes, work.in_bytes[0], spot->len);
		work.in_bytes[0] = work.out_bytes;
	}
	err = work_run(&work, rig);
#define WHERE                                                                                      \
	"%s: %s of %zu bytes, offsets %u and %u from the %s%s", rig->engine->eng_name,             \
	    func->dfn_name, spot->len, spot->in_offset, spot->out_offset,                          \
	    spot->at_end ? "end" : "start", spot->in_place ? ", in place" : ""
	rig_demand(err == 0, WHERE);
	rig_demand(memcmp(work.dreq.dreq_result, want_result, sizeof(want_result)) == 0, WHERE);
	if (func->dfn_has_output)
		rig_demand(memcmp(work.out_bytes, want, spot->len) == 0, WHERE);
	rig_demand(canaries(&arena->out, &work, 0x5a, /* check= */ true), WHERE);
	rig_demand(work.ends == 1, WHERE);
#undef WHERE
	work_fini(&work);
}

static unsigned
bits_between(const uint8_t *a, const uint8_t *b, size_t len)
{
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += (unsigned)__builtin_popcount(a[i] ^ b[i]);
	return bits;
}

unsigned
compare_wrong_bits(const struct rig *rig, const struct arena *arena,
    const struct dmover_function *func, const struct spot *spot)
{
	uint8_t want_result[DMOVER_IMMEDIATE_LEN];
	const uint8_t *want;
	struct work work;
	unsigned bits;

	work_init(&work, func, spot->len);
	spot_aim(spot, arena, &work);
	want = ask_oracle(arena, &work, want_result);
	ck_assert_int_eq(work_run(&work, rig), 0);
	bits = bits_between(work.dreq.dreq_result, want_result, sizeof(want_result));
	if (func->dfn_has_output)
		bits += bits_between(work.out_bytes, want, spot->len);
	work_fini(&work);
	return bits;
}

void
compare_each_function(const struct dmover_engine *engine,
    void (*look)(
	const struct rig *rig, const struct arena *arena, const struct dmover_function *func))
{
	const struct dmover_function *func;
	struct arena arena;
	unsigned looks = 0;
	struct rig rig;

	arena_create(&arena);
	rig_open(&rig, engine, NULL);
	for (int uio = 0; uio < ((engine->eng_flags & DMOVER_ENGINE_UIO) != 0 ? 2 : 1); uio++) {
		rig.is_uio = uio == 1;
		for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
			if ((engine->eng_kinds & DMOVER_F(func->dfn_kind)) == 0 ||
			    !rig_takes(&rig, func))
				continue;
			look(&rig, &arena, func);
			looks++;
		}
	}
	rig_demand(looks > 0, "%s takes nothing", engine->eng_name);
	rig_close(&rig);
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++)
		rig_demand(guarded_is_intact(&arena.in[i], i + 1), "%s wrote into an input",
		    engine->eng_name);
	arena_destroy(&arena);
}
