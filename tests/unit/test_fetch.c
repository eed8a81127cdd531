/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fetch.c: from the records of a write(2) to a batch. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <dev/dmover/dmover_io.h>

#include "core/fetch.h"
#include "fake.h"

#define RECORDS 40
#define VECTORS 3 /* of each buffer */

/* Records with their arrays and vectors, all in memory that 32-bit callers could have. */
struct crowd {
	struct dmio_usrreq records[RECORDS];
	dmio_buffer inputs[RECORDS][2];
	struct iovec out[RECORDS][VECTORS], in[RECORDS][2][VECTORS];
};

static struct crowd *crowd;
static struct dmover_fetcher *fetcher;
static struct dmover_batch *batch;
static struct fake_space fake;

/* Record I of xor2: outputs of I + 6 bytes at i * 1000, and inputs likewise. */
static void
fill_record(unsigned i)
{
	struct dmio_usrreq *record = &crowd->records[i];

	*record = (struct dmio_usrreq){
		.req_outbuf = { crowd->out[i], VECTORS },
		.req_inbuf = crowd->inputs[i],
		.req_id = 70 + i,
		.req_immediate = { (uint8_t)i },
	};
	for (unsigned v = 0; v < VECTORS; v++) {

		size_t len = v == 1 ? 0 : v == 0 ? i : 6;

		crowd->out[i][v] = (struct iovec){ (void *)(uintptr_t)(i * 1000 + v), len };
		for (unsigned j = 0; j < 2; j++)
			crowd->in[i][j][v] =
			    (struct iovec){ (void *)(uintptr_t)(i * 1000 + v + 100 * (j + 1)),
				    len };
	}
	for (unsigned j = 0; j < 2; j++)
		crowd->inputs[i][j] = (dmio_buffer){ crowd->in[i][j], VECTORS };
}

static void
setup(void)
{
	crowd =
	    mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(crowd != MAP_FAILED);
	for (unsigned i = 0; i < RECORDS; i++)
		fill_record(i);
	fetcher = dmover_fetcher_create();
	batch = dmover_batch_create();
	fake_init(&fake);
}

static void
teardown(void)
{
	holds(!atomic_load(&fake.was_wrong));
	dmover_fetcher_destroy(fetcher);
	dmover_batch_free(batch);
	munmap(crowd, sizeof(*crowd));
}

/* Fetches N records for FUNC; returns how many are in, and *ret_error. */
static unsigned
fetch(const char *func, unsigned n, int *ret_error)
{
	const struct dmover_fetch how = {
		.func = dmover_function_find(func),
		.layout = dmover_layout_guess(sizeof(struct dmio_usrreq), false),
		.space = &fake.space,
		.records = (const uint8_t *)crowd->records,
		.nrecords = n,
	};

	return dmover_fetch(fetcher, &how, batch, ret_error);
}

static void
check_buffer(
    const struct dmover_buffer *buffer, const struct iovec *iov, size_t len, enum dmover_uio_rw rw)
{
	same_int(buffer->buf_type, DMOVER_BUF_UIO);
	same_int(buffer->buf_uio.uio_rw, rw);
	same_size(buffer->buf_uio.uio_iovcnt, VECTORS);
	same_size(buffer->buf_uio.uio_resid, len);
	holds(buffer->buf_uio.uio_space == &fake.space);
	same_bytes(buffer->buf_uio.uio_iov, iov, VECTORS * sizeof(*iov));
}

/* The first N entries are those of the crowd. */
static void
check_entries(unsigned n)
{
	same_size(batch->bat_nentries, n);
	for (unsigned i = 0; i < n; i++) {
		const struct dmover_entry *entry = &batch->bat_entries[i];

		same_size(entry->ent_id, 70 + i);
		holds(entry->ent_batch == batch);
		same_size(entry->ent_req.dreq_len, i + 6);
		same_int(entry->ent_req.dreq_immediate[0], i);
		same_int(entry->ent_req.dreq_error, 0);
		check_buffer(&entry->ent_req.dreq_out, crowd->out[i], i + 6, DMOVER_UIO_READ);
		for (unsigned j = 0; j < 2; j++)
			check_buffer(
			    &entry->ent_req.dreq_in[j], crowd->in[i][j], i + 6, DMOVER_UIO_WRITE);
	}
}

