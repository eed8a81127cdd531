/* SPDX-License-Identifier: BSD-2-Clause */
/* uring_faults.c: memory that is not accessible, that goes away, that becomes another program's. */
#include "uring_suites.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  ((size_t)4096)
#define PAGES 8u

enum flaw { FLAW_UNMAPPED, FLAW_NO_ACCESS, FLAW_READ_ONLY, FLAWS };

/* What is wrong with a page of the child. */
struct spoilt {
	uint8_t *page;
	enum flaw flaw;
};

static void
spoil(void *arg)
{
	const struct spoilt *spoilt = arg;
	int err;

	if (spoilt->flaw == FLAW_UNMAPPED)
		err = munmap(spoilt->page, PAGE);
	else if (spoilt->flaw == FLAW_NO_ACCESS)
		err = mprotect(spoilt->page, PAGE, PROT_NONE);
	else
		err = mprotect(spoilt->page, PAGE, PROT_READ);
	if (err != 0)
		_exit(1);
}

/* A copy of PAGES pages, unaligned; input and output lie in the first places of the region. */
static void
copy_init(struct job *job, struct site *site)
{
	job_init(job, "copy", PAGES * PAGE - 10);
	job_place(job, 0, site, site_region() + 5);
	job_place(job, SITE_OUT, site, site_region() + SITE_PLACE + 5);
}

/* How many bytes from the start of the copy's output are those of its input; the rest is as it was. */
static size_t
copied(const struct site *site)
{
	const uint8_t *in = site_region() + 5, *old = site_region() + SITE_PLACE + 5;
	uint8_t bytes[PAGE];
	size_t n = 0;

	for (size_t at = 0; at < PAGES * PAGE - 10;) {
		size_t part = PAGE - ((uintptr_t)(old + at) & (PAGE - 1));
		struct iovec local = { bytes, part };
		struct iovec remote = { (void *)(uintptr_t)(old + at), part };

		if (part > PAGES * PAGE - 10 - at)
			part = PAGES * PAGE - 10 - at;
		local.iov_len = remote.iov_len = part;
		if (process_vm_readv(site->pid, &local, 1, &remote, 1, 0) == (ssize_t)part) {
			if (memcmp(bytes, in + at, part) == 0)
				n = at + part;
			else
				ck_assert_int_eq(memcmp(bytes, old + at, part), 0);
		}
		at += part;
	}
	return n;
}

START_TEST(a_page_that_protection_forbids_is_efault_and_nothing_is_written)
{
	const bool is_output = _i >= (int)PAGES;
	struct spoilt spoilt = { .page = site_region() + (is_output ? SITE_PLACE : 0) +
					 (size_t)_i % PAGES * PAGE };
	struct rider rider;
	struct site site;
	struct job job;

	rider_open(&rider);
	for (int flaw = 0; flaw < FLAWS; flaw++) {
		const bool may = flaw == FLAW_READ_ONLY && !is_output;

		spoilt.flaw = (enum flaw)flaw;
		site_open_child(&site, spoil, &spoilt);
		copy_init(&job, &site);
		ck_assert_int_eq(job_run(&job, &rider), may ? 0 : -EFAULT);
		ck_assert(job.dreq.dreq_error_final == !may);
		ck_assert_uint_eq(copied(&site), may ? job.dreq.dreq_len : 0);
		job_fini(&job);
		site_close(&site);
	}
	rider_close(&rider);
}
END_TEST

