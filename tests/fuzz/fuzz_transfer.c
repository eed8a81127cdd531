/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_transfer.c: one request that goes to devices which fault anywhere, or lie.
 *
 * Byte 0 chooses the function, byte 1 whether the device is honest, bytes 2 and 3 the length.  Each
 * submission then takes six bytes: which of two queues gets it, the status, whether it went backwards,
 * how many bytes it says were done, and a byte of its sum.  No descriptor may lie outside of the
 * request's buffers; where the device was honest, the outcome is right at the end.
 */
#include <string.h>

#include "engines/idxd/transfer.h"
#include "fuzz.h"

#define LEN_MAX 2048u
#define STEP    6u

/* What the descriptors may name. */
struct cargo {
	struct dmover_request dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	uint8_t *want;
	bool is_honest;
};

/* CRC32C bit by bit, from the polynomial alone. */
static uint32_t
sum(uint32_t crc, const uint8_t *bytes, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

static void
nobody_waits(struct dmover_request *dreq)
{
	(void)dreq;
}

/* Each buffer is a block of its own: then tools see one byte too much. */
static void
cargo_init(struct cargo *cargo, const struct dmover_function *func, size_t len)
{
	*cargo = (struct cargo){ .dreq = { .dreq_func = func, .dreq_len = len } };
	cargo->dreq.dreq_in = cargo->in;
	cargo->dreq.dreq_done = nobody_waits;
	cargo->dreq.dreq_immediate[0] = 0x5a;
	cargo->want = calloc(1, len);
	MUST(cargo->want != NULL);
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		uint8_t *bytes = malloc(len);

		MUST(bytes != NULL);
		for (size_t j = 0; j < len; j++) {
			bytes[j] = (uint8_t)(j * (i + 3) + (j >> 8) + i);
			cargo->want[j] ^= bytes[j];
		}
		cargo->in[i].buf_type = DMOVER_BUF_LINEAR;
		cargo->in[i].buf_linear = bytes;
	}
	if (func->dfn_kind == DMOVER_KIND_FILL8)
		memset(cargo->want, 0x5a, len);
	if (!func->dfn_has_output)
		return;
	cargo->dreq.dreq_out.buf_type = DMOVER_BUF_LINEAR;
	cargo->dreq.dreq_out.buf_linear = malloc(len);
	MUST(cargo->dreq.dreq_out.buf_linear != NULL);
	memset(cargo->dreq.dreq_out.buf_linear, 0xee, len);
}

static void
cargo_fini(struct cargo *cargo)
{
	for (unsigned i = 0; i < cargo->dreq.dreq_func->dfn_ninputs; i++)
		free(cargo->in[i].buf_linear);
	if (cargo->dreq.dreq_func->dfn_has_output)
		free(cargo->dreq.dreq_out.buf_linear);
	free(cargo->want);
}

/* [ADDR, ADDR + SIZE) is a part of one of the request's buffers, the output where IS_WRITTEN. */
static uint8_t *
check_range(const struct cargo *cargo, uint64_t addr, uint32_t size, bool is_written)
{
	const struct dmover_request *dreq = &cargo->dreq;
	const bool has_output = dreq->dreq_func->dfn_has_output;
	bool is_inside = false;

	for (unsigned i = 0; i <= dreq->dreq_func->dfn_ninputs; i++) {
		const bool is_output = i == dreq->dreq_func->dfn_ninputs;
		uint64_t start;

		if (is_output ? !has_output : is_written)
			continue;
		start =
		    (uintptr_t)(is_output ? dreq->dreq_out.buf_linear : cargo->in[i].buf_linear);
		is_inside = is_inside || (addr >= start && addr - start <= dreq->dreq_len &&
					     size <= dreq->dreq_len - (addr - start));
	}
	MUST(is_inside);
	return (uint8_t *)(uintptr_t)addr;
}

/* Does N bytes of what the descriptor says, and its sum. */
static void
execute(
    const struct cargo *cargo, const struct idxd_desc *desc, struct idxd_record *record, uint32_t n)
{
	const uint32_t size = desc->size, from = record->result == 1 ? size - n : 0;
	const uint8_t *a, *b;
	uint8_t *out;

	switch (idxd_desc_opcode(desc)) {
	case IDXD_OP_FILL:
		memset(check_range(cargo, desc->dst, size, true), (uint8_t)desc->pattern, n);
		break;
	case IDXD_OP_MEMMOVE:
		out = check_range(cargo, desc->dst, size, true);
		memcpy(out + from, check_range(cargo, desc->src, size, false) + from, n);
		break;
	case IDXD_OP_CRCGEN:
		a = check_range(cargo, desc->src, size, false);
		record->value = sum(desc->crc.seed, a, n);
		break;
	default:
		MUST(idxd_desc_opcode(desc) == IDXD_OP_REDUCE);
		a = check_range(cargo, desc->src, size, false);
		b = check_range(cargo, desc->src2, size, false);
		out = check_range(cargo, desc->reduce.dst, size, true);
		for (uint32_t i = 0; i < n; i++)
			out[i] = a[i] ^ b[i];
		break;
	}
}

