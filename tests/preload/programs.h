/* SPDX-License-Identifier: BSD-2-Clause */
/* programs.h: what the programs of these tests share; each returns its exit status, or exits. */
#ifndef TESTS_PRELOAD_PROGRAMS_H
#define TESTS_PRELOAD_PROGRAMS_H

#include "common.h"

/* Bytes that are posted to the workers, and not moved in the call itself. */
#define LARGE ((size_t)3 << 20)

/* How many processes "fork" makes at once; a second argument says another number. */
extern unsigned children;

/* Threads of this process, now. */
unsigned threads_of_self(void);

int run_fork(void);
int run_clone(void);
int run_once(void);

#endif /* TESTS_PRELOAD_PROGRAMS_H */
