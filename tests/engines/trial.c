/* SPDX-License-Identifier: BSD-2-Clause */
/* trial.c: a batch, its way through the middle layer, and the comparison at its end. */
#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEED 20020801u /* of the caller's bytes */

void
trial_start(struct trial *trial, const char *engine, size_t size)
{
	memset(trial, 0, sizeof(*trial));
	trial->engine = engine;
	/* Before there are threads: it forks. */
	caller_start(&trial->caller, size, SEED);
	road_start(&trial->road, engine);
}

void
trial_stop(struct trial *trial)
{
	road_stop(&trial->road);
	/* No engine, and no posted batch, has kept the caller's memory. */
	ck_assert_uint_eq(atomic_load(&trial->caller.space->spc_refs), 1);
	caller_stop(&trial->caller);
}

void
trial_plan(struct trial *trial, const struct plan *plans, unsigned n)
{
	ck_assert_uint_le(n, TRIAL_MAX);
	trial->plans = plans;
	trial->n = n;
	trial->caller.used = 0;
	trial->map = plan_build(&trial->caller, plans, n);
	outcome_init(&trial->outcome, &trial->caller, trial->map);
}

void
trial_unplan(struct trial *trial)
{
	outcome_fini(&trial->outcome);
	dmover_batch_free(trial->map);
	trial->map = NULL;
}

/* --break: one bit of each answer, or the error. */
static void
spoil(struct trial *trial)
{
	for (unsigned e = 0; e < trial->n; e++) {
		const struct plan *plan = &trial->plans[e];
		struct dmover_response *response = &trial->responses[e];

		if (response->rsp_error != 0)
			response->rsp_error = 0;
		else if (plan->len == 0)
			response->rsp_error = -EIO;
		else if (plan->func->dfn_has_output)
			trial->caller.after[plan_offset(&trial->caller, trial->map, e,
			    plan->func->dfn_ninputs, plan->len / 2)] ^= 0x10;
		else
			response->rsp_result[0] ^= 0x10;
	}
}

void
trial_run(struct trial *trial, enum road_way way, const struct bad_pages *bad)
{
	struct caller *caller = &trial->caller;
	struct dmover_batch *batch;

	trial->way = way;
	caller->used = 0;
	batch = plan_build(caller, trial->plans, trial->n);
	caller_put(caller);
	if (bad != NULL)
		caller_protect(caller, bad->at, bad->len, bad->access);
	road_enter(&trial->road, way, batch);
	road_leave(&trial->road, trial->responses, trial->n);
	if (bad != NULL)
		caller_protect(caller, bad->at, bad->len, CALLER_ALL);
	caller_get(caller);
	if (rig_break)
		spoil(trial);
}

#define WHERE_FORMAT "--engine=%s, %s, request %u of %u: %s of %zu bytes in %u and %u pieces"
#define WHERE(trial, e)                                                                            \
	(trial)->engine, road_ways[(trial)->way], (e), (trial)->n,                                 \
	    (trial)->plans[e].func->dfn_name, (trial)->plans[e].len, (trial)->plans[e].in_pieces,  \
	    (trial)->plans[e].out_pieces

/* The first byte of a piece, LEN bytes at OFFSET, that is wrong, or LEN. */
static size_t
first_wrong_of(const struct trial *trial, size_t offset, size_t len, bool may_be_old)
{
	const uint8_t *is = trial->caller.after + offset;
	const uint8_t *want = trial->outcome.want + offset;
	const uint8_t *old = trial->caller.before + offset;
	size_t at = 0;

	while (at < len) {
		const size_t part = len - at < CALLER_PAGE ? len - at : CALLER_PAGE;

		/* Whole pages are the one or the other as a rule. */
		if (memcmp(is + at, want + at, part) == 0 ||
		    (may_be_old && memcmp(is + at, old + at, part) == 0)) {
			at += part;
			continue;
		}
		for (size_t i = 0; i < part; i++, at++)
			if (is[at] != want[at] && !(may_be_old && is[at] == old[at]))
				return at;
	}
	return len;
}

/* The first byte of request E's output that is wrong, or the length: all are right. */
static size_t
first_wrong(const struct trial *trial, unsigned e)
{
	const struct dmover_uio *uio = &trial->map->bat_entries[e].ent_req.dreq_out.buf_uio;
	size_t at = 0;

	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		const struct iovec *iov = &uio->uio_iov[i];
		const size_t wrong =
		    first_wrong_of(trial, (size_t)((uint8_t *)iov->iov_base - trial->caller.base),
			iov->iov_len, trial->plans[e].error != 0);

		at += wrong;
		if (wrong < iov->iov_len)
			return at;
	}
	return at;
}

