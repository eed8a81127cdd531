/* SPDX-License-Identifier: BSD-2-Clause */
/* test_guess.c: what the last write named is fetched with the next one, and used only where it is named again. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "preload/announce.h"
#include "preload/guess.h"
#include "preload/space.h"

/* In place of space.c: memory with a hole, and a count of who looks. */
static uint8_t memory[2048];
static struct iovec hole;
static unsigned nlooks, npieces_looked, nreads, nwrites;
/* In place of announce.c: how often each byte was told of. */
static uint8_t announced[sizeof(memory)];

void
preload_announce_read(
    const struct iovec *local, const struct iovec *remote, unsigned nremote, size_t len)
{
	(void)local;
	for (unsigned i = 0; i < nremote && len > 0; i++) {
		size_t n = remote[i].iov_len < len ? remote[i].iov_len : len;
		uint8_t *at = announced + ((uint8_t *)remote[i].iov_base - memory);

		for (size_t j = 0; j < n; j++)
			at[j]++;
		len -= n;
	}
	ck_assert_uint_eq(len, 0);
}

static bool
is_in_hole(const uint8_t *at)
{
	const uint8_t *from = hole.iov_base;

	return at >= from && at < from + hole.iov_len;
}

/* Byte by byte until the hole, as the kernel moves what comes before a fault. */
ssize_t
preload_space_look(
    const struct iovec *local, unsigned nlocal, const struct iovec *remote, unsigned nremote)
{
	unsigned to = 0;
	size_t at = 0;
	ssize_t done = 0;

	nlooks++;
	npieces_looked = nremote;
	for (unsigned i = 0; i < nremote; i++) {
		const uint8_t *from = remote[i].iov_base;

		for (size_t j = 0; j < remote[i].iov_len; j++) {
			if (is_in_hole(from + j))
				return done > 0 ? done : -EFAULT;
			for (; to < nlocal && at == local[to].iov_len; at = 0)
				to++;
			ck_assert_uint_lt(to, nlocal);
			((uint8_t *)local[to].iov_base)[at++] = from[j];
			done++;
		}
	}
	return done;
}

static ssize_t
own_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	ssize_t n = preload_space_look(local, nlocal, remote, nremote);

	ck_assert_ptr_eq(space, &preload_space_own);
	nlooks--;
	nreads++;
	if (n > 0)
		preload_announce_read(local, remote, nremote, (size_t)n);
	return n;
}

static ssize_t
own_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	(void)local, (void)remote;
	ck_assert_ptr_eq(space, &preload_space_own);
	nwrites++;
	return (ssize_t)(nlocal + nremote);
}

static bool
own_is_resident(struct dmover_space *space, const void *addr, size_t len)
{
	ck_assert_ptr_eq(space, &preload_space_own);
	return addr == memory && len == 7;
}

static const struct dmover_space_ops own_ops = {
	.spo_readv = own_readv,
	.spo_writev = own_writev,
	.spo_is_resident = own_is_resident,
};

struct dmover_space preload_space_own = { .spc_ops = &own_ops, .spc_refs = 1 };

static void
begin(struct preload_guess *guess)
{
	memset(guess, 0, sizeof(*guess));
	memset(announced, 0, sizeof(announced));
	hole = (struct iovec){ NULL, 0 };
	nlooks = npieces_looked = nreads = nwrites = 0;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* The records are at the start of the memory. */
static int
get(struct preload_guess *guess, size_t len)
{
	struct iovec records = { memory, 1024 };
	uint8_t local[GUESS_WRITE];
	int err;

	memset(local, 0, sizeof(local));
	err = preload_guess_get(guess, local, &records, len);
	if (err == 0)
		ck_assert_mem_eq(local, memory, len);
	return err;
}

/* Reads N pieces of LEN bytes from AT on, with gaps between, through the guess. */
static ssize_t
take(struct preload_guess *guess, size_t at, size_t len, unsigned n)
{
	struct iovec local[16] = { { 0 } }, remote[16] = { { 0 } };
	uint8_t bytes[16][GUESS_BYTES + 1];
	ssize_t done;

	memset(bytes, 0, sizeof(bytes));
	for (unsigned i = 0; i < n; i++) {
		local[i] = (struct iovec){ bytes[i], len };
		remote[i] = (struct iovec){ memory + at + i * (len + 1), len };
	}
	done = guess->space.spc_ops->spo_readv(&guess->space, local, n, remote, n);
	for (unsigned i = 0; i < n && done == (ssize_t)(len * n); i++)
		ck_assert_mem_eq(bytes[i], remote[i].iov_base, len);
	return done;
}

START_TEST(the_first_write_fetches_its_records_alone)
{
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 40), 0);
	same_size(nlooks, 1);
	same_size(npieces_looked, 1);
	same_int(announced[0], 1);
	same_int(announced[39], 1);
	same_int(announced[40], 0);
	same_int(take(&guess, 1100, 16, 2), 32);
	same_size(nreads, 1);
}
END_TEST

START_TEST(what_is_named_again_is_at_hand_and_as_it_is_now)
{
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 40), 0);
	same_int(take(&guess, 1100, 16, 2), 32);
	memory[1105] ^= 0x55;
	same_int(get(&guess, 160), 0);
	same_size(npieces_looked, 3);
	/* It was fetched; but what is not used is not told of. */
	same_int(announced[1100], 1);
	same_int(take(&guess, 1100, 16, 2), 32);
	same_size(nreads, 1);
	same_int(announced[1100], 2);
	same_int(announced[1116], 0);
	same_int(announced[1117], 2);
	/* Another length is another piece; so is another place. */
	same_int(take(&guess, 1100, 15, 1), 15);
	same_int(take(&guess, 1101, 16, 1), 16);
	same_size(nreads, 3);
}
END_TEST

