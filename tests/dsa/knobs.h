/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knobs.h: what the model is asked to do wrong, to which descriptors, and how often.
 *
 * A list of rules, separated by commas; a rule is an opcode and then words, separated by colons:
 *
 *	copy:fault=4096:every=3,crc:never:every=100,any@wq0.1:late=2000:chance=10
 *
 * Opcodes: noop drain batch copy fill compare crc copycrc dualcast reduce any; @wqN.M: in this queue
 * alone.  Which descriptors: every=N (each Nth; 1), chance=N (one in N, at random), skip=N (not the
 * first N), count=N (N times at most).  What happens, one of:
 *
 *	fault=B       page fault at byte B of what is read (status 03, B bytes done)
 *	wfault=B      the same for what is written (83)
 *	bfault=B      MEMMOVE goes backwards, and faults with the last B bytes done (03, result 1)
 *	status=S      this status; nothing is done
 *	never         no record is written, all else is done
 *	late=US       executed so many microseconds later
 *	reorder       executed after the next one of its queue, if that comes within a millisecond
 *	again=K       refused K times at its submission: EAGAIN, ZF=1; only where the queue is shared
 *	drop          accepted and lost
 *	member=K      BATCH: member K (from 0) ends with status 20, the batch with 05
 *	list=K        BATCH: page fault on the list after K members (06)
 *	halt          the device halts instead
 *
 * Members of a batch know fault, wfault, bfault, status and never alone.  All rules are looked at,
 * and different ones that hit the same descriptor add up.
 */
#ifndef TESTS_DSA_KNOBS_H
#define TESTS_DSA_KNOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KNOBS_MAX      32u
#define KNOBS_LATE_MAX 60000000u /* microseconds */
#define KNOBS_NONE     UINT32_MAX

enum knob_action {
	KNOB_FAULT,
	KNOB_WRITE_FAULT,
	KNOB_BACK_FAULT,
	KNOB_STATUS,
	KNOB_NEVER,
	KNOB_LATE,
	KNOB_REORDER,
	KNOB_AGAIN,
	KNOB_DROP,
	KNOB_MEMBER,
	KNOB_LIST,
	KNOB_HALT,
};

struct knob_rule {
	enum knob_action action;
	uint32_t value;
	int opcode; /* -1: any */
	int queue;  /* number in its device; -1: any */
	uint64_t every, chance, skip, most;
	uint64_t seen, hits; /* descriptors that match, and those that it befell */
};

struct knobs {
	unsigned nrules;
	uint64_t random; /* state */
	struct knob_rule rules[KNOBS_MAX];
};

/* What befalls one descriptor. */
struct knob_plan {
	uint32_t fault, write_fault, back_fault; /* byte, or KNOBS_NONE */
	uint32_t member, list;                   /* or KNOBS_NONE */
	uint32_t late_us, again;
	uint8_t status; /* 0: none */
	bool never, reorder, drop, halt;
};

/*
 * Parses TEXT for device NUMBER; NULL or "" asks for nothing.  -EINVAL: it makes no sense, and WHY (LEN
 * bytes with the NUL) says what.
 */
int knobs_parse(const char *text, unsigned number, struct knobs *ret_knobs, char *why, size_t len);

/* What befalls the next descriptor of this opcode in this queue; counts it.  The caller has the lock. */
struct knob_plan knobs_next(struct knobs *knobs, unsigned queue, unsigned opcode, bool is_member);

/* A plan in which nothing goes wrong. */
struct knob_plan knobs_no_plan(void);

#endif /* TESTS_DSA_KNOBS_H */