static void
check_response(struct trial *trial, unsigned e)
{
	static const uint8_t nothing[DMOVER_IMMEDIATE_LEN];
	const struct dmover_response *response = &trial->responses[e];
	const struct plan *plan = &trial->plans[e];
	const uint8_t *result = plan->error == 0 ? trial->outcome.results[e] : nothing;

	rig_demand(response->rsp_error == plan->error, WHERE_FORMAT ": error %d, expected %d",
	    WHERE(trial, e), response->rsp_error, plan->error);
	rig_demand(memcmp(response->rsp_result, result, DMOVER_IMMEDIATE_LEN) == 0,
	    WHERE_FORMAT ": wrong result", WHERE(trial, e));
}

static void
check_output(struct trial *trial, unsigned e)
{
	size_t at;

	if (!trial->plans[e].func->dfn_has_output)
		return;
	at = first_wrong(trial, e);
	rig_demand(at == trial->plans[e].len, WHERE_FORMAT ": byte %zu of its output is wrong",
	    WHERE(trial, e), at);
}

/* The outputs of failed requests were checked: only what lies around them is still looked at. */
static void
forgive(struct trial *trial)
{
	for (unsigned e = 0; e < trial->n; e++) {
		const struct dmover_uio *uio = &trial->map->bat_entries[e].ent_req.dreq_out.buf_uio;

		if (trial->plans[e].error == 0 || !trial->plans[e].func->dfn_has_output)
			continue;
		for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
			const size_t offset =
			    (size_t)((uint8_t *)uio->uio_iov[i].iov_base - trial->caller.base);

			memcpy(trial->caller.after + offset, trial->outcome.want + offset,
			    uio->uio_iov[i].iov_len);
		}
	}
}

void
trial_check_bytes(struct trial *trial)
{
	const size_t extent = caller_extent(&trial->caller);
	size_t at = 0;

	for (unsigned e = 0; e < trial->n; e++)
		check_output(trial, e);
	forgive(trial);
	if (memcmp(trial->caller.after, trial->outcome.want, extent) == 0)
		return;
	while (trial->caller.after[at] == trial->outcome.want[at])
		at++;
	ck_abort_msg(WHERE_FORMAT ", the last: byte %zu of the caller's memory changed, "
				  "which is in no output",
	    WHERE(trial, trial->n - 1), at);
}

void
trial_check(struct trial *trial)
{
	for (unsigned e = 0; e < trial->n; e++)
		check_response(trial, e);
	trial_check_bytes(trial);
}

unsigned
trial_wrong_bits(const struct trial *trial, unsigned e)
{
	const struct dmover_uio *uio = &trial->map->bat_entries[e].ent_req.dreq_out.buf_uio;
	unsigned bits = 0;

	for (unsigned i = 0; i < DMOVER_IMMEDIATE_LEN; i++)
		bits += (unsigned)__builtin_popcount(
		    trial->responses[e].rsp_result[i] ^ trial->outcome.results[e][i]);
	if (!trial->plans[e].func->dfn_has_output)
		return bits;
	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		const size_t from =
		    (size_t)((uint8_t *)uio->uio_iov[i].iov_base - trial->caller.base);

		for (size_t at = from; at < from + uio->uio_iov[i].iov_len; at++)
			bits += (unsigned)__builtin_popcount(
			    trial->caller.after[at] ^ trial->outcome.want[at]);
	}
	return bits;
}

void
trial_each_way(struct trial *trial, const struct plan *plans, unsigned n)
{
	trial_plan(trial, plans, n);
	for (int way = 0; way < ROAD_NWAYS; way++) {
		if (way == ROAD_HELD && !road_may_hold(trial->map))
			continue;
		trial_run(trial, (enum road_way)way, /* bad= */ NULL);
		trial_check(trial);
	}
	trial_unplan(trial);
}

int
trial_main(int argc, char **argv, Suite *(*make_suite)(void))
{
	char folder[] = "/tmp/dmover-engines-XXXXXX", file[64], why[128];
	int status;

	if (!caller_is_possible(why, sizeof(why))) {
		printf("skip: %s\n", why);
		return 77;
	}
	/* Measured once: every test opens a core of its own. */
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		return EXIT_FAILURE;
	}
	snprintf(file, sizeof(file), "%s/calibration", folder);
	road_calibration = file;
	status = rig_main(argc, argv, make_suite);
	road_calibration = NULL;
	unlink(file);
	rmdir(folder);
	return status;
}
