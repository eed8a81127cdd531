/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile.c: callers that mean no good get an errno or a resp_error, and nobody else notices. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "memory.h"
#include "oracle.h"
#include "session.h"
#include "sleeper.h"

#define ARENA (256 * KIB)

static uint64_t
random64(void)
{
	return (uint64_t)suite_random() << 32 | suite_random();
}

/* An address inside the arena, or anywhere that is nobody's. */
static void *
random_address(uint8_t *arena)
{
	switch (suite_random() % 8) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)(suite_random() % 65536);
	case 2:
		return (void *)(uintptr_t)(random64() | 0x8000000000000000);
	case 3:
		return arena + ARENA - suite_random() % 64;
	default:
		return arena + suite_random() % ARENA;
	}
}

static unsigned
random_count(void)
{
	static const unsigned counts[] = { 0, 1, 1, 1, 2, 3, 16, 1023, 1024, 1025, 65536,
		0x7fffffff, 0x80000000, 0xffffffff };

	return counts[suite_random() % (sizeof(counts) / sizeof(counts[0]))];
}

/* Lengths that are small, or so large that they leave the caller's half of the address space. */
static size_t
random_length(void)
{
	switch (suite_random() % 6) {
	case 0:
		return 0;
	case 1:
		return (size_t)1 << 63 >> suite_random() % 8;
	case 2:
		return SIZE_MAX - suite_random() % 16;
	case 3:
		return PAGE;
	default:
		return suite_random() % 9000;
	}
}

/* Fills the arena with vectors and buffer descriptors, so that random addresses often hit one. */
static void
random_arena(uint8_t *arena)
{
	for (size_t at = 0; at + 16 <= ARENA; at += 16) {
		struct iovec iov = { random_address(arena), random_length() };
		dmio_buffer buffer = { random_address(arena), random_count() };

		if (suite_random() % 3)
			memcpy(arena + at, &iov, sizeof(iov));
		else
			memcpy(arena + at, &buffer, sizeof(buffer));
	}
}

/* Reads what there is; a blocking session would wait for a caller that never comes. */
static unsigned
read_all(int fd, unsigned expected)
{
	struct dmio_usrresp responses[64];
	unsigned n = 0;

	while (n < expected) {
		ssize_t len;

		session_wait(fd, POLLIN);
		len = read(fd, responses, sizeof(responses));
		ck_assert_int_gt(len, 0);
		n += (unsigned)((size_t)len / sizeof(responses[0]));
	}
	return n;
}