START_TEST(a_list_may_begin_with_what_is_known)
{
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 40), 0);
	same_int(take(&guess, 1100, 16, 1), 16);
	same_int(get(&guess, 40), 0);
	same_int(take(&guess, 1100, 16, 3), 48);
	same_size(nreads, 2);
	same_int(get(&guess, 40), 0);
	same_size(npieces_looked, 4);
	same_int(take(&guess, 1100, 16, 3), 48);
	same_size(nreads, 2);
}
END_TEST

START_TEST(records_that_cannot_be_read_are_a_bad_address)
{
	struct preload_guess guess;

	begin(&guess);
	hole = (struct iovec){ memory + 30, 1 };
	same_int(get(&guess, 40), -EFAULT);
	same_int(announced[0], 0);
	hole.iov_base = memory;
	same_int(get(&guess, 40), -EFAULT);
	hole.iov_base = memory + 40;
	same_int(get(&guess, 40), 0);
}
END_TEST

START_TEST(a_place_that_is_gone_is_forgotten)
{
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 40), 0);
	same_int(take(&guess, 1100, 16, 2), 32);
	/* In the middle of the second piece. */
	hole = (struct iovec){ memory + 1120, 1 };
	same_int(get(&guess, 40), 0);
	same_size(nlooks, 2);
	/* It is the program's memory that says what is wrong. */
	same_int(take(&guess, 1100, 16, 2), 19);
	same_size(nreads, 2);
	hole.iov_len = 0;
	same_int(take(&guess, 1100, 16, 2), 32);
}
END_TEST

START_TEST(an_error_behind_what_is_known_counts_after_it)
{
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 40), 0);
	same_int(take(&guess, 1100, 16, 1), 16);
	same_int(get(&guess, 40), 0);
	hole = (struct iovec){ memory + 1117, 1 };
	same_int(take(&guess, 1100, 16, 2), 16);
	same_int(take(&guess, 1117, 16, 1), -EFAULT);
}
END_TEST

START_TEST(more_than_there_is_room_for_begins_anew)
{
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 40), 0);
	same_int(take(&guess, 1100, 4, GUESS_PIECES), 4 * GUESS_PIECES);
	same_int(get(&guess, 40), 0);
	same_size(npieces_looked, 1 + GUESS_PIECES);
	same_int(take(&guess, 1200, 4, 1), 4);
	same_int(get(&guess, 40), 0);
	same_size(npieces_looked, 1);
	same_int(take(&guess, 1100, GUESS_BYTES, 1), GUESS_BYTES);
	same_int(get(&guess, 40), 0);
	same_size(npieces_looked, 2);
	same_int(take(&guess, 1100, 1, 1), 1);
	same_int(get(&guess, 40), 0);
	same_size(npieces_looked, 1);
	same_int(take(&guess, 1100, GUESS_BYTES + 1, 1), GUESS_BYTES + 1);
	same_int(get(&guess, 40), 0);
	same_size(npieces_looked, 1);
}
END_TEST

/* Whatever was guessed, what is read is what is there. */
START_TEST(guesses_change_no_byte)
{
	struct preload_guess guess;
	uint32_t seed = 11;

	begin(&guess);
	for (unsigned round = 0; round < 1000; round++) {
		size_t at = 1024 + 64 * (size_t)unit_random(&seed, 3);
		unsigned n = 1 + unit_random(&seed, 10);
		size_t len = 1 + unit_random(&seed, 2) * 40;

		memory[unit_random(&seed, sizeof(memory))]++;
		hole = (struct iovec){ memory + 1024 + unit_random(&seed, 1024),
			unit_random(&seed, 4) == 0 };
		ck_assert_int_eq(get(&guess, 1 + unit_random(&seed, GUESS_WRITE)), 0);
		ck_assert_uint_le(guess.npieces, GUESS_PIECES);
		ck_assert_uint_le(guess.bytes, GUESS_BYTES);
		hole.iov_len = 0;
		ck_assert_int_eq(take(&guess, at, len, n), (ssize_t)(len * n));
	}
	holds(nreads < 1000);
}
END_TEST

START_TEST(everything_else_is_the_programs_own_memory)
{
	const struct iovec some[3] = { { memory, 1 } };
	struct preload_guess guess;

	begin(&guess);
	same_int(get(&guess, 1), 0);
	same_int(guess.space.spc_ops->spo_writev(&guess.space, some, 1, some, 3), 4);
	same_size(nwrites, 1);
	holds(guess.space.spc_ops->spo_is_resident(&guess.space, memory, 7));
	holds(!guess.space.spc_ops->spo_is_resident(&guess.space, memory, 8));
	guess.space.spc_ops->spo_destroy(&guess.space);
	same_int(take(&guess, 1100, 16, 2), 32);
}
END_TEST

TCase *
unit_guess(void)
{
	TCase *tc = unit_case("guess");

	tcase_add_test(tc, the_first_write_fetches_its_records_alone);
	tcase_add_test(tc, what_is_named_again_is_at_hand_and_as_it_is_now);
	tcase_add_test(tc, a_list_may_begin_with_what_is_known);
	tcase_add_test(tc, records_that_cannot_be_read_are_a_bad_address);
	tcase_add_test(tc, a_place_that_is_gone_is_forgotten);
	tcase_add_test(tc, an_error_behind_what_is_known_counts_after_it);
	tcase_add_test(tc, more_than_there_is_room_for_begins_anew);
	tcase_add_test(tc, guesses_change_no_byte);
	tcase_add_test(tc, everything_else_is_the_programs_own_memory);
	return tc;
}
