/* SPDX-License-Identifier: BSD-2-Clause */
/* pin.h: short work is measured on one processor. */
#ifndef TOOLS_BENCH_PIN_H
#define TOOLS_BENCH_PIN_H

#include <sched.h>

#include "tools/bench/rig.h"

/* Daemons and a bare FUSE file on one processor; zero it before use. */
struct bench_pin {
	struct bench_rig rig; /* options NULL: not started */
	cpu_set_t before;
};

/*
 * Binds this thread, and what it starts, to the processor of PIN's rig, which is returned to work
 * with.  A daemon that runs already (--path) is where it is: then nothing is bound, and RIG is returned.
 */
struct bench_rig *bench_pin_begin(struct bench_pin *pin, struct bench_rig *rig);
void bench_pin_end(struct bench_pin *pin, const struct bench_rig *rig);
void bench_pin_fini(struct bench_pin *pin);

#endif /* TOOLS_BENCH_PIN_H */
