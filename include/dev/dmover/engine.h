/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h: all that the author of an engine reads.  (dmover(9) calls an engine a "back-end".)
 *
 * An engine turns input bytes into output bytes.  It sees requests, never sessions or callers.
 * engines/null is the shortest one; docs/write-an-engine.md explains it line by line.
 * The table of all engines is engines/table.c: the first is the CPU's oracle and is never absent.
 */
#ifndef DEV_DMOVER_ENGINE_H
#define DEV_DMOVER_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

/* Takes buffers of type UIO, besides LINEAR ones, and moves the bytes itself, with copies of the
 * uios: what it fails is done again from them.  Without it all buffers are LINEAR. */
#define DMOVER_ENGINE_UIO 0x01u
/* The output buffer may be the very same memory as input 0 (it never overlaps otherwise). */
#define DMOVER_ENGINE_INPLACE 0x02u
/* Never chosen unless the user names it. */
#define DMOVER_ENGINE_NAMED 0x04u
/* Takes UIO buffers only where each is in a space that has a file (spo_file); has UIO too. */
#define DMOVER_ENGINE_FILE 0x10u
/* Works on the processors that the daemon's workers use: two such engines at once are no faster. */
#define DMOVER_ENGINE_ON_CPU 0x20u
/* Completes without moving a byte: outputs and results stay as they were. */
#define DMOVER_ENGINE_NO_DATA 0x08u

struct dmover_engine {
	const char *eng_name;  /* what --engine=NAME says */
	const char *eng_about; /* half a line for --list-engines */
	uint32_t eng_kinds;    /* DMOVER_F() of each kind that it can do */
	uint32_t eng_flags;    /* DMOVER_ENGINE_* */

	/*
	 * Required.  Start-up thread.  0 when it works on this machine, else -errno with a reason
	 * for people in WHY (at most LEN bytes with the NUL); the engine is then left out.
	 */
	int (*eng_probe)(char *why, size_t len);

	/*
	 * Optional.  Start-up thread, after a good probe.  ARGS is what follows "NAME:" in
	 * --engine=NAME:ARGS, or NULL.  *ret_state is handed to the members below.  -EINVAL: ARGS
	 * make no sense (WHY as above).
	 */
	int (*eng_open)(const char *args, void **ret_state, char *why, size_t len);

	/*
	 * Optional; any thread, often.  Those of eng_kinds for which it wants to be chosen now:
	 * without hardware for the others, say, or while that is out of order.  NULL: all.
	 */
	uint32_t (*eng_offers)(const void *state);

	/* Optional; any thread.  What it has opened, for people, in half a line: "wq0.1 write". */
	void (*eng_describe)(const void *state, char *text, size_t len);

	/*
	 * Required.  Any thread, several at once; must not block for long.
	 *   0        taken: the engine owns DREQ until dmover_done(), which it may call at once,
	 *            from this very call.
	 *   -EAGAIN  full: the caller still owns DREQ and asks again later, or elsewhere.
	 *   other    not mine: the caller still owns DREQ, which is done once more on the CPU.
	 * DREQ has a kind of eng_kinds and a length above 0; lengths and buffer types are checked.
	 */
	int (*eng_submit)(void *state, struct dmover_request *dreq);

	/* Optional.  Stop, no request is inside; frees what eng_open made.  NULL is allowed. */
	void (*eng_close)(void *state);
};

/* The table, ended by NULL (engines/table.c). */
extern const struct dmover_engine *const dmover_engines[];

#endif /* DEV_DMOVER_ENGINE_H */
