/* SPDX-License-Identifier: BSD-2-Clause */
/* faults.c: data that cannot be read or written is EFAULT in the response, and nowhere a byte too many. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

#include "memory.h"
#include "oracle.h"
#include "session.h"

/* Executed while the write(2) is unanswered, and after it. */
static const size_t sizes[] = { 2 * PAGE, POSTED_LEN };
#define NSIZES (sizeof(sizes) / sizeof(sizes[0]))

/* A session and good buffers for a function; a test then spoils one. */
struct victim {
	const struct oracle_function *function;
	int fd;
	size_t len;
	uint8_t *out;
	uint8_t *in[INPUTS_MAX];
	struct request request;
};

static void
victim_init(struct victim *victim, const struct oracle_function *function, size_t len)
{
	victim->function = function;
	victim->fd = session_open(function->name);
	victim->len = len;
	request_init(&victim->request, 11);
	for (unsigned i = 0; i < function->inputs; i++) {
		victim->in[i] = memory_map(len);
		memory_fill(victim->in[i], len, i + 1);
		request_in(&victim->request, i, victim->in[i], len);
	}
	victim->out = memory_map(len);
	memset(victim->out, 0x77, len);
	if (function->has_output)
		request_out(&victim->request, victim->out, len);
}

/* The response says EFAULT, no result, and the session goes on. */
static void
victim_expect_fault(struct victim *victim)
{
	struct dmio_usrresp response;
	struct request good;

	session_write(victim->fd, &victim->request.wire, 1);
	response = session_response(victim->fd);
	EXPECT(response.resp_id, 11);
	ck_assert_msg(response.resp_error == (EFAULT ^ suite_broken),
	    "%s of %zu bytes: %s, not EFAULT", victim->function->name, victim->len,
	    strerror(response.resp_error));
	EXPECT(memory_is(response.resp_immediate, 0, 8), true);
	request_init(&good, 12);
	for (unsigned i = 0; i < victim->function->inputs; i++)
		request_in(&good, i, NULL, 0);
	if (victim->function->has_output)
		request_out(&good, NULL, 0);
	EXPECT(session_run(victim->fd, &good.wire), 0);
	close(victim->fd);
}

static const int bad_outputs[] = { PROT_READ, PROT_NONE };

START_TEST(an_output_that_cannot_be_written_is_efault_and_stays_as_it_is)
{
	struct victim victim;

	for (unsigned i = 0; i < NSIZES; i++) {
		for (unsigned p = 0; p < 2 && oracle_functions[_i].has_output; p++) {
			victim_init(&victim, &oracle_functions[_i], sizes[i]);
			memory_protect(victim.out, victim.len, bad_outputs[p]);
			victim_expect_fault(&victim);
			memory_protect(victim.out, victim.len, PROT_READ);
			EXPECT(memory_is(victim.out, 0x77, victim.len), true);
		}
	}
	EXPECT(session_ready(session_open(oracle_functions[_i].name)), POLLOUT);
}
END_TEST

START_TEST(an_input_that_cannot_be_read_is_efault)
{
	const struct oracle_function *function = &oracle_functions[_i];
	struct victim victim;

	for (unsigned i = 0; i < NSIZES; i++) {
		for (unsigned n = 0; n<function->inputs; n += function->inputs> 4 ? 3 : 1) {
			victim_init(&victim, function, sizes[i]);
			memory_protect(victim.in[n], victim.len, PROT_NONE);
			victim_expect_fault(&victim);
		}
	}
	EXPECT(session_ready(session_open(function->name)), POLLOUT);
}
END_TEST

START_TEST(unmapped_memory_is_efault)
{
	const struct oracle_function *function = &oracle_functions[_i];
	struct victim victim;

	for (unsigned i = 0; i < NSIZES; i++) {
		victim_init(&victim, function, sizes[i]);
		if (function->has_output) {
			ck_assert_int_eq(munmap(victim.out, victim.len), 0);
			victim_expect_fault(&victim);
			victim_init(&victim, function, sizes[i]);
		}
		if (function->inputs > 0) {
			ck_assert_int_eq(munmap(victim.in[function->inputs - 1], victim.len), 0);
			victim_expect_fault(&victim);
		}
	}
	EXPECT(session_ready(session_open(function->name)), POLLOUT);
}
END_TEST

