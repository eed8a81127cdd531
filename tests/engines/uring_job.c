/* SPDX-License-Identifier: BSD-2-Clause */
/* uring_job.c: requests whose buffers lie in a site, and what the oracle says about them. */
#include "uring_site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Bytes behind a buffer that are compared, too: the gaps between its vectors and some more. */
#define SLACK ((size_t)JOB_PIECES * 48 + 256)

void
rider_open(struct rider *rider)
{
	char why[128] = "";
	int err;

	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (strcmp(dmover_engines[i]->eng_name, "uring") == 0)
			rider->engine = dmover_engines[i];
	err = rider->engine->eng_open(/* args= */ NULL, &rider->state, why, sizeof(why));
	ck_assert_msg(err == 0, "open: %s (%s)", strerror(-err), why);
}

void
rider_close(struct rider *rider)
{
	rider->engine->eng_close(rider->state);
}

static void
job_done(struct dmover_request *dreq)
{
	struct job *job = dreq->dreq_arg;

	if (job->hook != NULL)
		job->hook(job);
	job->ends++;
	sem_post(&job->ended);
}

void
job_init(struct job *job, const char *func, size_t len)
{
	*job = (struct job){ .dreq = { .dreq_len = len, .dreq_done = job_done } };
	job->dreq.dreq_func = func != NULL ? dmover_function_find(func) : NULL;
	job->dreq.dreq_in = job->in;
	job->dreq.dreq_arg = job;
	memcpy(job->dreq.dreq_immediate, "\x5a\x01\x80\xfe", 4);
	sem_init(&job->ended, /* pshared= */ 0, 0);
}

void
job_fini(struct job *job)
{
	sem_destroy(&job->ended);
}

static struct dmover_buffer *
buffer_of(struct job *job, unsigned which)
{
	return which == SITE_OUT ? &job->dreq.dreq_out : &job->in[which];
}

static void
set_uio(struct job *job, unsigned which, struct site *site, unsigned n)
{
	*buffer_of(job, which) = (struct dmover_buffer){
		.buf_type = DMOVER_BUF_UIO,
		.buf_uio = { .uio_iov = job->iov[which],
		    .uio_iovcnt = n,
		    .uio_resid = job->dreq.dreq_len,
		    .uio_rw = which == SITE_OUT ? DMOVER_UIO_READ : DMOVER_UIO_WRITE,
		    .uio_space = &site->space },
	};
}

void
job_place(struct job *job, unsigned which, struct site *site, void *addr)
{
	job->iov[which][0] = (struct iovec){ addr, job->dreq.dreq_len };
	set_uio(job, which, site, 1);
}

void
job_scatter(struct job *job, unsigned which, struct site *site, unsigned n, unsigned seed)
{
	uint8_t *at = site_region() + which * SITE_PLACE + seed % 61;
	size_t left = job->dreq.dreq_len;

	for (unsigned i = 0; i < n; i++) {
		/* Of every five one is empty, of every three one touches the one before. */
		size_t part = i % 5 == 3 ? 0 : left * (1 + (seed + i) % 3) / (n - i + 1);

		if (part > left || i == n - 1)
			part = left;
		job->iov[which][i] = (struct iovec){ at, part };
		at += part + (i % 3 == 0 ? 0 : (seed * 7 + i) % 48);
		left -= part;
	}
	set_uio(job, which, site, n);
}

void
job_scatter_all(struct job *job, struct site *site, unsigned n_in, unsigned n_out)
{
	const struct dmover_function *func = job->dreq.dreq_func;

	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		job_scatter(job, i, site, n_in, i + n_in);
	if (func->dfn_has_output)
		job_scatter(job, SITE_OUT, site, n_out, n_out);
}

void
job_linear(struct job *job, unsigned which, uint8_t *bytes)
{
	*buffer_of(job, which) =
	    (struct dmover_buffer){ .buf_type = DMOVER_BUF_LINEAR, .buf_linear = bytes };
}

int
job_submit(struct job *job, const struct rider *rider)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	int err = rider->engine->eng_submit(rider->state, &job->dreq);

	for (unsigned i = 0; err == -EAGAIN && i < SITE_DEADLINE_S * 10000u; i++) {
		nanosleep(&pause, NULL);
		err = rider->engine->eng_submit(rider->state, &job->dreq);
	}
	return err;
}