START_TEST(random_records_get_an_errno_or_one_response)
{
	const struct oracle_function *function = &oracle_functions[_i % (int)oracle_nfunctions];
	uint8_t *guard = mmap(
	    NULL, (size_t)1 << 36, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *arena = guard + ((size_t)1 << 35);
	struct dmio_usrreq *wires = memory_map(64 * sizeof(*wires));
	int fd = session_open(function->name);

	/* Far from everything else: a vector may run out of the arena, and must then fault. */
	ck_assert_ptr_ne(guard, MAP_FAILED);
	memory_protect(arena, ARENA, PROT_READ | PROT_WRITE);
	session_nonblock(fd, true);
	for (unsigned round = 0; round < 60; round++) {
		unsigned n = 1 + suite_random() % 8, accepted;
		ssize_t len;

		if (!suite_takes(round))
			continue;
		random_arena(arena);
		for (unsigned i = 0; i < n; i++) {
			wires[i].req_outbuf =
			    (dmio_buffer){ random_address(arena), random_count() };
			wires[i].req_inbuf = random_address(arena);
			wires[i].req_id = suite_random();
		}
		len = write(fd, wires, n * sizeof(*wires));
		ck_assert_msg(
		    len >= 0 || errno == EFAULT || errno == EINVAL, "write: %s", strerror(errno));
		accepted = len < 0 ? 0 : (unsigned)((size_t)len / sizeof(*wires));
		ck_assert_uint_eq(read_all(fd, accepted), accepted);
		EXPECT(session_ready(fd), POLLOUT);
	}
	suite_daemon_works();
}
END_TEST

START_TEST(random_bytes_of_any_length_do_no_harm)
{
	static const char *const names[] = { "zero", "iscsi-crc32c", "xor16" };
	uint8_t *bytes = memory_map(8 * KIB);

	/* Addresses of random bytes are nobody's: bit 63 is set in each eight of them. */
	for (unsigned round = 0; round < 200; round++) {
		int fd = session_open(names[round % 3]);
		size_t len = suite_random() % (8 * KIB);
		ssize_t written;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(suite_random() | (i % 8 == 7 ? 0x80 : 0));
		if (round % 2)
			len -= len % 160;
		session_nonblock(fd, true);
		written = write(fd, bytes, len);
		ck_assert_msg(written >= 0 || errno == EFAULT || errno == EINVAL, "write: %s",
		    strerror(errno));
		close(fd);
	}
	EXPECT(session_ready(session_open("zero")), POLLOUT);
	suite_daemon_works();
}
END_TEST

/* Another thread changes the descriptors all the time. */
struct changer {
	pthread_t thread;
	struct iovec *iov;
	dmio_buffer *inbuf;
	uint8_t *memory;
	atomic_bool stop;
};

static void *
changer_main(void *arg)
{
	struct changer *changer = arg;
	volatile struct iovec *iov = changer->iov;
	volatile dmio_buffer *inbuf = changer->inbuf;

	for (unsigned i = 0; !atomic_load(&changer->stop); i++) {
		iov[0].iov_len = i % 2 ? PAGE : 3 * PAGE;
		iov[1].iov_len = i % 3 ? PAGE : 3 * PAGE;
		iov[0].iov_base = i % 5 ? changer->memory : (void *)(uintptr_t)0xffff888000000000;
		inbuf->dmbuf_iovcnt = i % 7 ? 1 : 2000000000;
		inbuf->dmbuf_iov = i % 11 ? changer->iov + 1 : NULL;
	}
	return NULL;
}

/* Memory: output of one page, two pages that must stay, three pages of input. */
START_TEST(descriptors_that_change_during_the_write_are_read_once)
{
	struct changer changer = { .memory = memory_map(6 * PAGE), .iov = memory_map(PAGE) };
	struct dmio_usrreq wire = { .req_inbuf = memory_map(PAGE), .req_id = 3 };
	int fd = session_open("copy");
	unsigned done = 0;

	changer.inbuf = wire.req_inbuf;
	changer.iov[1].iov_base = changer.memory + 3 * PAGE;
	wire.req_outbuf = (dmio_buffer){ changer.iov, 1 };
	memset(changer.memory + 3 * PAGE, 0xbb, 3 * PAGE);
	ck_assert_int_eq(pthread_create(&changer.thread, NULL, changer_main, &changer), 0);
	for (unsigned i = 0; i < 3000; i++) {
		if (write(fd, &wire, sizeof(wire)) < 0) {
			ck_assert_msg(
			    errno == EFAULT || errno == EINVAL, "write: %s", strerror(errno));
			continue;
		}
		struct dmio_usrresp response = session_response(fd);

		ck_assert_msg(response.resp_error == 0 || response.resp_error == EFAULT, "%s",
		    strerror(response.resp_error));
		done += response.resp_error == 0;
	}
	atomic_store(&changer.stop, true);
	ck_assert_int_eq(pthread_join(changer.thread, NULL), 0);
	/* Three pages are legal when both sides said so; the input must stay in any case. */
	EXPECT(memory_is(changer.memory + 3 * PAGE, 0xbb, 3 * PAGE), true);
	EXPECT(session_ready(fd), POLLOUT);
	suite_daemon_works();
	(void)done;
}
END_TEST

static void *
protector_main(void *arg)
{
	struct changer *changer = arg;

	for (unsigned i = 0; !atomic_load(&changer->stop); i++)
		mprotect(changer->memory, 4 * MIB, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
	return NULL;
}

START_TEST(protection_that_changes_during_the_work_is_efault_or_done)
{
	struct changer changer = { .memory = memory_map(4 * MIB) };
	struct request request;
	int fd = session_open("fill8");

	ck_assert_int_eq(pthread_create(&changer.thread, NULL, protector_main, &changer), 0);
	for (unsigned i = 0; i < 200; i++) {
		int error;

		request_init(&request, i);
		request_out(&request, changer.memory, i % 2 ? 4 * MIB : 16 * PAGE);
		error = session_run(fd, &request.wire);
		ck_assert_msg(error == 0 || error == EFAULT, "%s", strerror(error));
	}
	atomic_store(&changer.stop, true);
	ck_assert_int_eq(pthread_join(changer.thread, NULL), 0);
	EXPECT(session_ready(fd), POLLOUT);
	suite_daemon_works();
}
END_TEST

/* What the mapped device is used as. */
enum device_use { USE_INPUT, USE_OUTPUT, USE_VECTORS, USE_INPUTS, USE_TOUCH, USES };

static void
use_device_mapping(uint8_t *map, enum device_use use)
{
	uint8_t *memory = memory_map(PAGE);
	int fd = session_open("copy");
	struct request request;

	request_init(&request, 1);
	request_in(&request, 0, use == USE_INPUT ? map : memory, PAGE);
	request_out(&request, use == USE_OUTPUT ? map : memory, PAGE);
	if (use == USE_VECTORS)
		request.wire.req_outbuf.dmbuf_iov = (struct iovec *)map;
	if (use == USE_INPUTS)
		request.wire.req_inbuf = (dmio_buffer *)map;
	if (use == USE_TOUCH)
		_exit(*(volatile uint8_t *)map == 0 ? 0 : 0);
	/* Any answer is good; none is not. */
	if (write(fd, &request.wire, sizeof(request.wire)) > 0)
		(void)session_response(fd);
	_exit(0);
}

/* A page of it is read by asking the daemon, that is in the middle of serving this very caller. */
START_TEST(a_private_mapping_of_the_device_as_a_buffer_hangs_nobody)
{
	int fd = session_open("zero"), status;
	uint8_t *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	pid_t child;

	if (suite_is_serial())
		SKIP("the daemon's threads take turns");
	if (map == MAP_FAILED) {
		EXPECT(errno, ENODEV);
		return;
	}
	session_fill(fd, 50, 4);
	child = fork();
	if (child == 0)
		use_device_mapping(map, (enum device_use)_i);
	status = sleeper_reap(child);
	if (_i != USE_TOUCH)
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %#x", status);
	/* The page did not come out of the responses. */
	for (unsigned i = 0; i < 4; i++) {
		uint32_t id = session_response(fd).resp_id;

		ck_assert(id >= 50 && id < 54);
	}
	EXPECT(session_ready(fd), POLLOUT);
	suite_daemon_works();
}
END_TEST

/* A vector array inside the output: what is written does not become a descriptor. */
START_TEST(descriptors_inside_the_output_are_read_before_it_is_written)
{
	struct {
		struct iovec iov[4];
		dmio_buffer in[1];
		uint8_t rest[PAGE];
	} *arena = memory_map(2 * PAGE);
	uint8_t *from = memory_map(2 * PAGE);
	struct dmio_usrreq wire = { .req_outbuf = { arena->iov, 2 }, .req_inbuf = arena->in };

	memset(from, 0xfe, 2 * PAGE);
	arena->iov[0] = (struct iovec){ arena, 128 };
	arena->iov[1] = (struct iovec){ arena->rest, PAGE };
	arena->iov[2] = (struct iovec){ from, PAGE + 128 };
	arena->in[0] = (dmio_buffer){ &arena->iov[2], 1 };
	EXPECT(session_run(session_open("copy"), &wire), 0);
	EXPECT(memory_is(arena->rest, 0xfe, PAGE), true);
	EXPECT(memory_is(arena, 0xfe, offsetof(__typeof__(*arena), rest)), true);
}
END_TEST

Suite *
suite_hostile(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tcase = suite_case(suite, "hostile");

	tcase_add_loop_test(
	    tcase, random_records_get_an_errno_or_one_response, 0, (int)oracle_nfunctions);
	tcase_add_test(tcase, random_bytes_of_any_length_do_no_harm);
	tcase_add_test(tcase, descriptors_that_change_during_the_write_are_read_once);
	tcase_add_test(tcase, protection_that_changes_during_the_work_is_efault_or_done);
	tcase_add_loop_test(
	    tcase, a_private_mapping_of_the_device_as_a_buffer_hangs_nobody, 0, USES);
	tcase_add_test(tcase, descriptors_inside_the_output_are_read_before_it_is_written);
	return suite;
}
