/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trap.h: portals of work queues on any x86-64 processor, for tests.
 *
 * A portal is a page that nobody may touch.  MOVDIR64B and ENQCMD to it raise SIGSEGV, or SIGILL where
 * the processor has no such instruction; the handler takes the 64 bytes that the instruction would have
 * sent, gives them to the portal's sink, sets the flags as the instruction does, and steps over it.  The
 * program under test runs its own instructions and notices nothing.
 *
 * Known are "movdir64b (%rdx),%rax" and "enqcmd (%rdx),%rax", each of five bytes: what engines emit.  Any
 * other instruction that faults has the fate that it would have without this.
 */
#ifndef TESTS_DSA_TRAP_H
#define TESTS_DSA_TRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAP_PAGE        4096u
#define TRAP_PORTALS_MAX 64u /* at once */

/*
 * What stands behind a portal.  The functions are called in a handler of SIGSEGV or SIGILL, by the
 * thread whose own instruction has raised it, several threads at once: they may take locks that are
 * never held around such an instruction, but neither allocate nor call a function with a state of the
 * thread's own.  DESC is a copy of the 64 bytes.
 */
struct trap_sink {
	void (*movdir64b)(void *cookie, const void *desc);
	bool (*enqcmd)(void *cookie, const void *desc); /* false: retry (ZF=1) */
	void *cookie;
};

/* Submissions that were caught, since the start. */
struct trap_counts {
	uint64_t movdir64b;
	uint64_t enqcmd;
	uint64_t retries; /* of enqcmd */
	uint64_t slots;   /* bit n: the address 64 * n of some portal was used */
};

/*
 * Maps a portal, of TRAP_PAGE bytes; the first call installs the handlers, which stay.  SINK is copied.
 * Any thread.  -ENOTSUP: no x86-64; -ENOSPC: too many portals; -errno of mmap(2) or sigaction(2).
 */
int trap_portal_create(const struct trap_sink *sink, void **ret_portal);

/* Unmaps a portal that no thread uses any more.  False: PORTAL is none. */
bool trap_portal_destroy(void *portal);

/* Any thread. */
struct trap_counts trap_counts(void);

#endif /* TESTS_DSA_TRAP_H */
