/* SPDX-License-Identifier: BSD-2-Clause */
/* unit.h: what the unit tests share -- comparisons that can be broken, waiting, their makers. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* 1 with --break: every comparison then expects something else than what is right. */
extern unsigned unit_break;

/* Comparisons.  Each test makes at least one, so that --break turns each of them red. */
#define same_int(a, b)      ck_assert_int_eq((a), (intmax_t)((uintmax_t)(b) + unit_break))
#define same_size(a, b)     ck_assert_uint_eq((a), (uintmax_t)(b) + unit_break)
#define same_bytes(a, b, n) ck_assert_msg(unit_same(a, b, n), "%s is not %s", #a, #b)
#define same_text(a, b)                                                                            \
	ck_assert_msg((strcmp(a, b) == 0) != (unit_break == 1), "\"%s\" is not \"%s\"", a, b)
#define holds(x) ck_assert((x) != (unit_break == 1))

bool unit_same(const void *a, const void *b, size_t n);

/* Waits for the semaphore; a minute without it fails the test. */
void unit_take(sem_t *sem);
/* True when it can be taken at once. */
bool unit_try(sem_t *sem);

/* Waits until the kernel has forgotten a thread of this process, which may be after its join. */
void unit_wait_gone(pid_t tid);

/* A repeatable number below LIMIT; the sequence is the seed's. */
unsigned unit_random(uint32_t *seed, unsigned limit);

/*
 * A new case with a time limit.  Its tests leave no state behind: with CK_FORK=no, as under Valgrind,
 * all of them share one process.
 */
TCase *unit_case(const char *name);

/* Becomes nobody, if it is the superuser.  False: process 1 would not be somebody else's then. */
bool unit_drop_privileges(void);
void unit_regain_privileges(void);

/* One for each source file. */
TCase *unit_account(void);
TCase *unit_arena(void);
TCase *unit_backoff(void);
TCase *unit_batch(void);
TCase *unit_calibrate(void);
TCase *unit_calibration(void);
TCase *unit_chunk(void);
TCase *unit_core(void);
TCase *unit_cost(void);
TCase *unit_crc32c(void);
TCase *unit_dispatch(void);
TCase *unit_function(void);
TCase *unit_group(void);
TCase *unit_held(void);
TCase *unit_idle(void);
TCase *unit_lanes(void);
TCase *unit_listing(void);
TCase *unit_pool(void);
TCase *unit_queues(void);
TCase *unit_queues_hostile(void);
TCase *unit_run(void);
TCase *unit_session(void);
TCase *unit_space(void);
TCase *unit_stage(void);
TCase *unit_stats(void);
TCase *unit_turns(void);
TCase *unit_uio(void);
TCase *unit_waiters(void);
TCase *unit_watch(void);
TCase *unit_wire(void);
TCase *unit_device(void);
TCase *unit_fetch(void);
TCase *unit_handle(void);
TCase *unit_idxd_args(void);
TCase *unit_idxd_desc(void);
TCase *unit_idxd_keeper(void);
TCase *unit_idxd_mover(void);
TCase *unit_idxd_resume(void);
TCase *unit_idxd_transfer(void);
TCase *unit_idxd_wq(void);
TCase *unit_inside(void);
TCase *unit_lend(void);
TCase *unit_log(void);
TCase *unit_maps(void);
TCase *unit_memory(void);
TCase *unit_notify(void);
TCase *unit_options(void);
TCase *unit_park(void);
TCase *unit_posted(void);
TCase *unit_posters(void);
TCase *unit_proc(void);
TCase *unit_ways(void);
TCase *unit_witness(void);
TCase *unit_write(void);
TCase *unit_guess(void);
TCase *unit_lookup(void);
TCase *unit_path(void);
TCase *unit_program(void);
TCase *unit_run_options(void);

#endif /* TESTS_UNIT_H */