START_TEST(a_page_that_the_kernel_misses_is_efault_and_what_is_before_it_was_moved)
{
	const bool is_output = _i >= (int)PAGES;
	const size_t page = (size_t)_i % PAGES;
	struct spoilt spoilt = { .page =
				     site_region() + (is_output ? SITE_PLACE : 0) + page * PAGE };
	struct rider rider;
	struct site site;
	struct job job;

	rider_open(&rider);
	site_open_child(&site, spoil, &spoilt);
	/* As if the page had gone between the question and the access. */
	site.is_trusting = true;
	copy_init(&job, &site);
	ck_assert_int_eq(job_run(&job, &rider), -EFAULT);
	ck_assert(job.dreq.dreq_error_final);
	/* No output is written before all of its input is here. */
	ck_assert_uint_eq(copied(&site), !is_output || page == 0 ? 0 : page * PAGE - 5);
	job_fini(&job);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

START_TEST(a_fault_in_any_vector_of_any_input_is_efault)
{
	static const char *const names[] = { "zero", "fill8", "copy", "iscsi-crc32c", "xor4",
		"xor16" };
	struct spoilt spoilt = { .flaw = FLAW_UNMAPPED };
	const struct dmover_function *func = dmover_function_find(names[_i]);
	const unsigned last = func->dfn_has_output ? SITE_OUT : func->dfn_ninputs - 1;
	struct job *job = calloc(1, sizeof(*job));
	struct rider rider;
	struct site site;

	ck_assert_ptr_nonnull(job);
	rider_open(&rider);
	for (unsigned which = 0; which <= last; which++) {
		if (which >= func->dfn_ninputs && which != SITE_OUT)
			continue;
		spoilt.page = site_region() + which * SITE_PLACE + 70 * PAGE;
		site_open_child(&site, spoil, &spoilt);
		for (int trusting = 0; trusting < 2; trusting++) {
			site.is_trusting = trusting == 1;
			job_init(job, func->dfn_name, 100 * PAGE);
			job_scatter_all(job, &site, 5, 6);
			ck_assert_int_eq(job_run(job, &rider), -EFAULT);
			ck_assert(job->dreq.dreq_error_final);
			job_fini(job);
		}
		site_close(&site);
	}
	rider_close(&rider);
	free(job);
}
END_TEST

/*
 * ESRCH, or an error after which the CPU finds that out: io_uring turns the 0 of a WRITE into
 * EAGAIN (io_write() of the kernel's io_uring/rw.c), which others may mean, too.
 */
static bool
is_gone(const struct job *job)
{
	return job->dreq.dreq_error == -ESRCH
		   ? job->dreq.dreq_error_final
		   : job->dreq.dreq_error < 0 && !job->dreq.dreq_error_final;
}

START_TEST(memory_of_a_dead_child_is_gone)
{
	static const char *const names[] = { "fill8", "copy", "iscsi-crc32c", "xor5" };
	struct job *job = calloc(1, sizeof(*job));
	struct rider rider;
	struct site site;

	ck_assert_ptr_nonnull(job);
	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	site_kill(&site);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (int trusting = 0; trusting < 2; trusting++) {
			site.is_trusting = trusting == 1;
			job_init(job, names[i], 3 * PAGE);
			job_scatter_all(job, &site, 3, 2);
			ck_assert_int_ne(job_run(job, &rider), 0);
			ck_assert(is_gone(job));
			/* What is read first says so itself; so does the space. */
			if (trusting == 0 || job->dreq.dreq_func->dfn_ninputs > 0)
				ck_assert_int_eq(job->dreq.dreq_error, -ESRCH);
			job_fini(job);
		}
	}
	site_close(&site);
	rider_close(&rider);
	free(job);
}
END_TEST

#define MANY 12

START_TEST(a_child_may_die_while_its_bytes_are_moved)
{
	struct job *jobs = calloc(MANY, sizeof(*jobs));
	struct rider rider;
	struct site site;

	ck_assert_ptr_nonnull(jobs);
	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	for (unsigned i = 0; i < MANY; i++) {
		job_init(&jobs[i], "copy", 3 << 20);
		job_scatter_all(&jobs[i], &site, 3, 2);
		ck_assert_int_eq(job_submit(&jobs[i], &rider), 0);
	}
	site_kill(&site);
	for (unsigned i = 0; i < MANY; i++) {
		int err = job_wait(&jobs[i]);

		ck_assert_msg(err == 0 || is_gone(&jobs[i]), "%s", strerror(-err));
		job_fini(&jobs[i]);
	}
	site_close(&site);
	rider_close(&rider);
	free(jobs);
}
END_TEST

#define IMAGE_LEN ((size_t)3 << 20)

