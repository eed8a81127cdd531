/* SPDX-License-Identifier: BSD-2-Clause */
/* test_uio.c: moving bytes as uiomove(9) does. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "fake.h"

#define SIZE 64

/* Three vectors, an empty one first and another one in between: 30 bytes. */
static void
make_vectors(uint8_t *memory, struct iovec iov[5])
{
	iov[0] = (struct iovec){ memory, 0 };
	iov[1] = (struct iovec){ memory + 3, 10 };
	iov[2] = (struct iovec){ NULL, 0 };
	iov[3] = (struct iovec){ memory + 20, 1 };
	iov[4] = (struct iovec){ memory + 30, 19 };
}

/* Where byte I of the vectors lies. */
static size_t
place(size_t i)
{
	return i < 10 ? 3 + i : i == 10 ? 20 : 30 + i - 11;
}

START_TEST(a_window_lists_the_next_bytes_without_passing_them)
{
	uint8_t memory[SIZE];
	struct iovec iov[5], list[5];
	struct dmover_uio uio;
	unsigned pieces;

	make_vectors(memory, iov);
	dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_READ, iov, 5, 30);
	same_size(dmover_uio_window(&uio, 100, list, 5, &pieces), 30);
	same_size(pieces, 3);
	holds(list[0].iov_base == memory + 3 && list[2].iov_base == memory + 30);
	same_size(dmover_uio_window(&uio, 30, list, 1, &pieces), 10);
	same_size(pieces, 1);
	same_size(dmover_uio_window(&uio, 4, list, 5, &pieces), 4);
	same_size(list[0].iov_len, 4);
	same_size(dmover_uio_window(&uio, 0, list, 5, &pieces), 0);
	same_size(pieces, 0);
	same_size(uio.uio_resid, 30);
}
END_TEST

START_TEST(advancing_in_any_steps_ends_at_the_same_place)
{
	uint8_t memory[SIZE];
	struct iovec iov[5], list[5];
	unsigned pieces;

	make_vectors(memory, iov);
	for (size_t step = 1; step <= 30; step++) {
		struct dmover_uio uio;

		dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_READ, iov, 5, 30);
		uio.uio_offset = 100;
		for (size_t at = 0; at < 30; at += step) {
			size_t n = step < 30 - at ? step : 30 - at;

			dmover_uio_window(&uio, 1, list, 1, &pieces);
			holds(list[0].iov_base == memory + place(at));
			dmover_uio_advance(&uio, n);
			same_size(uio.uio_resid, 30 - at - n);
			same_int(uio.uio_offset, 100 + (off_t)(at + n));
		}
		same_size(uio.uio_iovcnt, 0);
	}
}
END_TEST

START_TEST(uiomove_out_of_and_into_the_vectors_moves_the_bytes_there)
{
	uint8_t memory[SIZE] = { 0 }, in[30], out[30] = { 0 }, expected[SIZE] = { 0 };
	struct iovec iov[5];
	struct dmover_uio uio;

	make_vectors(memory, iov);
	for (unsigned i = 0; i < 30; i++) {
		in[i] = (uint8_t)(i + 1);
		expected[place(i)] = in[i];
	}
	dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_READ, iov, 5, 30);
	same_int(dmover_uiomove(in, 7, &uio), 0);
	same_int(dmover_uiomove(in + 7, 1000, &uio), 0);
	same_size(uio.uio_resid, 0);
	same_int(dmover_uiomove(in, 5, &uio), 0);
	same_bytes(memory, expected, SIZE);
	dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_WRITE, iov, 5, 30);
	same_int(dmover_uiomove(out, 30, &uio), 0);
	same_bytes(in, out, 30);
}
END_TEST

/* Moves all 30 bytes with byte BAD not accessible, in steps; the residual must be exact. */
static void
move_until(enum dmover_uio_rw rw, size_t bad, size_t step,
    int (*move)(void *, size_t, struct dmover_uio *))
{
	uint8_t memory[SIZE] = { 0 }, buf[30];
	struct fake_space fake;
	struct dmover_uio uio;
	struct iovec iov[5];
	size_t at = 0;
	int err = 0;

	make_vectors(memory, iov);
	memset(buf, 1, sizeof(buf));
	fake_init(&fake);
	fake.is_resident = true;
	fake_add_bad(&fake, memory + place(bad), 1, true, true);
	dmover_uio_init(&uio, &fake.space, rw, iov, 5, 30);
	for (; at < 30 && err == 0; at += step)
		err = move(buf + at, step < 30 - at ? step : 30 - at, &uio);
	same_int(err, -EFAULT);
	same_size(uio.uio_resid, 30 - bad);
	for (size_t i = 0; i < 30; i++)
		if (rw == DMOVER_UIO_READ)
			same_int(memory[place(i)], i < bad);
		else
			same_int(buf[i], i >= bad);
	holds(!atomic_load(&fake.was_wrong));
}

