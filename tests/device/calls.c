/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.c: open, ioctl, and which lengths read and write take. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "memory.h"
#include "oracle.h"
#include "session.h"
#include "sleeper.h"

START_TEST(the_path_is_what_its_front_end_says)
{
	struct stat st;

	ck_assert_int_eq(stat(suite_path(), &st), 0);
	EXPECT(S_ISCHR(st.st_mode) != 0, suite_is_cuse());
	EXPECT(S_ISREG(st.st_mode) != 0, !suite_is_cuse());
	EXPECT(st.st_mode & 0777, 0666);
}
END_TEST

START_TEST(every_open_is_its_own_session)
{
	int a = session_open("zero"), b = session_open(NULL), c;
	struct request request;

	EXPECT(session_set(b, "copy"), 0);
	c = session_open("xor2");
	request_empty(&request, 5);
	session_write(a, &request.wire, 1);
	session_wait(a, POLLIN);
	EXPECT(session_ready(b), POLLOUT);
	EXPECT(session_ready(c), POLLOUT);
	EXPECT(session_response(a).resp_id, 5);
}
END_TEST

START_TEST(every_function_of_the_table_can_be_selected)
{
	int fd = session_open(NULL);

	EXPECT(session_set(fd, oracle_functions[_i].name), 0);
}
END_TEST

static const char *const unknown_functions[] = { "", "xor", "xor0", "xor1", "xor17", "xor02",
	"xor2x", "xor-2", "Copy", "copy ", " copy", "cop", "copyx", "crc32c", "iscsi-crc32", "fill",
	"fill16", "%s%s%n", "../zero" };

START_TEST(an_unknown_function_is_esrch_and_another_may_follow)
{
	int fd = session_open(NULL);

	EXPECT_ERRNO(session_set(fd, unknown_functions[_i]), ESRCH);
	EXPECT_ERRNO(session_set(fd, unknown_functions[_i]), ESRCH);
	EXPECT(session_set(fd, "copy"), 0);
}
END_TEST

START_TEST(a_name_without_an_end_is_cut_at_its_last_byte)
{
	struct dmio_setfunc dsf;
	int fd = session_open(NULL);

	memset(dsf.dsf_name, 'a', sizeof(dsf.dsf_name));
	EXPECT_ERRNO(ioctl(fd, DMIO_SETFUNC, &dsf), ESRCH);
	/* What follows the end of the name does not count. */
	memcpy(dsf.dsf_name, "zero", 5);
	EXPECT(ioctl(fd, DMIO_SETFUNC, &dsf), 0);
}
END_TEST

START_TEST(a_name_that_cannot_be_read_is_efault)
{
	uint8_t *end = (uint8_t *)memory_map_at_end(32);
	int fd = session_open(NULL);

	memset(end, 'z', 32);
	EXPECT_ERRNO(ioctl(fd, DMIO_SETFUNC, (void *)1), EFAULT);
	EXPECT_ERRNO(ioctl(fd, DMIO_SETFUNC, end), EFAULT);
	EXPECT(session_set(fd, "zero"), 0);
}
END_TEST

START_TEST(a_second_setfunc_is_ebusy)
{
	int fd = session_open("copy");

	EXPECT_ERRNO(session_set(fd, "copy"), EBUSY);
	EXPECT_ERRNO(session_set(fd, "zero"), EBUSY);
	EXPECT_ERRNO(session_set(fd, "no such function"), EBUSY);
	/* The first one holds. */
	struct request request;
	uint8_t *memory = memory_map(2 * PAGE);

	memory_fill(memory, PAGE, 7);
	request_init(&request, 1);
	request_out(&request, memory + PAGE, PAGE);
	request_in(&request, 0, memory, PAGE);
	EXPECT(session_run(fd, &request.wire), 0);
	EXPECT_BYTES(memory + PAGE, memory, PAGE);
}
END_TEST

START_TEST(other_ioctls_are_enotty)
{
	static const unsigned long numbers[] = { _IO('D', 1), _IO('D', 0), _IOW('D', 1, int),
		_IOR('D', 0, struct dmio_setfunc), _IOWR('D', 0, struct dmio_setfunc),
		_IOW('D', 0, int), _IOW('E', 0, struct dmio_setfunc), TCGETS, 0xdeadbeef };
	uint8_t *memory = memory_map(64 * KIB);
	int fd = session_open(NULL);

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		EXPECT_ERRNO(ioctl(fd, numbers[i], memory), ENOTTY);
	EXPECT(session_set(fd, "zero"), 0);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		EXPECT_ERRNO(ioctl(fd, numbers[i], memory), ENOTTY);
}
END_TEST

