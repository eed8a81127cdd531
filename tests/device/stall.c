/* SPDX-License-Identifier: BSD-2-Clause */
/* stall.c: a caller whose memory makes whoever touches it wait (userfaultfd). */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

/* The user whose memory stalls: others, root among them, must not notice. */
#define STALLER 65534
#define STALLED 24
#define AREA    (2 * MIB)

/* What of a request lies in memory that stalls. */
enum stalled_part { STALLED_INPUT, STALLED_OUTPUT, STALLED_VECTORS, STALLED_PARTS };

/* Shared between the test and its child. */
struct stall {
	atomic_int uffd;    /* the descriptor's number in the child, or -errno; 0: not yet */
	atomic_bool taken;  /* the test has a copy, and the child none any more */
	atomic_int started; /* threads that are about to write */
	enum stalled_part part;
};

/* One of the child's threads; each has memory of its own, so that each stalls. */
struct stalled_thread {
	pthread_t thread;
	struct stall *stall;
	uint8_t *area;
	size_t len;
	bool ok;
};

static void *
stalled_main(void *arg)
{
	struct stalled_thread *self = arg;
	uint8_t *plain = memory_map(self->len);
	int fd = session_open("copy");
	struct request request;

	request_init(&request, 1);
	request_in(&request, 0, self->stall->part == STALLED_INPUT ? self->area : plain, self->len);
	request_out(&request, self->stall->part == STALLED_OUTPUT ? self->area : plain, self->len);
	if (self->stall->part == STALLED_VECTORS)
		request.wire.req_outbuf.dmbuf_iov = (struct iovec *)self->area;
	atomic_fetch_add(&self->stall->started, 1);
	/* Vectors that turn out to be zeros in the end are a length that differs. */
	if (self->stall->part == STALLED_VECTORS) {
		self->ok = write(fd, &request.wire, sizeof(request.wire)) == -1 && errno == EINVAL;
	} else {
		int error = session_run(fd, &request.wire);

		/* The kernel does not let a daemon wait for such memory by every road that it has. */
		self->ok = error == 0 || error == EFAULT;
	}
	return NULL;
}

static int
stalling_memory(uint8_t **ret_memory)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) != 0)
		return -errno;
	*ret_memory = memory_map(STALLED * AREA);
	range = (struct uffdio_register){ .range = { (uintptr_t)*ret_memory, STALLED * AREA },
		.mode = UFFDIO_REGISTER_MODE_MISSING };
	return ioctl(uffd, UFFDIO_REGISTER, &range) == 0 ? uffd : -errno;
}

/* The child: half of its threads stall small requests, half stall large ones. */
static void
stalling_child(struct stall *stall)
{
	struct stalled_thread threads[STALLED];
	uint8_t *memory = NULL;
	int uffd = stalling_memory(&memory);
	bool ok = true;

	if (uffd >= 0 && (setresgid(STALLER, STALLER, STALLER) != 0 ||
			     setresuid(STALLER, STALLER, STALLER) != 0))
		uffd = -errno;
	atomic_store(&stall->uffd, uffd);
	if (uffd < 0)
		_exit(1);
	WAIT_UNTIL(atomic_load(&stall->taken));
	close(uffd);
	for (unsigned i = 0; i < STALLED; i++) {
		threads[i] = (struct stalled_thread){
			.stall = stall, .area = memory + i * AREA, .len = i % 2 ? PAGE : AREA
		};
		ck_assert_int_eq(
		    pthread_create(&threads[i].thread, NULL, stalled_main, &threads[i]), 0);
	}
	for (unsigned i = 0; i < STALLED; i++) {
		pthread_join(threads[i].thread, NULL);
		ok = ok && threads[i].ok;
	}
	_exit(ok ? 0 : 1);
}

/* Starts the child; returns when the daemon stalls in its memory.  -1: printed why it cannot be. */
static pid_t
stall_start(struct stall *stall, int *ret_uffd)
{
	struct pollfd pfd = { .events = POLLIN };
	pid_t child = fork();
	int pidfd;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		stalling_child(stall);
	WAIT_UNTIL(atomic_load(&stall->uffd) != 0);
	if (atomic_load(&stall->uffd) < 0) {
		sleeper_reap(child);
		return -1;
	}
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	*ret_uffd = (int)syscall(SYS_pidfd_getfd, pidfd, atomic_load(&stall->uffd), 0);
	ck_assert_msg(*ret_uffd >= 0, "pidfd_getfd: %s", strerror(errno));
	atomic_store(&stall->taken, true);
	/* A descriptor of that kind is readable when somebody waits. */
	pfd.fd = *ret_uffd;
	ck_assert_int_eq(poll(&pfd, 1, suite_deadline_ms()), 1);
	WAIT_UNTIL(atomic_load(&stall->started) == STALLED);
	return child;
}

static struct stall *
stall_new(int part)
{
	struct stall *stall =
	    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(stall, MAP_FAILED);
	stall->part = (enum stalled_part)part;
	return stall;
}

static void
work_of_every_kind(void)
{
	uint8_t *memory = memory_map(8 * MIB);
	int fd = session_open("fill8");
	struct request request;

	for (unsigned i = 0; i < 8; i++) {
		request_init(&request, i);
		request_out(&request, memory, i % 2 ? 8 * MIB : 100);
		request.wire.req_immediate[0] = (uint8_t)(i + 1);
		EXPECT(session_run(fd, &request.wire), 0);
		EXPECT(memory[0], i + 1);
	}
	suite_daemon_works();
}

START_TEST(memory_that_stalls_does_not_stall_other_users)
{
	struct stall *stall = stall_new(_i);
	int uffd = -1, status;
	pid_t child;

	if (geteuid() != 0)
		SKIP("needs root for another user's process");
	if (suite_is_serial())
		SKIP("the daemon's threads take turns");
	child = stall_start(stall, &uffd);
	if (child < 0)
		SKIP("no userfaultfd: %s", strerror(-atomic_load(&stall->uffd)));
	for (unsigned i = 0; i < 5; i++)
		work_of_every_kind();
	/* Without its last descriptor the memory is ordinary, and all that waited goes on. */
	close(uffd);
	status = sleeper_reap(child);
	EXPECT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	suite_daemon_works();
}
END_TEST

START_TEST(sigkill_ends_a_caller_whose_memory_stalls)
{
	struct stall *stall = stall_new(_i);
	int uffd = -1, status;
	pid_t child;

	if (geteuid() != 0)
		SKIP("needs root for another user's process");
	if (suite_is_serial())
		SKIP("the daemon's threads take turns");
	child = stall_start(stall, &uffd);
	if (child < 0)
		SKIP("no userfaultfd: %s", strerror(-atomic_load(&stall->uffd)));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	status = sleeper_reap(child);
	EXPECT(WIFSIGNALED(status), true);
	work_of_every_kind();
	close(uffd);
	suite_daemon_works();
}
END_TEST

Suite *
suite_stall(void)
{
	Suite *suite = suite_create("stall");
	TCase *tcase = suite_case(suite, "stall");

	tcase_add_loop_test(tcase, memory_that_stalls_does_not_stall_other_users, 0, STALLED_PARTS);
	tcase_add_loop_test(tcase, sigkill_ends_a_caller_whose_memory_stalls, 0, STALLED_PARTS);
	return suite;
}