/* Makes one page of an otherwise good buffer of LEN bytes bad: every STEPth, and the last. */
static void
fault_at_pages(const char *name, size_t len, size_t step, bool of_output)
{
	size_t last = len / PAGE - 1;
	struct victim victim;

	for (size_t i = 0; i < last + step; i += step) {
		size_t page = i < last ? i : last;
		uint8_t *hole;

		if (!suite_takes(i / step))
			continue;
		victim_init(&victim, oracle_find(name), len);
		hole =
		    (of_output ? victim.out : victim.in[victim.function->inputs - 1]) + page * PAGE;
		memory_protect(hole, PAGE, of_output ? PROT_READ : PROT_NONE);
		victim_expect_fault(&victim);
		memory_protect(hole, PAGE, PROT_READ);
		if (of_output)
			EXPECT(memory_is(hole, 0x77, PAGE), true);
		memory_unmap(victim.out, len);
		for (unsigned n = 0; n < victim.function->inputs; n++)
			memory_unmap(victim.in[n], len);
	}
}

static const char *const paged_functions[] = { "zero", "fill8", "copy", "iscsi-crc32c", "xor2",
	"xor3", "xor16" };

START_TEST(a_fault_at_any_page_of_a_buffer_is_efault)
{
	const char *name = paged_functions[_i];
	const struct oracle_function *function = oracle_find(name);

	for (int of_output = 0; of_output < 2; of_output++) {
		if (of_output ? !function->has_output : function->inputs == 0)
			continue;
		fault_at_pages(name, 16 * PAGE, 1, of_output);
		fault_at_pages(name, 1040 * KIB, 43, of_output);
	}
}
END_TEST

START_TEST(a_buffer_may_end_where_its_page_ends)
{
	static const size_t lens[] = { 1, 100, PAGE, PAGE + 1, 256 * KIB - 3, 256 * KIB + 3,
		MIB + 9 };
	int fd = session_open("xor2");
	struct request request;

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint8_t *a = memory_map_at_end(lens[i]), *out = memory_map_at_end(lens[i]);

		memory_fill(a, lens[i], i);
		memset(out, 1, lens[i]);
		request_init(&request, i);
		request_in(&request, 0, a, lens[i]);
		request_in(&request, 1, a, lens[i]);
		request_out(&request, out, lens[i]);
		EXPECT(session_run(fd, &request.wire), 0);
		EXPECT(memory_is(out, 0, lens[i]), true);
		/* One byte more is one byte too many, in the output and in an input. */
		request_out(&request, out, lens[i] + 1);
		request_in(&request, 0, a, lens[i] + 1);
		request_in(&request, 1, a, lens[i] + 1);
		EXPECT(session_run(fd, &request.wire), EFAULT);
	}
}
END_TEST

/* Address and length of memory that no caller has. */
static const struct {
	uintptr_t base;
	size_t len;
} strange[] = {
	{ 0, PAGE }, { 1, 1 }, { UINTPTR_MAX, 1 }, { UINTPTR_MAX - 15, 16 },
	{ UINTPTR_MAX - 15, 32 },          /* wraps */
	{ (uintptr_t)0 - PAGE, 2 * PAGE }, /* wraps */
	{ (uintptr_t)0 - PAGE, MIB },      /* wraps, posted */
	{ 0x00007ffffffff000, PAGE },      /* the last page of the lower half */
	{ 0x00007fffffffe000, MIB },       /* runs out of the lower half */
	{ 0x0000800000000000, 64 },        /* not canonical */
	{ 0x7fffffffffffffff, 4096 }, { 0xffff800000000000, 64 }, /* the kernel's half */
	{ 0xffff888000001000, PAGE },                             /* its map of all memory */
	{ 0xffffffff81000000, MIB },                              /* its text */
	{ 0xffffffffff600000, PAGE },                             /* vsyscall */
};

START_TEST(addresses_that_are_nobodys_are_efault)
{
	void *base = (void *)strange[_i].base;
	struct victim victim;

	victim_init(&victim, oracle_find("zero"), strange[_i].len);
	request_out(&victim.request, base, strange[_i].len);
	victim_expect_fault(&victim);
	victim_init(&victim, oracle_find("copy"), strange[_i].len);
	request_out(&victim.request, base, strange[_i].len);
	victim_expect_fault(&victim);
	/* The vsyscall page can be read on some kernels. */
	if (strange[_i].base == 0xffffffffff600000)
		return;
	victim_init(&victim, oracle_find("copy"), strange[_i].len);
	request_in(&victim.request, 0, base, strange[_i].len);
	victim_expect_fault(&victim);
	victim_init(&victim, oracle_find("iscsi-crc32c"), strange[_i].len);
	request_in(&victim.request, 0, base, strange[_i].len);
	victim_expect_fault(&victim);
	/* As the second vector, after a good one. */
	struct iovec iov[2] = { { victim.out, 100 }, { base, strange[_i].len } };
	struct dmio_usrreq wire = { .req_outbuf = { iov, 2 } };

	EXPECT(session_run(session_open("zero"), &wire), EFAULT);
}
END_TEST

