/* SPDX-License-Identifier: BSD-2-Clause */
/* tail.h: the engine of the CPU, which finishes what no device does. */
#ifndef ENGINES_IDXD_TAIL_H
#define ENGINES_IDXD_TAIL_H

#include <dev/dmover/engine.h>

struct idxd_tail {
	const struct dmover_engine *engine;
	void *state;
};

/* Start-up thread.  The best one of the table that works here.  -errno with a reason in WHY. */
int idxd_tail_open(struct idxd_tail *tail, char *why, size_t len);
void idxd_tail_close(struct idxd_tail *tail);

/*
 * Any thread.  Does the bytes of DREQ from DONE on, before it returns; CRC is the finished sum of
 * those before.  Sets dreq_error and dreq_result; completing DREQ is left to the caller.
 */
void idxd_tail_run(
    const struct idxd_tail *tail, struct dmover_request *dreq, size_t done, uint32_t crc);

/* The sum in an immediate or a result, and back. */
uint32_t idxd_load_sum(const uint8_t *bytes);
void idxd_store_sum(uint8_t *bytes, uint32_t sum);

#endif /* ENGINES_IDXD_TAIL_H */
