/* SPDX-License-Identifier: BSD-2-Clause */
/* uring_limits.c: probing, what is refused, what is full, stop, and memory that makes one wait. */
#include "uring_suites.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* As many as the engine takes at least before it is full, and some. */
#define CROWDED 200

static sem_t gate;

/* Keeps the engine's thread in the first completion until the gate opens. */
static void
wait_at_gate(struct job *job)
{
	(void)job;
	while (sem_wait(&gate) != 0)
		continue;
}

static void
copy_init(struct job *job, struct site *site, size_t len)
{
	job_init(job, "copy", len);
	job_place(job, 0, site, site_region());
	job_place(job, SITE_OUT, site, site_region() + SITE_PLACE);
}

START_TEST(a_full_engine_says_so_and_goes_on_when_there_is_room)
{
	struct job *jobs = calloc(CROWDED, sizeof(*jobs));
	unsigned taken = 0;
	struct rider rider;
	struct site site;
	int err = 0;

	ck_assert_ptr_nonnull(jobs);
	sem_init(&gate, 0, 0);
	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	for (; taken < CROWDED && err == 0; taken++) {
		copy_init(&jobs[taken], &site, 5000);
		if (taken == 0)
			jobs[0].hook = wait_at_gate;
		err = rider.engine->eng_submit(rider.state, &jobs[taken].dreq);
	}
	ck_assert_int_eq(err, -EAGAIN);
	ck_assert_uint_ge(taken, 2);
	/* The last one was not taken, and nothing happened to it. */
	ck_assert_uint_eq(jobs[taken - 1].ends, 0);
	sem_post(&gate);
	ck_assert_int_eq(job_run(&jobs[taken - 1], &rider), 0);
	for (unsigned i = 0; i < taken - 1; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), 0);
	for (unsigned i = 0; i < taken; i++)
		job_fini(&jobs[i]);
	site_close(&site);
	rider_close(&rider);
	sem_destroy(&gate);
	free(jobs);
}
END_TEST

START_TEST(closing_waits_for_what_is_inside)
{
	struct job jobs[6];
	struct rider rider;
	struct site site;

	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	for (unsigned i = 0; i < 6; i++) {
		copy_init(&jobs[i], &site, 3 << 20);
		ck_assert_int_eq(job_submit(&jobs[i], &rider), 0);
	}
	rider_close(&rider);
	for (unsigned i = 0; i < 6; i++) {
		ck_assert_uint_eq(jobs[i].ends, 1);
		ck_assert_int_eq(jobs[i].dreq.dreq_error, 0);
		job_fini(&jobs[i]);
	}
	site_close(&site);
}
END_TEST

/* The request that a completion submits, and the engine that it is for. */
static struct job follower;
static const struct rider *follower_rider;

static void
submit_follower(struct job *job)
{
	(void)job;
	ck_assert_int_eq(
	    follower_rider->engine->eng_submit(follower_rider->state, &follower.dreq), 0);
}

