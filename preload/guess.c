/* SPDX-License-Identifier: BSD-2-Clause */
/* guess.c: a space that has at hand what the last write named. */
#include "preload/guess.h"

#include <errno.h>
#include <string.h>

#include "preload/announce.h"
#include "preload/space.h"

/* The bytes of a piece, or NULL: they are not at hand. */
static const uint8_t *
find(const struct preload_guess *guess, const struct iovec *remote)
{
	const uint8_t *at = guess->data;

	for (unsigned i = 0; i < guess->ngot; i++) {
		const struct preload_piece *piece = &guess->pieces[i];

		if (piece->addr == (uintptr_t)remote->iov_base && piece->len == remote->iov_len)
			return at;
		at += piece->len;
	}
	return NULL;
}

/* For the next write; what is known already stays where it is. */
static void
learn(struct preload_guess *guess, const struct iovec *remote, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (guess->npieces == GUESS_PIECES ||
		    guess->bytes + remote[i].iov_len > GUESS_BYTES) {
			/* Too much, or others now: begin anew. */
			guess->npieces = 0;
			guess->bytes = 0;
			guess->ngot = 0;
			return;
		}
		guess->pieces[guess->npieces++] =
		    (struct preload_piece){ (uintptr_t)remote[i].iov_base, remote[i].iov_len };
		guess->bytes += remote[i].iov_len;
	}
}

/* Both lists have the same pieces, as dmover_fetch() makes them. */
static ssize_t
guess_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	struct preload_guess *guess = (struct preload_guess *)space;
	const uint8_t *data;
	ssize_t done = 0, more;

	while (nremote > 0 && (data = find(guess, remote)) != NULL &&
	       local->iov_len == remote->iov_len) {
		memcpy(local->iov_base, data, local->iov_len);
		preload_announce_read(local, remote, 1, local->iov_len);
		done += (ssize_t)local->iov_len;
		local++, nlocal--;
		remote++, nremote--;
	}
	if (nremote == 0)
		return done;
	more = preload_space_own.spc_ops->spo_readv(
	    &preload_space_own, local, nlocal, remote, nremote);
	if (more < 0)
		return done > 0 ? done : more;
	learn(guess, remote, nremote);
	return done + more;
}

static ssize_t
guess_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	(void)space;
	return preload_space_own.spc_ops->spo_writev(
	    &preload_space_own, local, nlocal, remote, nremote);
}

static bool
guess_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	(void)space;
	return preload_space_own.spc_ops->spo_is_resident(&preload_space_own, addr, len);
}

static void
guess_destroy(struct dmover_space *space)
{
	(void)space;
}

static const struct dmover_space_ops guess_ops = {
	.spo_readv = guess_readv,
	.spo_writev = guess_writev,
	.spo_is_resident = guess_is_resident,
	.spo_destroy = guess_destroy,
};

int
preload_guess_get(
    struct preload_guess *guess, uint8_t *local, const struct iovec *records, size_t len)
{
	struct iovec to[2] = { { local, len }, { guess->data, guess->bytes } };
	struct iovec from[1 + GUESS_PIECES] = { { records->iov_base, len } };
	ssize_t n;

	guess->space = (struct dmover_space){ .spc_ops = &guess_ops, .spc_refs = 1 };
	for (unsigned i = 0; i < guess->npieces; i++)
		from[1 + i] = (struct iovec){ (void *)guess->pieces[i].addr, guess->pieces[i].len };
	/* What was guessed may be anything by now: only what is used is told of. */
	n = preload_space_look(to, guess->npieces > 0 ? 2 : 1, from, 1 + guess->npieces);
	guess->ngot = 0;
	if (n < (ssize_t)len)
		return -EFAULT;
	preload_announce_read(to, from, 1, len);
	n -= (ssize_t)len;
	while (guess->ngot < guess->npieces && n >= (ssize_t)guess->pieces[guess->ngot].len)
		n -= (ssize_t)guess->pieces[guess->ngot++].len;
	/* A place that is gone is not asked for again. */
	if (guess->ngot < guess->npieces) {
		guess->npieces = 0;
		guess->bytes = 0;
		guess->ngot = 0;
	}
	return 0;
}