START_TEST(the_largest_length_of_all_ends_at_the_first_fault)
{
	struct victim victim;

	victim_init(&victim, oracle_find("zero"), PAGE);
	request_out(&victim.request, victim.out, SSIZE_MAX);
	victim_expect_fault(&victim);
	victim_init(&victim, oracle_find("iscsi-crc32c"), PAGE);
	request_in(&victim.request, 0, victim.in[0], SSIZE_MAX);
	victim_expect_fault(&victim);
	victim_init(&victim, oracle_find("copy"), PAGE);
	request_in(&victim.request, 0, victim.in[0], (size_t)1 << 40);
	request_out(&victim.request, victim.out, (size_t)1 << 40);
	victim_expect_fault(&victim);
}
END_TEST

/* A file that the test may only read, but whose pages a privileged writer could force. */
START_TEST(a_read_only_file_is_not_written_through_its_mapping)
{
	int flags = _i % 2 == 0 ? MAP_SHARED : MAP_PRIVATE;
	size_t len = _i < 2 ? 2 * PAGE : POSTED_LEN;
	char path[] = "/tmp/device-suite-XXXXXX";
	int fd = mkstemp(path), readonly = open(path, O_RDONLY);
	uint8_t *bytes = malloc(len), *map;
	struct victim victim;

	ck_assert_int_ge(readonly, 0);
	unlink(path);
	memory_fill(bytes, len, 1);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	map = mmap(NULL, len, PROT_READ, flags, readonly, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	victim_init(&victim, oracle_find("fill8"), len);
	request_out(&victim.request, map, len);
	victim_expect_fault(&victim);
	EXPECT_BYTES(map, bytes, len);
}
END_TEST

START_TEST(a_mapping_past_the_end_of_its_file_is_efault)
{
	char path[] = "/tmp/device-suite-XXXXXX";
	int fd = mkstemp(path);
	struct victim victim;
	uint8_t *map;

	unlink(path);
	for (unsigned i = 0; i < NSIZES; i++) {
		ck_assert_int_eq(ftruncate(fd, (off_t)sizes[i] / 2), 0);
		map = mmap(NULL, sizes[i], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(map, MAP_FAILED);
		victim_init(&victim, oracle_find("zero"), sizes[i]);
		request_out(&victim.request, map, sizes[i]);
		victim_expect_fault(&victim);
		victim_init(&victim, oracle_find("copy"), sizes[i]);
		request_in(&victim.request, 0, map, sizes[i]);
		victim_expect_fault(&victim);
	}
}
END_TEST

START_TEST(program_text_is_not_written)
{
	uintptr_t text = (uintptr_t)suite_faults / PAGE * PAGE;
	struct victim victim;

	victim_init(&victim, oracle_find("zero"), PAGE);
	request_out(&victim.request, (void *)text, PAGE);
	victim_expect_fault(&victim);
}
END_TEST

Suite *
suite_faults(void)
{
	Suite *suite = suite_create("faults");
	TCase *tcase = suite_case(suite, "faults");
	int n = (int)oracle_nfunctions;

	tcase_add_loop_test(
	    tcase, an_output_that_cannot_be_written_is_efault_and_stays_as_it_is, 0, n);
	tcase_add_loop_test(tcase, an_input_that_cannot_be_read_is_efault, 0, n);
	tcase_add_loop_test(tcase, unmapped_memory_is_efault, 0, n);
	tcase_add_loop_test(tcase, a_fault_at_any_page_of_a_buffer_is_efault, 0,
	    (int)(sizeof(paged_functions) / sizeof(paged_functions[0])));
	tcase_add_test(tcase, a_buffer_may_end_where_its_page_ends);
	tcase_add_loop_test(tcase, addresses_that_are_nobodys_are_efault, 0,
	    (int)(sizeof(strange) / sizeof(strange[0])));
	tcase_add_test(tcase, the_largest_length_of_all_ends_at_the_first_fault);
	tcase_add_loop_test(tcase, a_read_only_file_is_not_written_through_its_mapping, 0, 4);
	tcase_add_test(tcase, a_mapping_past_the_end_of_its_file_is_efault);
	tcase_add_test(tcase, program_text_is_not_written);
	return suite;
}