/* One submission, and its record, of which DATA tells. */
static void
submit(const struct cargo *cargo, struct idxd_slot *slot, const uint8_t *data)
{
	static const uint8_t statuses[] = { 0x01, 0x03, 0x83, 0x03, 0x01, 0x04, 0x1f, 0x20 };
	const struct idxd_desc *desc = &slot->desc;
	const uint32_t bytes = (uint32_t)(data[3] | data[4] << 8);
	struct idxd_record *record = &slot->record;

	*record = (struct idxd_record){ .status = data[1], .result = data[2], .bytes = bytes };
	record->value = data[5] * UINT64_C(0x01010101);
	if (!cargo->is_honest) {
		execute(cargo, desc, record, 0);
		record->value = data[5] * UINT64_C(0x01010101);
		return;
	}
	record->status = statuses[data[1] % sizeof(statuses)];
	record->result = idxd_desc_opcode(desc) == IDXD_OP_MEMMOVE && data[2] % 2 == 1;
	record->bytes = 0;
	if (record->status == 0x01) {
		execute(cargo, desc, record, desc->size);
	} else if ((record->status & 0x3f) == 0x03) {
		record->bytes = bytes % desc->size;
		execute(cargo, desc, record, record->bytes);
	}
}

static void
check_outcome(const struct cargo *cargo)
{
	const struct dmover_request *dreq = &cargo->dreq;
	const size_t len = dreq->dreq_len;

	MUST(dreq->dreq_error == 0);
	if (!cargo->is_honest)
		return;
	if (dreq->dreq_func->dfn_has_output)
		MUST(memcmp(dreq->dreq_out.buf_linear, cargo->want, len) == 0);
	else
		MUST(idxd_load_sum(dreq->dreq_result) == sum(0x5a, cargo->in[0].buf_linear, len));
}

/* Until the request is done, or the CPU has to finish it. */
static void
run(struct cargo *cargo, const struct idxd_tail *tail, const uint8_t *data, size_t size)
{
	struct dsa_queue queues[2] = { { .max_transfer = 1 << 20, .has_cache_control = true },
		{ .max_transfer = 100 } };
	static struct idxd_slot slot;
	struct idxd_transfer transfer = { .slot = &slot };
	enum idxd_verdict verdict = IDXD_AGAIN;

	idxd_transfer_init(&transfer, &cargo->dreq);
	for (; verdict == IDXD_AGAIN && size >= STEP; data += STEP, size -= STEP) {
		const struct dsa_queue *queue = &queues[data[0] % 2];
		struct idxd_outcome outcome;

		idxd_transfer_prepare(&transfer, queue);
		MUST(slot.desc.size > 0 && slot.desc.size <= queue->max_transfer);
		MUST(slot.desc.record == (uintptr_t)&slot.record);
		submit(cargo, &slot, data);
		idxd_record_read((const uint8_t *)&slot.record, &outcome);
		verdict = idxd_transfer_back(&transfer, &outcome);
		MUST(transfer.done <= transfer.end && transfer.end <= cargo->dreq.dreq_len);
		if (verdict == IDXD_AGAIN && outcome.status == 0x03)
			idxd_transfer_touch(&transfer, outcome.is_write);
	}
	if (verdict == IDXD_DONE)
		idxd_transfer_conclude(&transfer);
	else
		idxd_transfer_finish(&transfer, tail);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct idxd_tail tail;
	struct cargo cargo;
	char why[64];

	if (size < 4)
		return 0;
	if (tail.engine == NULL)
		MUST(idxd_tail_open(&tail, why, sizeof(why)) == 0);
	cargo_init(&cargo, fuzz_function(data[0]), 1 + (data[2] | data[3] << 8) % LEN_MAX);
	cargo.is_honest = data[1] % 2 == 1;
	run(&cargo, &tail, data + 4, size - 4);
	check_outcome(&cargo);
	cargo_fini(&cargo);
	return 0;
}