START_TEST(a_completion_may_submit_the_next_request)
{
	struct rider rider;
	struct site site;
	struct job job;

	rider_open(&rider);
	follower_rider = &rider;
	site_open_child(&site, NULL, NULL);
	copy_init(&job, &site, 100000);
	copy_init(&follower, &site, 3 << 20);
	job.hook = submit_follower;
	ck_assert_int_eq(job_run(&job, &rider), 0);
	ck_assert_int_eq(job_wait(&follower), 0);
	job_fini(&follower);
	job_fini(&job);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

static void
expect_refused(struct job *job, const struct rider *rider)
{
	const struct dmover_request before = job->dreq;

	ck_assert_int_eq(rider->engine->eng_submit(rider->state, &job->dreq), -EOPNOTSUPP);
	ck_assert_uint_eq(job->ends, 0);
	ck_assert_int_eq(memcmp(&before, &job->dreq, sizeof(before)), 0);
	job_fini(job);
}

/* What fails is done again, from inputs that have to be there still. */
START_TEST(an_output_that_overlaps_an_input_is_refused)
{
	static const size_t offsets[] = { 0, 1, 4096, 4999 };
	struct rider rider;
	struct site site;
	struct job job;

	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	for (unsigned i = 0; i < 4; i++) {
		copy_init(&job, &site, 5000);
		job_place(&job, SITE_OUT, &site, site_region() + offsets[i]);
		expect_refused(&job, &rider);
	}
	/* Beside each other is not over each other. */
	copy_init(&job, &site, 5000);
	job_place(&job, SITE_OUT, &site, site_region() + 5000);
	ck_assert_int_eq(job_run(&job, &rider), 0);
	job_fini(&job);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

START_TEST(a_space_without_a_file_is_refused)
{
	struct dmover_space_ops fileless;
	struct site site, other;
	struct rider rider;
	struct job job;

	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	other = site;
	fileless = *site.space.spc_ops;
	fileless.spo_file = NULL;
	other.space.spc_ops = &fileless;
	copy_init(&job, &site, 5000);
	job_place(&job, 0, &other, site_region());
	expect_refused(&job, &rider);
	other = site;
	other.mem_fd = -1;
	copy_init(&job, &site, 5000);
	job_place(&job, SITE_OUT, &other, site_region() + SITE_PLACE);
	expect_refused(&job, &rider);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

#define SLIVERS 1000u

/* The input in vectors of 10 bytes, STEP bytes from each other. */
static void
copy_init_slivers(struct job *job, struct site *site, struct iovec *slivers, size_t step)
{
	for (unsigned i = 0; i < SLIVERS; i++)
		slivers[i] = (struct iovec){ site_region() + i * step, 10 };
	copy_init(job, site, SLIVERS * 10);
	job->in[0].buf_uio.uio_iov = slivers;
	job->in[0].buf_uio.uio_iovcnt = SLIVERS;
}

/* Vectored calls are quicker there. */
START_TEST(what_is_cut_too_finely_is_refused_unless_it_touches)
{
	struct iovec slivers[SLIVERS];
	struct rider rider;
	struct site site;
	struct job job;

	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	copy_init_slivers(&job, &site, slivers, 20);
	expect_refused(&job, &rider);
	copy_init_slivers(&job, &site, slivers, 10);
	ck_assert_int_eq(job_run(&job, &rider), 0);
	job_fini(&job);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

START_TEST(vectors_that_hold_less_than_they_should_are_efault)
{
	struct rider rider;
	struct site site;
	struct job job;

	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	copy_init(&job, &site, 5000);
	job.iov[0][0].iov_len = 4999;
	ck_assert_int_eq(job_run(&job, &rider), -EFAULT);
	job_fini(&job);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

/* Vectors of one page each, out of order, more of them than a piece has operations. */
START_TEST(many_large_vectors_are_moved_in_several_pieces)
{
	static struct iovec in[700], out[700];
	uint8_t *got = malloc(700 * 4096);
	struct rider rider;
	struct site site;
	struct job job;

	ck_assert_ptr_nonnull(got);
	rider_open(&rider);
	site_open_child(&site, NULL, NULL);
	for (size_t i = 0; i < 700; i++) {
		in[i] = (struct iovec){ site_region() + i * 331 % 700 * 4100, 4096 };
		out[i] = (struct iovec){ site_region() + SITE_PLACE + i * 433 % 700 * 4100, 4096 };
	}
	copy_init(&job, &site, 700 * 4096);
	job.in[0].buf_uio.uio_iov = in;
	job.in[0].buf_uio.uio_iovcnt = 700;
	job.dreq.dreq_out.buf_uio.uio_iov = out;
	job.dreq.dreq_out.buf_uio.uio_iovcnt = 700;
	ck_assert_int_eq(job_run(&job, &rider), 0);
	for (size_t i = 0; i < 700; i++) {
		site_read(&site, got, out[i].iov_base, 4096);
		ck_assert_int_eq(memcmp(got, in[i].iov_base, 4096), 0);
	}
	job_fini(&job);
	free(got);
	site_close(&site);
	rider_close(&rider);
}
END_TEST

START_TEST(it_takes_no_arguments)
{
	struct rider rider;
	void *state = NULL;
	char why[64] = "";

	rider_open(&rider);
	ck_assert_int_eq(rider.engine->eng_open("depth=4", &state, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_null(state);
	ck_assert_str_ne(why, "");
	rider_close(&rider);
}
END_TEST

/* What the probe says in a child that PREPAREs itself; WHY of SIZE bytes gets the reason. */
static int
probe_in_child(void (*prepare)(long arg), long arg, char *why, size_t size)
{
	struct rider rider;
	int fds[2], err = 1;
	ssize_t n;
	pid_t pid;

	rider_open(&rider);
	rider_close(&rider);
	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char reason[128] = "";

		prepare(arg);
		err = rider.engine->eng_probe(reason, sizeof(reason));
		if (write(fds[1], &err, sizeof(err)) < 0 ||
		    write(fds[1], reason, sizeof(reason)) < 0)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &err, sizeof(err)), sizeof(err));
	n = read(fds[0], why, size);
	ck_assert_int_gt(n, 0);
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return err;
}

static void
lock_nothing(long unused)
{
	const struct rlimit none = { 0, 0 };

	(void)unused;
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || setresgid(65534, 65534, 65534) != 0 ||
	    setresuid(65534, 65534, 65534) != 0)
		_exit(1);
	prctl(PR_SET_DUMPABLE, 1);
}

START_TEST(a_probe_that_may_lock_no_memory_works_or_says_why_not)
{
	char why[128] = "";
	int err;

	if (geteuid() != 0)
		return;
	err = probe_in_child(lock_nothing, 0, why, sizeof(why));
	ck_assert_msg(err == 0 || (err == -ENODEV && why[0] != '\0'), "%d: %s", err, why);
}
END_TEST

/* A filter that answers the system call ARG / 4096 with the errno ARG % 4096. */
static void
forbid(long arg)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(arg / 4096), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)(arg % 4096)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(1);
}

static const struct {
	long call;
	int error;
	const char *reason; /* a part of it */
} forbidden[] = {
	{ SYS_io_uring_setup, EPERM, "io_uring" },
	{ SYS_io_uring_setup, EACCES, "forbidden" },
	{ SYS_io_uring_setup, ENOSYS, "no io_uring" },
	{ SYS_io_uring_setup, ENOMEM, "RLIMIT_MEMLOCK" },
	{ SYS_io_uring_setup, EMFILE, "io_uring_setup" },
	{ SYS_io_uring_register, EPERM, "io_uring_register" },
	{ SYS_io_uring_enter, EPERM, "does not move" },
};

START_TEST(a_probe_that_is_forbidden_what_it_needs_says_why)
{
	char why[128] = "";
	int err = probe_in_child(
	    forbid, forbidden[_i].call * 4096 + forbidden[_i].error, why, sizeof(why));

	ck_assert_int_eq(err, -ENODEV);
	ck_assert_msg(strstr(why, forbidden[_i].reason) != NULL, "%s", why);
}
END_TEST

/* Waits up to the deadline for the engine to take nothing, or to take things again. */
static void
wait_for_answer(struct job *job, const struct rider *rider, struct site *site, int answer)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (unsigned i = 0; i < SITE_DEADLINE_S * 100u; i++) {
		int err;

		copy_init(job, site, 100);
		err = rider->engine->eng_submit(rider->state, &job->dreq);
		if (err == 0) /* given back, at worst */
			job_wait(job);
		job_fini(job);
		if (err == answer)
			return;
		nanosleep(&pause, NULL);
	}
	ck_abort_msg("the engine never answered %d", answer);
}

#define SLOW_JOBS 10

/*
 * A pipe stands for a file that makes one wait, as a caller's memory does that lies in a file of
 * its own file system.  (Of userfaultfd(2) mem_rw() of the kernel makes an error at once.)
 */
START_TEST(a_file_that_makes_one_wait_delays_nobody_else)
{
	struct job *jobs = calloc(SLOW_JOBS + 3, sizeof(*jobs));
	struct site site, slow;
	struct job probing;
	struct rider rider;
	int fds[2];

	ck_assert_ptr_nonnull(jobs);
	ck_assert_int_eq(pipe(fds), 0);
	site_open_self(&site);
	slow = site;
	slow.mem_fd = fds[0];
	rider_open(&rider);
	/* More than there are pieces, so that the others cannot even begin. */
	for (unsigned i = 0; i < SLOW_JOBS + 3; i++) {
		copy_init(&jobs[i], &site, 100);
		if (i < SLOW_JOBS)
			job_place(&jobs[i], 0, &slow, site_region());
		ck_assert_int_eq(job_submit(&jobs[i], &rider), 0);
	}
	for (unsigned i = 0; i < SLOW_JOBS + 3; i++) {
		int err = job_wait(&jobs[i]);

		/* Given back, to be done by the CPU. */
		ck_assert(i < SLOW_JOBS ? err < 0 : err <= 0);
		ck_assert(!jobs[i].dreq.dreq_error_final);
		job_fini(&jobs[i]);
	}
	wait_for_answer(&probing, &rider, &site, -EAGAIN);
	wait_for_answer(&probing, &rider, &site, 0);
	rider_close(&rider);
	close(fds[0]);
	close(fds[1]);
	site_close(&site);
	free(jobs);
}
END_TEST

TCase *
make_limits(void)
{
	TCase *limits = tcase_create("limits");

	tcase_set_timeout(limits, 120);
	tcase_add_test(limits, a_full_engine_says_so_and_goes_on_when_there_is_room);
	tcase_add_test(limits, closing_waits_for_what_is_inside);
	tcase_add_test(limits, a_completion_may_submit_the_next_request);
	tcase_add_test(limits, an_output_that_overlaps_an_input_is_refused);
	tcase_add_test(limits, a_space_without_a_file_is_refused);
	tcase_add_test(limits, what_is_cut_too_finely_is_refused_unless_it_touches);
	tcase_add_test(limits, vectors_that_hold_less_than_they_should_are_efault);
	tcase_add_test(limits, many_large_vectors_are_moved_in_several_pieces);
	tcase_add_test(limits, it_takes_no_arguments);
	tcase_add_test(limits, a_probe_that_may_lock_no_memory_works_or_says_why_not);
	tcase_add_loop_test(limits, a_probe_that_is_forbidden_what_it_needs_says_why, 0,
	    (int)(sizeof(forbidden) / sizeof(forbidden[0])));
	tcase_add_test(limits, a_file_that_makes_one_wait_delays_nobody_else);
	return limits;
}
