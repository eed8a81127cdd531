/* SPDX-License-Identifier: BSD-2-Clause */
/* child.h: a caller in a process of its own, with memory of every protection. */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#define CHILD_PAGE 4096

/* Pages of ->memory, in order; behind them there is nothing. */
enum child_page { PAGE_RW, PAGE_RW_TOO, PAGE_READ, PAGE_NONE, PAGE_LAST, NPAGES };

struct child {
	pid_t pid;
	uint8_t *memory; /* at the same address here and there; the contents part ways */
	int to, from;    /* pipes */
};

/* A process with the memory filled: byte I of a page is (uint8_t)(page * 16 + i). */
void child_start(struct child *child);
/* Runs another program in it, which sleeps; returns once the old memory is gone. */
void child_exec(struct child *child);
/* The same, by a thread that is not its first. */
void child_exec_in_thread(struct child *child);
/* Makes it touch a page that it did not have; then it sleeps, and touches nothing. */
void child_fault(struct child *child);
/* Makes it touch one page after the other, until the next command. */
void child_fault_on(struct child *child);
/* Ends it, and waits until it is gone. */
void child_exit(struct child *child);

/* The byte that child_start() put there. */
uint8_t child_byte(size_t at);
/* Reads the child's memory by another road than the one under test. */
void child_peek(const struct child *child, size_t at, void *buf, size_t len);

#endif /* TESTS_UNIT_CHILD_H */
