/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.c: engines that are told by the test what to answer. */
#include "engine.h"

#include <pthread.h>

struct fake_engine fake_linear, fake_uio = { .takes_uio = true };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of kept */

void
fake_engine_reset(void)
{
	fake_linear = (struct fake_engine){ 0 };
	fake_uio = (struct fake_engine){ .takes_uio = true };
}

static bool
buffers_are_right(const struct fake_engine *fake, const struct dmover_request *dreq)
{
	enum dmover_buffer_type type = fake->takes_uio ? DMOVER_BUF_UIO : DMOVER_BUF_LINEAR;

	for (unsigned i = 0; i < dreq->dreq_func->dfn_ninputs; i++)
		if (dreq->dreq_in[i].buf_type != type)
			return false;
	return dreq->dreq_out.buf_type ==
	       (dreq->dreq_func->dfn_has_output ? type : DMOVER_BUF_NONE);
}

static int
fake_probe(char *why, size_t len)
{
	(void)why, (void)len;
	return 0;
}

static int
fake_submit(struct fake_engine *fake, struct dmover_request *dreq)
{
	atomic_fetch_add(&fake->nsubmits, 1);
	if (!buffers_are_right(fake, dreq))
		atomic_fetch_add(&fake->nwrong, 1);
	if (fake->answer != 0)
		return fake->answer;
	if (fake->keeps) {
		pthread_mutex_lock(&lock);
		fake->kept[atomic_fetch_add(&fake->nkept, 1)] = dreq;
		pthread_mutex_unlock(&lock);
		return 0;
	}
	dreq->dreq_error = fake->error;
	dmover_done(dreq);
	return 0;
}

static int
linear_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return fake_submit(&fake_linear, dreq);
}

static int
uio_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return fake_submit(&fake_uio, dreq);
}

const struct dmover_engine fake_linear_engine = {
	.eng_name = "fake-linear",
	.eng_about = "as the test says",
	.eng_kinds = DMOVER_F_ALL,
	.eng_probe = fake_probe,
	.eng_submit = linear_submit,
};

const struct dmover_engine fake_uio_engine = {
	.eng_name = "fake-uio",
	.eng_about = "as the test says",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_UIO,
	.eng_probe = fake_probe,
	.eng_submit = uio_submit,
};

unsigned
fake_engine_release(struct fake_engine *fake)
{
	struct dmover_request *kept[64];
	unsigned n;

	pthread_mutex_lock(&lock);
	n = atomic_exchange(&fake->nkept, 0);
	for (unsigned i = 0; i < n; i++)
		kept[i] = fake->kept[i];
	pthread_mutex_unlock(&lock);
	for (unsigned i = n; i-- > 0;) {
		kept[i]->dreq_error = fake->error;
		dmover_done(kept[i]);
	}
	return n;
}