START_TEST(fionbio_and_fioasync_are_the_kernels)
{
	int on = 1, off = 0, result, fd = session_open("zero");
	struct dmio_usrresp response;

	EXPECT(ioctl(fd, FIONBIO, &on), 0);
	EXPECT((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, true);
	EXPECT_ERRNO(read(fd, &response, sizeof(response)), EAGAIN);
	EXPECT(ioctl(fd, FIONBIO, &off), 0);
	EXPECT((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, false);
	/* Without an fasync method the kernel refuses to switch it on, and asks nobody. */
	result = ioctl(fd, FIOASYNC, &on);
	ck_assert_msg(result == 0 || errno == ENOTTY, "FIOASYNC: %s", strerror(errno));
	EXPECT(ioctl(fd, FIOASYNC, &off), 0);
}
END_TEST

START_TEST(reading_and_writing_before_setfunc_is_enxio)
{
	struct dmio_usrreq requests[2] = { 0 };
	struct dmio_usrresp responses[2];
	int fd = session_open(NULL);

	for (int nonblock = 0; nonblock < 2; nonblock++) {
		session_nonblock(fd, nonblock);
		EXPECT_ERRNO(write(fd, requests, sizeof(requests[0])), ENXIO);
		EXPECT_ERRNO(write(fd, requests, sizeof(requests)), ENXIO);
		EXPECT_ERRNO(read(fd, responses, sizeof(responses[0])), ENXIO);
		EXPECT_ERRNO(read(fd, responses, sizeof(responses)), ENXIO);
	}
}
END_TEST

START_TEST(a_wrong_length_before_setfunc_is_einval)
{
	uint8_t bytes[64] = { 0 };
	int fd = session_open(NULL);

	EXPECT_ERRNO(write(fd, bytes, 1), EINVAL);
	EXPECT_ERRNO(write(fd, bytes, 39), EINVAL);
	EXPECT_ERRNO(read(fd, bytes, 1), EINVAL);
	EXPECT_ERRNO(read(fd, bytes, 15), EINVAL);
}
END_TEST

START_TEST(a_length_of_zero_is_zero)
{
	uint8_t byte;
	int fd = session_open(NULL);

	EXPECT(write(fd, &byte, 0), 0);
	EXPECT(read(fd, &byte, 0), 0);
	EXPECT(session_set(fd, "zero"), 0);
	EXPECT(write(fd, &byte, 0), 0);
	EXPECT(read(fd, &byte, 0), 0);
	session_nonblock(fd, true);
	EXPECT(write(fd, &byte, 0), 0);
	EXPECT(read(fd, &byte, 0), 0);
}
END_TEST

START_TEST(a_length_that_is_not_a_multiple_is_einval)
{
	uint8_t bytes[256] = { 0 };
	int fd = session_open("zero");
	struct request request;

	for (size_t len = 1; len < sizeof(bytes); len++) {
		if (len % sizeof(struct dmio_usrreq) != 0 && len % 32 != 0)
			EXPECT_ERRNO(write(fd, bytes, len), EINVAL);
	}
	/* The first write decides for the current layout. */
	request_empty(&request, 1);
	session_write(fd, &request.wire, 1);
	for (size_t len = 1; len < sizeof(bytes); len++) {
		if (len % sizeof(struct dmio_usrreq) != 0)
			EXPECT_ERRNO(write(fd, bytes, len), EINVAL);
		if (len % sizeof(struct dmio_usrresp) != 0)
			EXPECT_ERRNO(read(fd, bytes, len), EINVAL);
	}
	EXPECT(session_response(fd).resp_id, 1);
}
END_TEST

START_TEST(several_requests_go_in_one_write_and_several_responses_in_one_read)
{
	struct request requests[8];
	struct dmio_usrreq wires[8];
	struct dmio_usrresp responses[8];
	int fd = session_open("zero");
	unsigned seen = 0;

	for (unsigned i = 0; i < 8; i++) {
		request_empty(&requests[i], i);
		wires[i] = requests[i].wire;
	}
	EXPECT(write(fd, wires, sizeof(wires)), sizeof(wires));
	EXPECT(read(fd, responses, sizeof(responses)), sizeof(responses));
	for (unsigned i = 0; i < 8; i++)
		seen |= 1U << responses[i].resp_id;
	EXPECT(seen, 0xff);
}
END_TEST

/* Vectors cut records where they like; what is not a whole record when a call ends is not taken. */
START_TEST(writev_and_readv_may_cut_records_anywhere)
{
	struct request requests[8];
	struct dmio_usrreq wires[8];
	struct dmio_usrresp responses[8];
	struct iovec iov[160];
	int fd = session_open("zero");
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++) {
		request_empty(&requests[i], i);
		wires[i] = requests[i].wire;
	}
	for (size_t done = 0; done < sizeof(wires); done += iov[n++].iov_len)
		iov[n] = (struct iovec){ (uint8_t *)wires + done,
			sizeof(wires) - done < 17 ? sizeof(wires) - done : 17 };
	EXPECT(writev(fd, iov, (int)n), sizeof(wires));
	n = 0;
	for (size_t done = 0; done < sizeof(responses); done += iov[n++].iov_len)
		iov[n] = (struct iovec){ (uint8_t *)responses + done,
			sizeof(responses) - done < 7 ? sizeof(responses) - done : 7 };
	EXPECT(readv(fd, iov, (int)n), sizeof(responses));
	for (unsigned i = 0; i < 8; i++)
		EXPECT(responses[i].resp_error, 0);
}
END_TEST

/* More than the kernel hands over at once (128 KiB and fewer), at an odd address. */
START_TEST(one_write_of_eight_thousand_requests_is_taken_whole)
{
	enum { N = 8000 };
	struct dmio_usrreq *wires =
	    (struct dmio_usrreq *)((uint8_t *)memory_map(N * sizeof(*wires) + PAGE) + 8);
	struct dmio_usrresp *responses = calloc(N, sizeof(*responses));
	uint8_t *seen = calloc(N, 1);
	struct iovec nothing = { 0 };
	int fd = session_open("zero");
	struct sleeper writer = {
		.fd = fd, .call = sleeper_write, .buf = wires, .len = N * sizeof(*wires)
	};

	for (unsigned i = 0; i < N; i++)
		wires[i] = (struct dmio_usrreq){ .req_outbuf = { &nothing, 1 }, .req_id = i };
	sleeper_start(&writer);
	for (unsigned n = 0; n < N;) {
		ssize_t len;

		session_wait(fd, POLLIN);
		/* The rest fits, but the call ends when nothing is outstanding. */
		len = read(fd, responses, (N - n) * sizeof(*responses));
		ck_assert_int_gt(len, 0);
		for (size_t i = 0; i < (size_t)len / sizeof(*responses); i++, n++) {
			ck_assert_int_eq(responses[i].resp_error, 0);
			ck_assert_uint_lt(responses[i].resp_id, N);
			ck_assert_int_eq(seen[responses[i].resp_id]++, 0);
		}
	}
	sleeper_join(&writer);
	EXPECT(writer.result, N * sizeof(*wires));
	EXPECT(session_ready(fd), POLLOUT);
}
END_TEST

START_TEST(a_shared_mapping_of_the_device_is_enodev)
{
	int fd = session_open("zero");

	errno = 0;
	EXPECT(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED, true);
	EXPECT(errno, ENODEV);
}
END_TEST

START_TEST(a_response_buffer_that_cannot_be_written_is_efault)
{
	int fd = session_open("zero");

	session_fill(fd, 1, 1);
	session_wait(fd, POLLIN);
	EXPECT_ERRNO(read(fd, (void *)PAGE, sizeof(struct dmio_usrresp)), EFAULT);
	EXPECT_ERRNO(write(fd, (void *)PAGE, sizeof(struct dmio_usrreq)), EFAULT);
}
END_TEST

Suite *
suite_calls(void)
{
	Suite *suite = suite_create("calls");
	TCase *tcase = suite_case(suite, "calls");

	tcase_add_test(tcase, the_path_is_what_its_front_end_says);
	tcase_add_test(tcase, every_open_is_its_own_session);
	tcase_add_loop_test(
	    tcase, every_function_of_the_table_can_be_selected, 0, (int)oracle_nfunctions);
	tcase_add_loop_test(tcase, an_unknown_function_is_esrch_and_another_may_follow, 0,
	    (int)(sizeof(unknown_functions) / sizeof(unknown_functions[0])));
	tcase_add_test(tcase, a_name_without_an_end_is_cut_at_its_last_byte);
	tcase_add_test(tcase, a_name_that_cannot_be_read_is_efault);
	tcase_add_test(tcase, a_second_setfunc_is_ebusy);
	tcase_add_test(tcase, other_ioctls_are_enotty);
	tcase_add_test(tcase, fionbio_and_fioasync_are_the_kernels);
	tcase_add_test(tcase, reading_and_writing_before_setfunc_is_enxio);
	tcase_add_test(tcase, a_wrong_length_before_setfunc_is_einval);
	tcase_add_test(tcase, a_length_of_zero_is_zero);
	tcase_add_test(tcase, a_length_that_is_not_a_multiple_is_einval);
	tcase_add_test(tcase, several_requests_go_in_one_write_and_several_responses_in_one_read);
	tcase_add_test(tcase, writev_and_readv_may_cut_records_anywhere);
	tcase_add_test(tcase, one_write_of_eight_thousand_requests_is_taken_whole);
	tcase_add_test(tcase, a_shared_mapping_of_the_device_is_enodev);
	tcase_add_test(tcase, a_response_buffer_that_cannot_be_written_is_efault);
	return suite;
}
