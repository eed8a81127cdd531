/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.c: one request inside this engine, which goes to devices one descriptor at a time. */
#include "transfer.h"

#include <string.h>

#include "touch.h"

void
idxd_list_init(struct idxd_list *list)
{
	list->first = NULL;
	list->end = &list->first;
	list->n = 0;
}

void
idxd_list_put(struct idxd_list *list, struct idxd_transfer *transfer)
{
	transfer->next = NULL;
	*list->end = transfer;
	list->end = &transfer->next;
	list->n++;
}

void
idxd_list_push(struct idxd_list *list, struct idxd_transfer *transfer)
{
	transfer->next = list->first;
	if (list->first == NULL)
		list->end = &transfer->next;
	list->first = transfer;
	list->n++;
}

struct idxd_transfer *
idxd_list_take(struct idxd_list *list)
{
	struct idxd_transfer *transfer = list->first;

	if (transfer == NULL)
		return NULL;
	list->first = transfer->next;
	if (list->first == NULL)
		list->end = &list->first;
	list->n--;
	return transfer;
}

void
idxd_list_join(struct idxd_list *list, struct idxd_list *from)
{
	if (from->first == NULL)
		return;
	*list->end = from->first;
	list->end = from->end;
	list->n += from->n;
	idxd_list_init(from);
}

enum idxd_opcode
idxd_transfer_opcode(enum dmover_kind kind)
{
	switch (kind) {
	case DMOVER_KIND_ZERO:
	case DMOVER_KIND_FILL8:
		return IDXD_OP_FILL;
	case DMOVER_KIND_COPY:
		return IDXD_OP_MEMMOVE;
	case DMOVER_KIND_CRC32C:
		return IDXD_OP_CRCGEN;
	default:
		return IDXD_OP_REDUCE;
	}
}

static enum dmover_kind
kind_of(const struct idxd_transfer *transfer)
{
	return transfer->dreq->dreq_func->dfn_kind;
}

void
idxd_transfer_init(struct idxd_transfer *transfer, struct dmover_request *dreq)
{
	*transfer = (struct idxd_transfer){ .dreq = dreq, .slot = transfer->slot };
	if (kind_of(transfer) == DMOVER_KIND_CRC32C)
		transfer->crc = idxd_load_sum(dreq->dreq_immediate);
}

/* An XOR goes stage by stage: the first two inputs, then each other one and the output so far. */
static void
build_xor(struct idxd_transfer *transfer, uint32_t size)
{
	const struct dmover_request *dreq = transfer->dreq;
	uint8_t *out = dreq->dreq_out.buf_linear + transfer->done;
	const struct idxd_xor bytes = {
		.dst = out,
		.src = transfer->stage == 0 ? dreq->dreq_in[0].buf_linear + transfer->done : out,
		.src2 = dreq->dreq_in[transfer->stage + 1].buf_linear + transfer->done,
	};

	idxd_desc_xor(&transfer->slot->desc, 0, &bytes, size);
}

static void
build(struct idxd_transfer *transfer)
{
	const struct dmover_request *dreq = transfer->dreq;
	const uint32_t size = (uint32_t)(transfer->end - transfer->done);
	struct idxd_desc *desc = &transfer->slot->desc;

	switch (kind_of(transfer)) {
	case DMOVER_KIND_ZERO:
		idxd_desc_fill(desc, 0, dreq->dreq_out.buf_linear + transfer->done, 0, size);
		break;
	case DMOVER_KIND_FILL8:
		idxd_desc_fill(desc, 0, dreq->dreq_out.buf_linear + transfer->done,
		    dreq->dreq_immediate[0], size);
		break;
	case DMOVER_KIND_COPY:
		idxd_desc_copy(desc, 0, dreq->dreq_out.buf_linear + transfer->done,
		    dreq->dreq_in[0].buf_linear + transfer->done, size);
		break;
	case DMOVER_KIND_CRC32C:
		idxd_desc_crc(
		    desc, dreq->dreq_in[0].buf_linear + transfer->done, transfer->crc, size);
		break;
	default:
		build_xor(transfer, size);
		break;
	}
}

