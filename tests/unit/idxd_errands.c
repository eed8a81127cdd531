/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_errands.c: requests for the idxd engine, and what came of them. */
#include "idxd_errands.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#include "engines/table.h"
#include "fake.h"
#include "unit.h"

#define WAIT_SECONDS 60

static void
errand_done(struct dmover_request *dreq)
{
	struct errand *errand = dreq->dreq_arg;

	errand->nends++;
	errand->place = atomic_fetch_add(&errand->errands->nended, 1);
	errand->nclosed = atomic_load(&idxd_fake.nclosed);
	sem_post(&errand->errands->ended);
}

void
errand_init(struct errands *errands, unsigned i, const char *func)
{
	struct errand *errand = &errands->each[i];

	memset(errand, 0, sizeof(*errand));
	errand->errands = errands;
	errand->dreq.dreq_func = dmover_function_find(func);
	errand->dreq.dreq_len = ERRAND_LEN;
	errand->dreq.dreq_in = errand->in;
	errand->dreq.dreq_done = errand_done;
	errand->dreq.dreq_arg = errand;
	errand->dreq.dreq_error = -1;
	for (unsigned k = 0; k < errand->dreq.dreq_func->dfn_ninputs; k++) {
		errand->in[k].buf_type = DMOVER_BUF_LINEAR;
		errand->in[k].buf_linear = errand->from;
	}
	if (errand->dreq.dreq_func->dfn_has_output) {
		errand->dreq.dreq_out.buf_type = DMOVER_BUF_LINEAR;
		errand->dreq.dreq_out.buf_linear = errand->to;
	}
	for (unsigned b = 0; b < ERRAND_LEN; b++)
		errand->from[b] = (uint8_t)(b * 7 + i);
}

void
errands_open(struct errands *errands, const char *args)
{
	char why[128];
	int err = idxd_open_by(&idxd_fake_door, args, &errands->engine, why, sizeof(why));

	ck_assert_msg(err == 0, "%s", why);
	sem_init(&errands->ended, 0, 0);
	atomic_init(&errands->nended, 0);
}

void
errands_close(struct errands *errands)
{
	idxd_engine.eng_close(errands->engine);
	ck_assert_uint_eq(atomic_load(&idxd_fake.nopen), atomic_load(&idxd_fake.nclosed));
	sem_destroy(&errands->ended);
	idxd_fake_fini();
}

int
errands_submit(struct errands *errands, unsigned i, const char *func)
{
	errand_init(errands, i, func);
	return idxd_engine.eng_submit(errands->engine, &errands->each[i].dreq);
}

void
errands_submit_all(struct errands *errands, unsigned n, const char *func)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(errands_submit(errands, i, func), 0);
}

void
errands_submit_together(struct errands *errands, unsigned n, const char *func)
{
	atomic_store(&idxd_fake.is_gated, true);
	ck_assert_int_eq(errands_submit(errands, 0, func), 0);
	unit_take(&idxd_fake.entered);
	for (unsigned i = 1; i < n; i++)
		ck_assert_int_eq(errands_submit(errands, i, func), 0);
	sem_post(&idxd_fake.go);
}

void
errands_check(struct errands *errands, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		unit_take(&errands->ended);
	for (unsigned i = 0; i < n; i++) {
		const struct errand *errand = &errands->each[i];
		const uint32_t crc = model_crc(0, errand->from, ERRAND_LEN);
		const uint8_t sum[4] = { (uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
			(uint8_t)(crc >> 24) };

		same_int(errand->nends, 1);
		same_int(errand->dreq.dreq_error, 0);
		if (errand->dreq.dreq_func->dfn_has_output)
			same_bytes(errand->to, errand->from, ERRAND_LEN);
		else
			same_bytes(errand->dreq.dreq_result, sum, sizeof(sum));
	}
}

void
errands_await_return(struct errands *errands)
{
	const time_t until = time(NULL) + WAIT_SECONDS;

	for (unsigned i = 0; i < 2; i++)
		unit_take(&idxd_fake.opened);
	while (idxd_live_kinds(errands->engine) == 0) {
		ck_assert_msg(time(NULL) < until, "it does not come back");
		sched_yield();
	}
}
