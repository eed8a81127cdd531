/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_transfer.c: a request, cut into descriptors, put together again. */
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engines/idxd/transfer.h"

#define LEN 1000u

/* A request over its own memory, inside the engine. */
struct inside {
	struct dmover_request dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	uint8_t bytes[DMOVER_INPUTS_MAX][LEN], out[LEN];
	struct idxd_slot slot;
	struct idxd_transfer transfer;
	struct dsa_queue queue;
};

static void
inside_init(struct inside *inside, const char *func, size_t max_transfer)
{
	memset(inside, 0, sizeof(*inside));
	inside->dreq.dreq_func = dmover_function_find(func);
	inside->dreq.dreq_len = LEN;
	inside->dreq.dreq_in = inside->in;
	inside->dreq.dreq_immediate[0] = 0x21;
	inside->dreq.dreq_out.buf_type = DMOVER_BUF_LINEAR;
	inside->dreq.dreq_out.buf_linear = inside->out;
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++) {
		inside->in[i].buf_type = DMOVER_BUF_LINEAR;
		inside->in[i].buf_linear = inside->bytes[i];
	}
	inside->queue.max_transfer = max_transfer;
	inside->transfer.slot = &inside->slot;
	idxd_transfer_init(&inside->transfer, &inside->dreq);
}

/* The next descriptor, which must be the one that is wanted.  Aims WANT too. */
static void
expect(struct inside *inside, struct idxd_desc *want)
{
	idxd_transfer_prepare(&inside->transfer, &inside->queue);
	idxd_desc_aim(want, &inside->slot.record);
	same_bytes(&inside->slot.desc, want, sizeof(*want));
	holds(!idxd_record_is_there(&inside->slot.record));
}

static enum idxd_verdict
answer(struct inside *inside, const struct idxd_outcome *outcome)
{
	inside->slot.record.status = outcome->status;
	return idxd_transfer_back(&inside->transfer, outcome);
}

START_TEST(a_crc_is_chained_over_its_pieces)
{
	static const uint8_t want[DMOVER_IMMEDIATE_LEN] = { 0x44, 0x33, 0x22, 0x11 };
	struct idxd_outcome good = { .status = IDXD_ST_SUCCESS, .crc = 0x1111 };
	struct inside inside;
	struct idxd_desc desc;

	inside_init(&inside, "iscsi-crc32c", 400);
	idxd_desc_crc(&desc, inside.bytes[0], 0x21, 400);
	expect(&inside, &desc);
	same_int(answer(&inside, &good), IDXD_AGAIN);
	idxd_desc_crc(&desc, inside.bytes[0] + 400, 0x1111, 400);
	expect(&inside, &desc);
	good.crc = 0x2222;
	same_int(answer(&inside, &good), IDXD_AGAIN);
	idxd_desc_crc(&desc, inside.bytes[0] + 800, 0x2222, 200);
	expect(&inside, &desc);
	good.crc = 0x11223344;
	same_int(answer(&inside, &good), IDXD_DONE);
	inside.dreq.dreq_error = -1;
	idxd_transfer_conclude(&inside.transfer);
	same_int(inside.dreq.dreq_error, 0);
	same_bytes(inside.dreq.dreq_result, want, sizeof(want));
}
END_TEST

START_TEST(an_xor_takes_one_input_after_the_other_for_each_piece)
{
	const struct idxd_outcome good = { .status = IDXD_ST_SUCCESS };
	struct inside inside;

	inside_init(&inside, "xor4", 600);
	for (unsigned at = 0; at < LEN; at += 600) {
		for (unsigned stage = 0; stage < 3; stage++) {
			const struct idxd_xor bytes = {
				.dst = inside.out + at,
				.src = (stage == 0 ? inside.bytes[0] : inside.out) + at,
				.src2 = inside.bytes[stage + 1] + at,
			};
			struct idxd_desc desc;

			idxd_desc_xor(&desc, 0, &bytes, at == 0 ? 600 : 400);
			expect(&inside, &desc);
			same_int(answer(&inside, &good),
			    at == 600 && stage == 2 ? IDXD_DONE : IDXD_AGAIN);
		}
	}
}
END_TEST

START_TEST(a_narrower_queue_begins_an_xor_anew)
{
	const struct idxd_outcome good = { .status = IDXD_ST_SUCCESS };
	const struct idxd_outcome fault = { .status = IDXD_ST_FAULT, .bytes = 50 };
	struct inside inside;
	struct idxd_xor bytes;
	struct idxd_desc desc;

	inside_init(&inside, "xor3", LEN);
	idxd_transfer_prepare(&inside.transfer, &inside.queue);
	same_int(answer(&inside, &good), IDXD_AGAIN);
	idxd_transfer_prepare(&inside.transfer, &inside.queue);
	same_int(answer(&inside, &fault), IDXD_AGAIN);
	inside.queue.max_transfer = 300;
	bytes = (struct idxd_xor){ inside.out, inside.bytes[0], inside.bytes[1] };
	idxd_desc_xor(&desc, 0, &bytes, 300);
	expect(&inside, &desc);
}
END_TEST

START_TEST(a_fault_goes_on_with_the_rest_and_not_for_ever)
{
	const struct idxd_outcome fault = { .status = IDXD_ST_FAULT, .bytes = 10 };
	struct inside inside;

	inside_init(&inside, "copy", LEN);
	for (unsigned i = 0; i < IDXD_RESUMES; i++) {
		struct idxd_desc desc;

		idxd_desc_copy(
		    &desc, 0, inside.out + 10 * i, inside.bytes[0] + 10 * i, LEN - 10 * i);
		expect(&inside, &desc);
		same_int(answer(&inside, &fault), IDXD_AGAIN);
	}
	idxd_transfer_prepare(&inside.transfer, &inside.queue);
	same_int(answer(&inside, &fault), IDXD_CPU);
}
END_TEST

