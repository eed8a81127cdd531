/* SPDX-License-Identifier: BSD-2-Clause */
/* test_space.c: references to spaces, and the daemon's own memory as one. */
#include "unit.h"

#include <string.h>
#include <sys/mman.h>

#include "fake.h"

START_TEST(the_last_reference_destroys_a_space)
{
	struct fake_space fake;

	fake_init(&fake);
	holds(dmover_space_ref(&fake.space) == &fake.space);
	dmover_space_unref(&fake.space);
	holds(!atomic_load(&fake.is_destroyed));
	dmover_space_unref(&fake.space);
	holds(atomic_load(&fake.is_destroyed));
	dmover_space_unref(NULL);
}
END_TEST

START_TEST(own_memory_survives_its_last_reference)
{
	same_size(atomic_load(&dmover_space_self.spc_refs), 1);
	dmover_space_unref(&dmover_space_self);
	dmover_space_ref(&dmover_space_self);
	same_size(atomic_load(&dmover_space_self.spc_refs), 1);
}
END_TEST

/* Cuts N bytes at MEMORY into pieces of unequal lengths, some of them empty. */
static unsigned
cut(uint8_t *memory, size_t n, uint32_t *seed, struct iovec *iov)
{
	unsigned pieces = 0;

	for (size_t at = 0; at < n; pieces++) {
		size_t len = unit_random(seed, 9);

		if (len > n - at)
			len = n - at;
		iov[pieces] = (struct iovec){ memory + at, len };
		at += len;
	}
	return pieces;
}

START_TEST(own_memory_is_copied_however_both_sides_are_cut)
{
	uint8_t one[200], other[200];
	struct iovec local[1024], remote[1024];
	uint32_t seed = 3;

	for (int round = 0; round < 200; round++) {
		size_t n = 1 + unit_random(&seed, sizeof(one));
		unsigned nlocal = cut(one, n, &seed, local), nremote = cut(other, n, &seed, remote);
		const struct dmover_space_ops *ops = dmover_space_self.spc_ops;

		for (size_t i = 0; i < n; i++)
			one[i] = (uint8_t)unit_random(&seed, 256);
		memset(other, 0, n);
		same_int(ops->spo_writev(&dmover_space_self, local, nlocal, remote, nremote),
		    (ssize_t)n);
		same_bytes(one, other, n);
		memset(one, 0, n);
		same_int(
		    ops->spo_readv(&dmover_space_self, local, nlocal, remote, nremote), (ssize_t)n);
		same_bytes(one, other, n);
	}
}
END_TEST

START_TEST(pages_of_own_memory_are_resident_once_they_were_touched)
{
	const struct dmover_space_ops *ops = dmover_space_self.spc_ops;
	const size_t page = 4096, pages = 600; /* more than one question covers */
	uint8_t *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert(memory != MAP_FAILED);
	madvise(memory, pages * page, MADV_NOHUGEPAGE);
	holds(!ops->spo_is_resident(&dmover_space_self, memory, 1));
	for (size_t i = 0; i + 1 < pages; i++)
		memory[i * page] = 1;
	holds(ops->spo_is_resident(&dmover_space_self, memory + 5, (pages - 1) * page - 5));
	holds(!ops->spo_is_resident(&dmover_space_self, memory + 5, (pages - 1) * page - 4));
	madvise(memory + page, page, MADV_DONTNEED);
	holds(ops->spo_is_resident(&dmover_space_self, memory, page));
	holds(!ops->spo_is_resident(&dmover_space_self, memory, page + 1));
	munmap(memory, pages * page);
	holds(!ops->spo_is_resident(&dmover_space_self, memory, 1));
}
END_TEST

static struct dmover_request *was_done;

static void
done(struct dmover_request *dreq)
{
	was_done = dreq;
}

START_TEST(done_goes_to_whoever_submitted)
{
	struct dmover_request dreq = { .dreq_done = done };

	dmover_done(&dreq);
	holds(was_done == &dreq);
}
END_TEST

TCase *
unit_space(void)
{
	TCase *tc = unit_case("space");

	tcase_add_test(tc, the_last_reference_destroys_a_space);
	tcase_add_test(tc, own_memory_survives_its_last_reference);
	tcase_add_test(tc, own_memory_is_copied_however_both_sides_are_cut);
	tcase_add_test(tc, pages_of_own_memory_are_resident_once_they_were_touched);
	tcase_add_test(tc, done_goes_to_whoever_submitted);
	return tc;
}