START_TEST(all_records_are_fetched_by_two_accesses)
{
	size_t bytes = 0;
	int err = 1;

	for (unsigned i = 0; i < RECORDS; i++)
		bytes += 2 * (i + 6);
	same_size(fetch("xor2", RECORDS, &err), RECORDS);
	same_int(err, 0);
	check_entries(RECORDS);
	same_size(batch->bat_bytes, bytes);
	same_size(atomic_load(&fake.naccesses), 2);
}
END_TEST

START_TEST(a_fetcher_is_used_again_for_more_and_for_fewer)
{
	int err;

	same_size(fetch("xor2", 1, &err), 1);
	check_entries(1);
	same_size(fetch("xor2", RECORDS, &err), RECORDS);
	check_entries(RECORDS);
	same_size(fetch("xor2", 2, &err), 2);
	check_entries(2);
	for (unsigned i = 0; i < RECORDS; i++)
		crowd->records[i].req_outbuf.dmbuf_iovcnt = 0;
	same_size(fetch("iscsi-crc32c", RECORDS, &err), RECORDS);
	same_int(batch->bat_entries[5].ent_req.dreq_out.buf_type, DMOVER_BUF_NONE);
	same_size(batch->bat_entries[5].ent_req.dreq_len, 11);
	same_int(batch->bat_entries[5].ent_req.dreq_result[0], 5);
	dmover_fetcher_destroy(NULL);
}
END_TEST

START_TEST(functions_without_inputs_need_one_access)
{
	int err;

	for (unsigned i = 0; i < RECORDS; i++)
		crowd->records[i].req_inbuf = NULL;
	same_size(fetch("fill8", RECORDS, &err), RECORDS);
	same_int(err, 0);
	same_size(atomic_load(&fake.naccesses), 1);
}
END_TEST

/* Whose descriptor byte AT of the crowd is; RECORDS: nobody's. */
static unsigned
owner_of(size_t at)
{
	const size_t arrays = offsetof(struct crowd, inputs), out = offsetof(struct crowd, out),
		     in = offsetof(struct crowd, in);

	if (at < arrays)
		return RECORDS; /* the records themselves came with the write */
	if (at < out)
		return (unsigned)((at - arrays) / sizeof(crowd->inputs[0]));
	if (at < in)
		return (unsigned)((at - out) / sizeof(crowd->out[0]));
	return (unsigned)((at - in) / sizeof(crowd->in[0]));
}

START_TEST(a_fault_at_any_byte_ends_the_batch_at_its_record)
{
	for (size_t at = 0; at < sizeof(*crowd); at += 5) {
		unsigned owner = owner_of(at);
		int err;

		fake.nbad = 0;
		fake_add_bad(&fake, (uint8_t *)crowd + at, 1, true, true);
		same_size(fetch("xor2", RECORDS, &err), owner);
		same_int(err, owner == RECORDS ? 0 : -EFAULT);
		check_entries(owner);
	}
}
END_TEST

START_TEST(of_several_faults_the_first_record_counts)
{
	uint32_t seed = 5;

	for (int round = 0; round < 500; round++) {
		unsigned first = RECORDS;
		int err;

		fake.nbad = 0;
		for (unsigned i = 0; i < 3; i++) {
			size_t at = unit_random(&seed, sizeof(*crowd));
			unsigned owner = owner_of(at);

			fake_add_bad(&fake, (uint8_t *)crowd + at, 1, true, true);
			first = owner < first ? owner : first;
		}
		same_size(fetch("xor2", RECORDS, &err), first);
		same_int(err, first == RECORDS ? 0 : -EFAULT);
		check_entries(first);
	}
}
END_TEST

