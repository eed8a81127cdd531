/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.h: an opened engine, requests to give it, and memory that shows every stray access. */
#ifndef TESTS_ENGINES_RIG_H
#define TESTS_ENGINES_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <check.h>

#include <dev/dmover/engine.h>

/* Set by --break: one bit of each answer is flipped, so that every test must fail. */
extern bool rig_break;

/* Of everything random: --seed=N, or of the moment; it is printed. */
extern uint32_t rig_seed;

/*
 * "NAME:ARGS": the arguments with which that engine is opened where a test gives none, or NULL.  What
 * it can do may depend on them: it may refuse kinds of its row.
 */
extern const char *rig_args;

/* An engine that answers nothing for this long is broken.  Times rig_slowness(). */
#define RIG_DEADLINE_S 10

/* An assertion for the inside of loops: Check writes a record to a file for each of its own. */
#define rig_demand(is_good, ...)                                                                   \
	do {                                                                                       \
		if (!(is_good))                                                                    \
			ck_abort_msg(__VA_ARGS__);                                                 \
	} while (0)

/* How many times longer everything takes: 1, more with a sanitizer or under Valgrind. */
unsigned rig_slowness(void);

/* A repeatable number below LIMIT, which is above 0; the sequence is that of *SEED. */
uint32_t rig_random(uint32_t *seed, uint32_t limit);

struct rig {
	const struct dmover_engine *engine;
	void *state;
	bool is_uio;                /* requests get UIO buffers */
	struct dmover_space *space; /* that these are in: this process */
};

/* The arguments of rig_args, if they are ENGINE's; else NULL. */
const char *rig_args_of(const struct dmover_engine *engine);

/* Opens ENGINE, with rig_args where ARGS is NULL; the test fails when it cannot. */
void rig_open(struct rig *rig, const struct dmover_engine *engine, const char *args);
void rig_close(struct rig *rig);

/* True when ENGINE works on this machine, and opens; else WHY says why it does not. */
bool rig_probe(const struct dmover_engine *engine, char *why, size_t len);

/*
 * True when the open engine takes FUNC.  Each does, that has its kind, but one whose abilities its
 * arguments decide: it may refuse.
 */
bool rig_takes(const struct rig *rig, const struct dmover_function *func);

#define WORK_PIECES 3

/* One request, the place where its end is seen, and the uios that it may be dressed in. */
struct work {
	struct dmover_request dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	uint8_t *in_bytes[DMOVER_INPUTS_MAX];
	uint8_t *out_bytes;
	struct iovec iov[DMOVER_INPUTS_MAX + 1][WORK_PIECES];
	bool is_kept; /* from --break */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned ends;      /* (lock) completions seen */
	unsigned order;     /* (lock) which completion of the process this was, from 1 */
	pthread_t thread;   /* (lock) that completed it */
	struct timespec at; /* (lock) CLOCK_MONOTONIC */
};

/* Inputs and output are to be set before submission, in in_bytes and out_bytes. */
void work_init(struct work *work, const struct dmover_function *func, size_t len);
void work_fini(struct work *work);

/* One call of eng_submit. */
int work_try(struct work *work, const struct rig *rig);
/* Submits, asking again while the engine is full; its answer. */
int work_submit(struct work *work, const struct rig *rig);
/* False when the end does not come before the deadline. */
bool work_wait(struct work *work);
/* Submits and waits; the test fails when there is no end.  Returns dreq_error. */
int work_run(struct work *work, const struct rig *rig);

/* Memory between two pages that nobody may touch. */
struct guarded {
	uint8_t *bytes;
	size_t size;
};

/* SIZE is rounded up to whole pages. */
void guarded_create(struct guarded *guarded, size_t size);
void guarded_destroy(struct guarded *guarded);
/* Writes bytes that depend on SEED, and nothing may be written afterwards. */
void guarded_fill_and_seal(struct guarded *guarded, uint64_t seed);
/* Whether they are still there: a write through a file of proc(5) looks past the seal. */
bool guarded_is_intact(const struct guarded *guarded, uint64_t seed);

/* Runs the suite with the command line's options, --break and --seed=N; main's exit status. */
int rig_main(int argc, char **argv, Suite *(*make_suite)(void));

#endif /* TESTS_ENGINES_RIG_H */