START_TEST(after_a_fault_the_residual_is_exact)
{
	for (size_t bad = 0; bad < 30; bad++)
		for (size_t step = 1; step <= 30; step += 4) {
			move_until(DMOVER_UIO_READ, bad, step, dmover_uiomove);
			move_until(DMOVER_UIO_WRITE, bad, step, dmover_uiomove);
			move_until(DMOVER_UIO_WRITE, bad, step, dmover_uiomove_nofault);
		}
}
END_TEST

START_TEST(more_vectors_than_one_access_takes_are_moved_in_several)
{
	uint8_t memory[1024], buf[1024];
	struct iovec iov[1024];
	struct fake_space fake;
	struct dmover_uio uio;

	for (unsigned i = 0; i < 1024; i++) {
		memory[i] = (uint8_t)(i * 7);
		iov[i] = (struct iovec){ memory + i, 1 };
	}
	fake_init(&fake);
	dmover_uio_init(&uio, &fake.space, DMOVER_UIO_WRITE, iov, 1024, 1024);
	same_int(dmover_uiomove(buf, 1024, &uio), 0);
	same_bytes(memory, buf, 1024);
	/* With a fault in the last one the rest was moved. */
	fake_add_bad(&fake, memory + 1023, 1, true, true);
	dmover_uio_init(&uio, &fake.space, DMOVER_UIO_WRITE, iov, 1024, 1024);
	same_int(dmover_uiomove(buf, 1024, &uio), -EFAULT);
	same_size(uio.uio_resid, 1);
	holds(!atomic_load(&fake.was_wrong));
}
END_TEST

START_TEST(the_error_of_a_space_is_handed_on)
{
	uint8_t memory[SIZE], buf[30];
	struct fake_space fake;
	struct dmover_uio uio;
	struct iovec iov[5];

	make_vectors(memory, iov);
	fake_init(&fake);
	fake.error = -ESRCH;
	dmover_uio_init(&uio, &fake.space, DMOVER_UIO_READ, iov, 5, 30);
	same_int(dmover_uiomove(buf, 30, &uio), -ESRCH);
	fake.error = -EPERM;
	same_int(dmover_uiomove(buf, 30, &uio), -EPERM);
	same_size(uio.uio_resid, 30);
}
END_TEST

START_TEST(vectors_are_never_written)
{
	uint8_t memory[SIZE] = { 0 }, buf[30] = { 0 };
	struct dmover_uio uio;
	struct iovec *iov =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(iov != MAP_FAILED);
	make_vectors(memory, iov);
	ck_assert_int_eq(mprotect(iov, 4096, PROT_READ), 0);
	dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_READ, iov, 5, 30);
	same_int(dmover_uiomove(buf, 13, &uio), 0);
	dmover_uio_advance(&uio, 3);
	same_int(dmover_uiomove_nofault(buf, 13, &uio), 0);
	munmap(iov, 4096);
}
END_TEST

START_TEST(nofault_moves_nothing_when_one_page_is_not_in_memory)
{
	const size_t page = 4096;
	uint8_t buf[8192], *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct iovec iov = { pages, 3 * page };
	struct dmover_uio uio;

	ck_assert(pages != MAP_FAILED);
	memset(buf, 5, sizeof(buf));
	memset(pages, 1, 2 * page); /* the third one was never touched */
	dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_READ, &iov, 1, 3 * page);
	same_int(dmover_uiomove_nofault(buf, 10, &uio), 0);
	dmover_uio_advance(&uio, page - 10);
	same_int(dmover_uiomove_nofault(buf, page + 1, &uio), -EFAULT);
	same_size(uio.uio_resid, 2 * page);
	same_int(pages[page], 1);
	same_int(dmover_uiomove_nofault(buf, page, &uio), 0);
	same_int(pages[2 * page - 1], 5);

	ck_assert_int_eq(madvise(pages, page, MADV_DONTNEED), 0);
	dmover_uio_init(&uio, &dmover_space_self, DMOVER_UIO_READ, &iov, 1, 3 * page);
	same_int(dmover_uiomove_nofault(buf, 2 * page, &uio), -EFAULT);
	same_size(uio.uio_resid, 3 * page);
	/* Without the promise it is simply faulted in. */
	same_int(dmover_uiomove(buf, 2 * page, &uio), 0);
	munmap(pages, 3 * page);
}
END_TEST

TCase *
unit_uio(void)
{
	TCase *tc = unit_case("uio");

	tcase_add_test(tc, a_window_lists_the_next_bytes_without_passing_them);
	tcase_add_test(tc, advancing_in_any_steps_ends_at_the_same_place);
	tcase_add_test(tc, uiomove_out_of_and_into_the_vectors_moves_the_bytes_there);
	tcase_add_test(tc, after_a_fault_the_residual_is_exact);
	tcase_add_test(tc, more_vectors_than_one_access_takes_are_moved_in_several);
	tcase_add_test(tc, the_error_of_a_space_is_handed_on);
	tcase_add_test(tc, vectors_are_never_written);
	tcase_add_test(tc, nofault_moves_nothing_when_one_page_is_not_in_memory);
	return tc;
}