START_TEST(what_a_record_says_wrong_ends_the_batch_there)
{
	int err;

	crowd->records[9].req_outbuf.dmbuf_iovcnt = 0;
	same_size(fetch("xor2", RECORDS, &err), 9);
	same_int(err, -EINVAL);
	crowd->records[8].req_outbuf.dmbuf_iovcnt = 1025;
	same_size(fetch("xor2", RECORDS, &err), 8);
	crowd->inputs[7][1].dmbuf_iovcnt = 0;
	same_size(fetch("xor2", RECORDS, &err), 7);
	crowd->inputs[6][0].dmbuf_iovcnt = 1025;
	same_size(fetch("xor2", RECORDS, &err), 6);
	same_int(err, -EINVAL);
	crowd->in[5][1][2].iov_len++;
	same_size(fetch("xor2", RECORDS, &err), 5);
	crowd->out[4][0].iov_len = SIZE_MAX;
	same_size(fetch("xor2", RECORDS, &err), 4);
	crowd->out[3][0].iov_len--;
	same_size(fetch("xor2", RECORDS, &err), 3);
	same_int(err, -EINVAL);
	check_entries(3);
	/* A fault of an earlier one counts before all that. */
	fake_add_bad(&fake, &crowd->in[2][1][0], 1, true, true);
	same_size(fetch("xor2", RECORDS, &err), 2);
	same_int(err, -EFAULT);
	check_entries(2);
}
END_TEST

START_TEST(the_error_of_the_space_is_told)
{
	int err;

	fake.error = -EPERM;
	same_size(fetch("xor2", RECORDS, &err), 0);
	same_int(err, -EPERM);
	fake.error = -ESRCH;
	same_size(fetch("xor2", RECORDS, &err), 0);
	same_int(err, -EFAULT);
	fake.error = -ENOMEM;
	fake.error_after = atomic_load(&fake.naccesses) + 1;
	same_size(fetch("xor2", RECORDS, &err), 0);
	same_int(err, -ENOMEM);
}
END_TEST

START_TEST(a_batch_is_full_before_it_holds_too_many_vectors)
{
	struct iovec *iov = calloc(1024, sizeof(*iov));
	dmio_buffer inputs[16];
	int err;

	for (unsigned i = 0; i < RECORDS; i++) {
		crowd->records[i].req_outbuf = (dmio_buffer){ iov, 1024 };
		crowd->records[i].req_inbuf = inputs;
	}
	same_size(fetch("zero", RECORDS, &err), FETCH_IOVS_MAX / 1024);
	same_int(err, 0);
	for (unsigned j = 0; j < 16; j++)
		inputs[j] = (dmio_buffer){ iov, 1024 };
	/* However large the first one is, it is in. */
	same_size(fetch("xor16", RECORDS, &err) >= 1, 1);
	same_int(err, 0);
	holds(batch->bat_nentries * 17 * 1024 <= FETCH_IOVS_MAX + 17 * 1024);
	free(iov);
}
END_TEST

START_TEST(vectors_that_do_not_touch_are_fetched_in_more_accesses)
{
	/* 1024 records of xor2, each with vectors far from the others'. */
	struct dmio_usrreq *records = calloc(1024, sizeof(*records));
	struct iovec *iov = calloc(1024 * 8, sizeof(*iov));
	dmio_buffer *inputs = calloc(1024 * 4, sizeof(*inputs));
	struct dmover_fetch how = {
		.func = dmover_function_find("xor2"),
		.layout = dmover_layout_guess(40, false),
		.space = &fake.space,
		.records = (const uint8_t *)records,
		.nrecords = 1024,
	};
	int err;

	for (unsigned i = 0; i < 1024; i++) {
		for (unsigned v = 0; v < 8; v++)
			iov[8 * i + v] = (struct iovec){ iov, i };
		inputs[4 * i] = (dmio_buffer){ &iov[8 * i], 1 };
		inputs[4 * i + 1] = (dmio_buffer){ &iov[8 * i + 2], 1 };
		records[i] =
		    (struct dmio_usrreq){ { &iov[8 * i + 4], 1 }, { 0 }, &inputs[4 * i], i };
	}
	same_size(dmover_fetch(fetcher, &how, batch, &err), 1024);
	same_int(err, 0);
	same_size(atomic_load(&fake.naccesses), 4);
	for (unsigned i = 0; i < 1024; i++)
		same_size(batch->bat_entries[i].ent_req.dreq_len, i);
	for (unsigned at = 0; at < 1024; at += 37) {
		fake.nbad = 0;
		fake_add_bad(&fake, &iov[8 * at + 2], 1, true, true);
		same_size(dmover_fetch(fetcher, &how, batch, &err), at);
		same_int(err, -EFAULT);
		fake_add_bad(&fake, &inputs[4 * (at / 2)], 1, true, true);
		same_size(dmover_fetch(fetcher, &how, batch, &err), at / 2);
	}
	free(records);
	free(iov);
	free(inputs);
}
END_TEST