static bool
writes_memory(const struct idxd_desc *desc)
{
	return idxd_desc_opcode(desc) != IDXD_OP_CRCGEN;
}

void
idxd_transfer_prepare(struct idxd_transfer *transfer, const struct dsa_queue *queue)
{
	const size_t max =
	    queue->max_transfer < IDXD_PIECE_MAX ? queue->max_transfer : IDXD_PIECE_MAX;
	struct idxd_desc *desc = &transfer->slot->desc;

	if (!transfer->is_resumed || desc->size > max) {
		if (transfer->end == transfer->done) {
			transfer->end = transfer->dreq->dreq_len;
			transfer->resumes = 0;
		}
		if (transfer->end - transfer->done > max) {
			/* What an XOR has in the output behind this is written anew later. */
			transfer->end = transfer->done + max;
			transfer->stage = 0;
		}
		build(transfer);
	}
	transfer->is_resumed = false;
	desc->flags &= ~IDXD_FLAG_CACHE;
	if (queue->has_cache_control && writes_memory(desc))
		desc->flags |= IDXD_FLAG_CACHE;
	idxd_desc_aim(desc, &transfer->slot->record);
	idxd_record_clear(&transfer->slot->record);
}

/* The piece is done, or its stage of an XOR. */
static enum idxd_verdict
pass_piece(struct idxd_transfer *transfer, const struct idxd_outcome *outcome)
{
	if (kind_of(transfer) == DMOVER_KIND_XOR &&
	    ++transfer->stage < transfer->dreq->dreq_func->dfn_ninputs - 1) {
		transfer->resumes = 0;
		return IDXD_AGAIN;
	}
	transfer->stage = 0;
	transfer->done = transfer->end;
	transfer->crc = outcome->crc;
	return transfer->done < transfer->dreq->dreq_len ? IDXD_AGAIN : IDXD_DONE;
}

enum idxd_verdict
idxd_transfer_back(struct idxd_transfer *transfer, const struct idxd_outcome *outcome)
{
	uint32_t head;
	enum idxd_verdict verdict = idxd_resume(&transfer->slot->desc, outcome, &head);

	if (verdict == IDXD_DONE)
		return pass_piece(transfer, outcome);
	if (verdict != IDXD_AGAIN)
		return verdict;
	/* The head of an XOR has other inputs to come. */
	if (kind_of(transfer) != DMOVER_KIND_XOR)
		transfer->done += head;
	if (head > 0)
		transfer->crc = outcome->crc;
	transfer->is_resumed = true;
	return ++transfer->resumes <= IDXD_RESUMES ? IDXD_AGAIN : IDXD_CPU;
}

void
idxd_transfer_touch(const struct idxd_transfer *transfer, bool is_write)
{
	const struct dmover_request *dreq = transfer->dreq;
	const size_t done = transfer->done, len = transfer->end - done;

	if (is_write) {
		if (dreq->dreq_func->dfn_has_output)
			idxd_touch(dreq->dreq_out.buf_linear + done, len, true);
		return;
	}
	for (unsigned i = 0; i < dreq->dreq_func->dfn_ninputs; i++)
		idxd_touch(dreq->dreq_in[i].buf_linear + done, len, false);
	/* Then the output is read as well, and written next. */
	if (transfer->stage > 0)
		idxd_touch(dreq->dreq_out.buf_linear + done, len, true);
}

void
idxd_transfer_finish(struct idxd_transfer *transfer, const struct idxd_tail *tail)
{
	idxd_tail_run(tail, transfer->dreq, transfer->done, transfer->crc);
}

void
idxd_transfer_conclude(const struct idxd_transfer *transfer)
{
	struct dmover_request *dreq = transfer->dreq;

	dreq->dreq_error = 0;
	if (kind_of(transfer) == DMOVER_KIND_CRC32C)
		idxd_store_sum(dreq->dreq_result, transfer->crc);
}