int
image_main(int argc, char **argv)
{
	uint8_t *at, *end, byte = 1;
	int ready, wait;

	if (argc != 6)
		return 2;
	at = mmap((void *)(uintptr_t)strtoull(argv[2], NULL, 16), strtoul(argv[3], NULL, 10),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ready = (int)strtol(argv[4], NULL, 10);
	wait = (int)strtol(argv[5], NULL, 10);
	if (at == MAP_FAILED)
		return 2;
	end = at + strtoul(argv[3], NULL, 10);
	memset(at, 0x77, (size_t)(end - at));
	if (write(ready, &byte, 1) != 1)
		return 2;
	while (read(wait, &byte, 1) < 0 && errno == EINTR)
		continue;
	while (at < end && *at == 0x77)
		at++;
	return at == end ? 0 : 1;
}

/* A child that turns into image_main's program, and the ends of its pipes. */
struct becoming {
	pid_t pid;
	int go;    /* a byte makes it turn */
	int ready; /* gives a byte when it has turned */
	int wait;  /* closing it lets it end */
};

static void
become_image(int ready, int wait)
{
	char path[4096], addr[32], len[32], ready_text[16], wait_text[16];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		_exit(3);
	path[n] = '\0';
	snprintf(addr, sizeof(addr), "%llx",
	    (unsigned long long)(uintptr_t)(site_region() + SITE_OUT * SITE_PLACE));
	snprintf(len, sizeof(len), "%zu", IMAGE_LEN);
	snprintf(ready_text, sizeof(ready_text), "%d", ready);
	snprintf(wait_text, sizeof(wait_text), "%d", wait);
	execl(path, path, "--image", addr, len, ready_text, wait_text, NULL);
	_exit(3);
}

static void
becoming_start(struct becoming *becoming)
{
	int go[2], ready[2], wait[2];
	char byte;

	site_region();
	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(wait), 0);
	becoming->pid = fork();
	ck_assert_int_ge(becoming->pid, 0);
	if (becoming->pid == 0) {
		close(go[1]);
		close(ready[0]);
		close(wait[1]);
		if (read(go[0], &byte, 1) == 1)
			become_image(ready[1], wait[0]);
		_exit(4);
	}
	close(go[0]);
	close(ready[1]);
	close(wait[0]);
	*becoming = (struct becoming){ becoming->pid, go[1], ready[0], wait[1] };
}

static void
becoming_turn(const struct becoming *becoming)
{
	char byte = 1;

	ck_assert_int_eq(write(becoming->go, &byte, 1), 1);
	ck_assert_int_eq(read(becoming->ready, &byte, 1), 1);
}

/* The program's own verdict on its memory. */
static int
becoming_end(const struct becoming *becoming)
{
	int status = -1;

	close(becoming->wait);
	ck_assert_int_eq(waitpid(becoming->pid, &status, 0), becoming->pid);
	close(becoming->go);
	close(becoming->ready);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
zero_init(struct job *job, struct site *site)
{
	job_init(job, "zero", IMAGE_LEN);
	job_place(job, SITE_OUT, site, site_region() + SITE_OUT * SITE_PLACE);
}

START_TEST(nothing_is_written_into_the_program_that_a_child_becomes)
{
	struct job *jobs = calloc(MANY, sizeof(*jobs));
	struct becoming becoming;
	struct rider rider;
	struct site site;

	ck_assert_ptr_nonnull(jobs);
	rider_open(&rider);
	becoming_start(&becoming);
	site_open_pid(&site, becoming.pid);
	site.is_trusting = true;
	for (unsigned i = 0; i < MANY; i++) {
		zero_init(&jobs[i], &site);
		ck_assert_int_eq(job_submit(&jobs[i], &rider), 0);
	}
	becoming_turn(&becoming);
	for (unsigned i = 0; i < MANY; i++) {
		int err = job_wait(&jobs[i]);

		ck_assert_msg(err == 0 || is_gone(&jobs[i]), "%s", strerror(-err));
		job_fini(&jobs[i]);
	}
	zero_init(&jobs[0], &site);
	ck_assert_int_ne(job_run(&jobs[0], &rider), 0);
	ck_assert(is_gone(&jobs[0]));
	job_fini(&jobs[0]);
	ck_assert_int_eq(becoming_end(&becoming), 0);
	site_close(&site);
	rider_close(&rider);
	free(jobs);
}
END_TEST

TCase *
make_faults(void)
{
	TCase *faults = tcase_create("faults");

	tcase_set_timeout(faults, 120);
	tcase_add_loop_test(faults, a_page_that_protection_forbids_is_efault_and_nothing_is_written,
	    0, 2 * (int)PAGES);
	tcase_add_loop_test(faults,
	    a_page_that_the_kernel_misses_is_efault_and_what_is_before_it_was_moved, 0,
	    2 * (int)PAGES);
	tcase_add_loop_test(faults, a_fault_in_any_vector_of_any_input_is_efault, 0, 6);
	tcase_add_test(faults, memory_of_a_dead_child_is_gone);
	tcase_add_test(faults, a_child_may_die_while_its_bytes_are_moved);
	tcase_add_test(faults, nothing_is_written_into_the_program_that_a_child_becomes);
	return faults;
}
