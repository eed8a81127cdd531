/* SPDX-License-Identifier: BSD-2-Clause */
/* execute.h: what the device does with a descriptor once it has it. */
#ifndef TESTS_DSA_EXECUTE_H
#define TESTS_DSA_EXECUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/dsa/knobs.h"
#include "tests/dsa/model.h"

#define EXECUTE_BLOCK 65536u /* bytes that are moved at once */

/* What became of the record. */
enum record_fate {
	RECORD_NOT_DUE, /* nobody asked for one */
	RECORD_READY,   /* execute_finish() is to be called */
	RECORD_LOST,    /* due, but it cannot be written, or may not by a knob */
};

/* One descriptor; the first part is the caller's to fill in. */
struct execution {
	const struct dsa_model_options *device;
	const struct dsa_queue_options *queue;
	struct dsa_memory memory;
	struct dsa_desc desc;
	struct knob_plan plan;
	bool is_member;
	uint8_t *blocks[2]; /* EXECUTE_BLOCK bytes each */

	/* Members of a batch: what befalls the next one.  Not NULL for a batch. */
	struct knob_plan (*plan_member)(void *cookie, unsigned opcode);
	/* Called once for each member, before the status of its record is written. */
	void (*member_done)(void *cookie, const struct execution *member, enum record_fate fate);
	void *cookie;

	/* What came of it. */
	struct dsa_record record;
	uint64_t bytes;    /* moved, filled, compared, summed */
	unsigned injected; /* times that a knob changed something */
	bool has_failed;
};

/* Does what the descriptor says, and fills in the record.  The device's thread. */
void execute_desc(struct execution *e);

/* Writes all of the record but its status. */
enum record_fate execute_begin_record(struct execution *e);

/* Writes the status: from now on the submitter may take its memory back.  False: it vanished meanwhile. */
bool execute_finish_record(const struct execution *e);

/* For batch.c: all members, in turn. */
void execute_batch(struct execution *e);

/* For execute.c and batch.c: ends the execution with this status. */
void execute_fail(struct execution *e, uint8_t status, uint32_t completed, uint64_t addr);

#endif /* TESTS_DSA_EXECUTE_H */
