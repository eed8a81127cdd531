/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.h: engines that are told by the test what to answer, and that keep account of it. */
#ifndef TESTS_UNIT_ENGINE_H
#define TESTS_UNIT_ENGINE_H

#include <dev/dmover/engine.h>

/* How a fake engine behaves, and what it saw. */
struct fake_engine {
	int answer;     /* of submit */
	int error;      /* of the request, when it was taken */
	bool keeps;     /* the request is completed by fake_engine_release() */
	bool takes_uio; /* what its flags say */
	atomic_uint nsubmits;
	atomic_uint nwrong; /* requests with buffers of a type that it does not take */
	atomic_uint nkept;
	struct dmover_request *kept[64];
};

extern struct fake_engine fake_linear, fake_uio;
/* As at the start. */
void fake_engine_reset(void);

extern const struct dmover_engine fake_linear_engine, fake_uio_engine;

/* Completes all that were kept so far, the last one first; returns their number. */
unsigned fake_engine_release(struct fake_engine *fake);

#endif /* TESTS_UNIT_ENGINE_H */