int
job_wait(struct job *job)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SITE_DEADLINE_S;
	while (sem_timedwait(&job->ended, &until) != 0)
		ck_assert_msg(errno == EINTR, "no end after %d s", SITE_DEADLINE_S);
	ck_assert_uint_eq(job->ends, 1);
	return job->dreq.dreq_error;
}

int
job_run(struct job *job, const struct rider *rider)
{
	int err = job_submit(job, rider);

	ck_assert_msg(err == 0, "submit: %s", strerror(-err));
	return job_wait(job);
}

/* Moves between FLAT and where the buffer's vectors would lie if its place began at PLACE. */
static void
walk(struct job *job, unsigned which, uint8_t *flat, uint8_t *place, bool is_gather)
{
	const struct dmover_buffer *buffer = buffer_of(job, which);
	const uint8_t *home = site_region() + which * SITE_PLACE;

	for (unsigned i = 0; i < buffer->buf_uio.uio_iovcnt; i++) {
		const struct iovec *iov = &job->iov[which][i];
		uint8_t *at = place + ((const uint8_t *)iov->iov_base - home);

		if (is_gather)
			memcpy(flat, at, iov->iov_len);
		else
			memcpy(at, flat, iov->iov_len);
		flat += iov->iov_len;
	}
}

/* The job as the oracle does it, on daemon memory; FLAT gets the output, RESULT the result. */
static void
ask_oracle(struct job *job, uint8_t *flat, uint8_t *result)
{
	const struct rider oracle = { .engine = dmover_engines[0] };
	const struct dmover_function *func = job->dreq.dreq_func;
	const size_t len = job->dreq.dreq_len;
	uint8_t *in = calloc(func->dfn_ninputs + 1, len);
	struct job *asked = calloc(1, sizeof(*asked));

	ck_assert(in != NULL && asked != NULL);
	job_init(asked, func->dfn_name, len);
	memcpy(asked->dreq.dreq_immediate, job->dreq.dreq_immediate, DMOVER_IMMEDIATE_LEN);
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		/* No input of a test is ever written: those here are those of the child. */
		walk(job, i, in + i * len, site_region() + i * SITE_PLACE, /* is_gather= */ true);
		job_linear(asked, i, in + i * len);
	}
	if (func->dfn_has_output)
		job_linear(asked, SITE_OUT, flat);
	ck_assert_int_eq(job_run(asked, &oracle), 0);
	memcpy(result, asked->dreq.dreq_result, DMOVER_IMMEDIATE_LEN);
	job_fini(asked);
	free(asked);
	free(in);
}

void
job_compare(struct job *job, const struct site *site, const struct rider *rider)
{
	const struct dmover_function *func = job->dreq.dreq_func;
	const size_t len = job->dreq.dreq_len, extent = len + SLACK;
	uint8_t *home = site_region() + SITE_OUT * SITE_PLACE;
	uint8_t *flat = malloc(len + 1), *want = malloc(extent), *got = malloc(extent);
	uint8_t result[DMOVER_IMMEDIATE_LEN];
	int err;

	ck_assert(flat != NULL && want != NULL && got != NULL);
	ask_oracle(job, flat, result);
	site_read(site, want, home, extent);
	if (func->dfn_has_output)
		walk(job, SITE_OUT, flat, want, /* is_gather= */ false);
	err = job_run(job, rider);
	ck_assert_msg(err == 0, "%s of %zu bytes: %s", func->dfn_name, len, strerror(-err));
	site_read(site, got, home, extent);
	if (site_break)
		*(func->dfn_has_output ? &got[len / 2] : &job->dreq.dreq_result[0]) ^= 1;
	ck_assert_msg(memcmp(got, want, extent) == 0, "%s of %zu bytes, %u vectors: wrong output",
	    func->dfn_name, len, job->dreq.dreq_out.buf_uio.uio_iovcnt);
	ck_assert_msg(memcmp(job->dreq.dreq_result, result, sizeof(result)) == 0,
	    "%s of %zu bytes: wrong result", func->dfn_name, len);
	free(flat);
	free(want);
	free(got);
}