START_TEST(the_sum_of_all_bytes_does_not_wrap_around)
{
	int err;

	for (unsigned i = 0; i < RECORDS; i++)
		crowd->out[i][0].iov_len = crowd->in[i][0][0].iov_len = crowd->in[i][1][0].iov_len =
		    SSIZE_MAX - 6;
	same_size(fetch("xor2", RECORDS, &err), RECORDS);
	same_int(err, 0);
	same_size(batch->bat_bytes >= SIZE_MAX / 2, 1);
}
END_TEST

/* What a 32-bit caller has: the second word of each pair is a count or a length. */
struct narrow {
	uint32_t current[2][6]; /* out, count, immediate, inbuf, id */
	uint32_t manual[2][5];
	uint32_t inputs[2][2];
	uint32_t out[2][4], in[2][4]; /* two vectors each */
};

START_TEST(records_of_32_bit_callers_are_fetched)
{
	struct narrow *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct dmover_fetch how = {
		.func = dmover_function_find("copy"), .space = &fake.space, .nrecords = 2
	};
	int err;

	ck_assert(low != MAP_FAILED);
#define LOW(p) ((uint32_t)(uintptr_t)(p))
	for (uint32_t i = 0; i < 2; i++) {
		memcpy(low->current[i],
		    (uint32_t[]){ LOW(low->out[i]), 2, 1, 2, LOW(low->inputs[i]), 30 + i }, 24);
		memcpy(low->manual[i],
		    (uint32_t[]){ LOW(low->out[i]), 2, LOW(low->inputs[i]), 0, 30 + i }, 20);
		memcpy(low->inputs[i], (uint32_t[]){ LOW(low->in[i]), 2 }, 8);
		memcpy(low->out[i], (uint32_t[]){ 0xf0000000, 5, 0x1000, i }, 16);
		memcpy(low->in[i], (uint32_t[]){ 0x2000, i, 0xfffff000, 5 }, 16);
	}
	for (int is_manual = 0; is_manual < 2; is_manual++) {
		how.layout = dmover_layout_guess(is_manual ? 20 : 24, true);
		how.records = is_manual ? (uint8_t *)low->manual : (uint8_t *)low->current;
		same_size(dmover_fetch(fetcher, &how, batch, &err), 2);
		same_int(err, 0);
		for (unsigned i = 0; i < 2; i++) {
			const struct dmover_entry *entry = &batch->bat_entries[i];

			same_size(entry->ent_id, 30 + i);
			same_size(entry->ent_req.dreq_len, 5 + i);
			same_size((uintptr_t)entry->ent_req.dreq_out.buf_uio.uio_iov[0].iov_base,
			    0xf0000000);
			same_size((uintptr_t)entry->ent_req.dreq_in[0].buf_uio.uio_iov[1].iov_base,
			    0xfffff000);
		}
	}
	munmap(low, sizeof(*low));
}
END_TEST

TCase *
unit_fetch(void)
{
	TCase *tc = unit_case("fetch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_records_are_fetched_by_two_accesses);
	tcase_add_test(tc, a_fetcher_is_used_again_for_more_and_for_fewer);
	tcase_add_test(tc, functions_without_inputs_need_one_access);
	tcase_add_test(tc, a_fault_at_any_byte_ends_the_batch_at_its_record);
	tcase_add_test(tc, of_several_faults_the_first_record_counts);
	tcase_add_test(tc, what_a_record_says_wrong_ends_the_batch_there);
	tcase_add_test(tc, the_error_of_the_space_is_told);
	tcase_add_test(tc, a_batch_is_full_before_it_holds_too_many_vectors);
	tcase_add_test(tc, vectors_that_do_not_touch_are_fetched_in_more_accesses);
	tcase_add_test(tc, the_sum_of_all_bytes_does_not_wrap_around);
	tcase_add_test(tc, records_of_32_bit_callers_are_fetched);
	return tc;
}