START_TEST(the_cpu_goes_on_where_the_device_stopped)
{
	const struct idxd_outcome fault = { .status = IDXD_ST_FAULT, .bytes = 600 };
	const struct idxd_outcome invalid = { .status = IDXD_ST_FAULT_INVALID };
	struct idxd_tail tail;
	struct inside inside;
	char why[128];

	ck_assert_int_eq(idxd_tail_open(&tail, why, sizeof(why)), 0);
	inside_init(&inside, "fill8", LEN);
	idxd_transfer_prepare(&inside.transfer, &inside.queue);
	same_int(answer(&inside, &fault), IDXD_AGAIN);
	idxd_transfer_prepare(&inside.transfer, &inside.queue);
	same_int(answer(&inside, &invalid), IDXD_CPU);
	inside.dreq.dreq_error = -1;
	idxd_transfer_finish(&inside.transfer, &tail);
	same_int(inside.dreq.dreq_error, 0);
	for (unsigned i = 0; i < LEN; i++)
		ck_assert_uint_eq(inside.out[i], i < 600 ? 0 : 0x21);
	idxd_tail_close(&tail);
}
END_TEST

START_TEST(only_what_writes_goes_to_the_cache_and_only_where_the_queue_allows)
{
	static const char *const names[] = { "zero", "fill8", "copy", "xor2", "iscsi-crc32c" };
	struct inside inside;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		inside_init(&inside, names[i], LEN);
		idxd_transfer_prepare(&inside.transfer, &inside.queue);
		same_size(inside.slot.desc.flags & 0xffffff, 0x0c);
		inside.queue.has_cache_control = true;
		idxd_transfer_prepare(&inside.transfer, &inside.queue);
		same_size(inside.slot.desc.flags & 0xffffff, i < 4 ? 0x10c : 0x0c);
	}
}
END_TEST

START_TEST(pages_are_brought_in_and_keep_their_bytes)
{
	struct inside inside;

	inside_init(&inside, "copy", LEN);
	memset(inside.out, 0x5a, LEN);
	memset(inside.bytes[0], 0xa5, LEN);
	idxd_transfer_prepare(&inside.transfer, &inside.queue);
	idxd_transfer_touch(&inside.transfer, true);
	idxd_transfer_touch(&inside.transfer, false);
	for (unsigned i = 0; i < LEN; i++)
		holds(inside.out[i] == 0x5a && inside.bytes[0][i] == 0xa5);
}
END_TEST

START_TEST(an_output_that_is_a_source_is_brought_in_for_reading)
{
	const struct idxd_outcome good = { .status = IDXD_ST_SUCCESS };
	const struct idxd_outcome fault = { .status = IDXD_ST_FAULT };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *out =
	    mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, /* fd= */ -1, 0);
	struct inside inside;

	ck_assert_ptr_ne(out, MAP_FAILED);
	inside_init(&inside, "xor3", LEN);
	inside.dreq.dreq_out.buf_linear = out;
	for (unsigned stage = 0; stage < 2; stage++) {
		unsigned char is_there;

		idxd_transfer_prepare(&inside.transfer, &inside.queue);
		same_int(answer(&inside, &fault), IDXD_AGAIN);
		idxd_transfer_touch(&inside.transfer, false);
		ck_assert_int_eq(mincore(out, page, &is_there), 0);
		same_int(is_there & 1, stage);
		idxd_transfer_prepare(&inside.transfer, &inside.queue);
		same_int(answer(&inside, &good), stage == 0 ? IDXD_AGAIN : IDXD_DONE);
	}
	munmap(out, page);
}
END_TEST

START_TEST(lists_keep_their_order)
{
	struct idxd_transfer t[4];
	struct idxd_list list, other;

	idxd_list_init(&list);
	idxd_list_init(&other);
	holds(idxd_list_take(&list) == NULL);
	idxd_list_push(&list, &t[1]);
	idxd_list_put(&list, &t[2]);
	idxd_list_push(&list, &t[0]);
	idxd_list_join(&list, &other);
	idxd_list_put(&other, &t[3]);
	idxd_list_join(&list, &other);
	same_size(list.n, 4);
	same_size(other.n, 0);
	for (unsigned i = 0; i < 4; i++)
		holds(idxd_list_take(&list) == &t[i]);
	idxd_list_put(&list, &t[0]);
	holds(list.first == &t[0] && list.n == 1);
}
END_TEST

TCase *
unit_idxd_transfer(void)
{
	TCase *tc = unit_case("idxd transfer");

	tcase_add_test(tc, a_crc_is_chained_over_its_pieces);
	tcase_add_test(tc, an_xor_takes_one_input_after_the_other_for_each_piece);
	tcase_add_test(tc, a_narrower_queue_begins_an_xor_anew);
	tcase_add_test(tc, a_fault_goes_on_with_the_rest_and_not_for_ever);
	tcase_add_test(tc, the_cpu_goes_on_where_the_device_stopped);
	tcase_add_test(tc, only_what_writes_goes_to_the_cache_and_only_where_the_queue_allows);
	tcase_add_test(tc, pages_are_brought_in_and_keep_their_bytes);
	tcase_add_test(tc, an_output_that_is_a_source_is_brought_in_for_reading);
	tcase_add_test(tc, lists_keep_their_order);
	return tc;
}
