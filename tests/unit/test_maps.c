/* SPDX-License-Identifier: BSD-2-Clause */
/* test_maps.c: what an address space allows at an address: by question, and from the text. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "cuse/maps.h"

static int
open_maps(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Both ways say the same of the address. */
static void
check_both(int fd, uint64_t addr)
{
	struct dmio_mapping one = { 0 }, other = { 0 };
	int err = dmio_maps_find(fd, addr, &one);

	same_int(dmio_maps_find_text(fd, addr, &other), err);
	same_size(one.start, other.start);
	same_size(one.end, other.end);
	same_int(one.is_readable, other.is_readable);
	same_int(one.is_writable, other.is_writable);
	if (err == 0)
		holds(one.start <= addr && addr < one.end);
	else
		same_int(err, -EFAULT);
}

START_TEST(question_and_text_agree_at_every_border)
{
	uint64_t starts[512], ends[512];
	struct child child;
	unsigned n = 0;
	char line[512];
	FILE *text;
	int fd;

	child_start(&child);
	fd = open_maps(child.pid);
	text = fdopen(dup(fd), "r");
	while (n < 512 && fgets(line, sizeof(line), text) != NULL) {
		unsigned long long start, end;

		/* The kernel's own page above all others belongs to nobody. */
		if (sscanf(line, "%llx-%llx", &start, &end) == 2 && end <= (uint64_t)1 << 63) {
			starts[n] = start;
			ends[n++] = end;
		}
	}
	fclose(text);
	holds(n > 3);
	check_both(fd, 0);
	for (unsigned i = 0; i < n; i++) {
		check_both(fd, starts[i]);
		check_both(fd, starts[i] - 1);
		check_both(fd, ends[i] - 1);
		check_both(fd, ends[i]);
	}
	close(fd);
	child_exit(&child);
}
END_TEST

START_TEST(protections_are_those_of_the_pages)
{
	struct dmio_mapping mapping;
	struct child child;
	int fd;

	child_start(&child);
	fd = open_maps(child.pid);
	same_int(dmio_maps_find(fd, (uintptr_t)child.memory, &mapping), 0);
	holds(mapping.is_readable && mapping.is_writable);
	same_size(mapping.end - (uintptr_t)child.memory, PAGE_READ * CHILD_PAGE);
	same_int(dmio_maps_find(fd, (uintptr_t)child.memory + PAGE_READ * CHILD_PAGE, &mapping), 0);
	holds(mapping.is_readable && !mapping.is_writable);
	same_int(dmio_maps_find(fd, (uintptr_t)child.memory + PAGE_NONE * CHILD_PAGE, &mapping), 0);
	holds(!mapping.is_readable && !mapping.is_writable);
	same_int(
	    dmio_maps_find(fd, (uintptr_t)child.memory + NPAGES * CHILD_PAGE, &mapping), -EFAULT);
	close(fd);
	child_exit(&child);
}
END_TEST

START_TEST(a_long_text_is_read_to_the_line_that_counts)
{
	const size_t page = 4096, pages = 1000;
	uint8_t *memory = mmap(NULL, pages * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	ck_assert(memory != MAP_FAILED);
	/* Every other page differs: a thousand lines. */
	for (size_t i = 0; i < pages; i += 2)
		ck_assert_int_eq(mprotect(memory + i * page, page, PROT_NONE), 0);
	fd = open_maps(getpid());
	for (size_t i = 1; i < pages; i += 83) {
		struct dmio_mapping mapping;

		same_int(dmio_maps_find_text(fd, (uintptr_t)memory + i * page + 5, &mapping), 0);
		same_size(mapping.start, (uintptr_t)memory + i * page);
		same_int(mapping.is_readable, i % 2);
	}
	close(fd);
	munmap(memory, pages * page);
}
END_TEST

START_TEST(a_space_that_is_gone_is_told)
{
	struct dmio_mapping mapping;
	struct child child;
	uintptr_t addr;
	int fd;

	child_start(&child);
	addr = (uintptr_t)child.memory;
	fd = open_maps(child.pid);
	child_exit(&child);
	same_int(dmio_maps_find(fd, addr, &mapping), -ESRCH);
	same_int(dmio_maps_find_text(fd, addr, &mapping), -ESRCH);
	close(fd);
}
END_TEST

/* What the text parser says of ADDR when the file holds TEXT. */
static int
find_in(const char *text, size_t len, uint64_t addr, struct dmio_mapping *mapping)
{
	int fd = memfd_create("maps", MFD_CLOEXEC), err;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	err = dmio_maps_find_text(fd, addr, mapping);
	close(fd);
	return err;
}

START_TEST(texts_of_any_form_end)
{
	static const char two[] = "1000-2000 r--p 0 0 0 a\n3000-4000 -w-p 0 0 0\n";
	struct dmio_mapping mapping;
	char *longest = malloc(20000);

	same_int(find_in(two, strlen(two), 0x3fff, &mapping), 0);
	holds(!mapping.is_readable && mapping.is_writable);
	same_int(find_in(two, strlen(two), 0x2fff, &mapping), -EFAULT);
	same_int(find_in(two, strlen(two), 0xfff, &mapping), -EFAULT);
	same_int(find_in(two, strlen(two), 0x4000, &mapping), -EFAULT);
	same_int(find_in("", 0, 0, &mapping), -ESRCH);
	same_int(find_in("garbage\n", 8, 0, &mapping), -EFAULT);
	/* Without its end a line is none. */
	same_int(find_in(two, 20, 0x1000, &mapping), -EFAULT);
	memset(longest, 'x', 20000);
	memcpy(longest, two, 20);
	same_int(find_in(longest, 20000, 0x3000, &mapping), -EFAULT);
	/* Just as long as a line can be: the path is 4096 bytes. */
	longest[5000] = '\n';
	memcpy(longest + 5001, "3000-4000 rw-p\n", 15);
	same_int(find_in(longest, 5016, 0x3000, &mapping), 0);
	free(longest);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
	struct dmio_mapping mapping;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	same_int(dmio_maps_find_text(ends[0], 0, &mapping), -ESPIPE);
	same_int(dmio_maps_find_text(-1, 0, &mapping), -EBADF);
}
END_TEST

TCase *
unit_maps(void)
{
	TCase *tc = unit_case("maps");

	tcase_add_test(tc, question_and_text_agree_at_every_border);
	tcase_add_test(tc, protections_are_those_of_the_pages);
	tcase_add_test(tc, a_long_text_is_read_to_the_line_that_counts);
	tcase_add_test(tc, a_space_that_is_gone_is_told);
	tcase_add_test(tc, texts_of_any_form_end);
	tcase_add_test(tc, a_file_that_cannot_be_read_is_an_error);
	return tc;
}
