/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guess.h: fetches the descriptors of a small write together with its records.
 *
 * A record names vectors, which name more; each step is an access to the program's memory, and an
 * access costs about a microsecond however short it is.  Most programs use the same few places for
 * one request after the other: so what the last write named is fetched with the records of this
 * one, and used where this one names it as well.  All of it is still fetched once.
 */
#ifndef PRELOAD_GUESS_H
#define PRELOAD_GUESS_H

#include <stdint.h>

#include <dev/dmover/dmover.h>

/* Longest write that is worth it, in bytes. */
#define GUESS_WRITE 160
/* Pieces, and bytes of all of them. */
#define GUESS_PIECES 8
#define GUESS_BYTES  512

struct preload_piece {
	uintptr_t addr;
	size_t len;
};

/* Zeroed before the first use.  Of one thread at a time. */
struct preload_guess {
	struct dmover_space space; /* first; to fetch through, until the next get */
	struct preload_piece pieces[GUESS_PIECES];
	unsigned npieces; /* of the last write */
	unsigned ngot;    /* of them whose bytes are at hand */
	size_t bytes;     /* of the pieces */
	uint8_t data[GUESS_BYTES];
};

/*
 * Copies LEN bytes of records from the program's vector into LOCAL, and the pieces with them: 0 or
 * -EFAULT.
 */
int preload_guess_get(
    struct preload_guess *guess, uint8_t *local, const struct iovec *records, size_t len);

#endif /* PRELOAD_GUESS_H */
