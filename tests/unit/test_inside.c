/* SPDX-License-Identifier: BSD-2-Clause */
/* test_inside.c: signals for callers in whose memory a thread is stuck (userfaultfd(2)). */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel.h"

#define RECORD ((ssize_t)sizeof(struct dmio_usrreq))
#define PAGE   4096

/* Memory that whoever touches it waits for. */
struct stall {
	uint8_t *memory;
	size_t size;
	int fd;
};

/* False: it is not to be had here, and the test has nothing to look at. */
static bool
stall_start(struct stall *stall, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;

	holds(true);
	stall->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (stall->fd < 0 || ioctl(stall->fd, UFFDIO_API, &api) != 0) {
		printf("skip: no userfaultfd: %s\n", strerror(errno));
		return false;
	}
	stall->size = size;
	stall->memory =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(stall->memory != MAP_FAILED);
	range = (struct uffdio_register){ .range = { (uintptr_t)stall->memory, size },
		.mode = UFFDIO_REGISTER_MODE_MISSING };
	ck_assert_int_eq(ioctl(stall->fd, UFFDIO_REGISTER, &range), 0);
	return true;
}

/* Waits until somebody is stuck. */
static void
stall_wait(const struct stall *stall)
{
	struct pollfd poller = { .fd = stall->fd, .events = POLLIN };
	struct uffd_msg message;

	ck_assert_int_eq(poll(&poller, 1, 60000), 1);
	ck_assert_int_eq(read(stall->fd, &message, sizeof(message)), sizeof(message));
	ck_assert_int_eq(message.event, UFFD_EVENT_PAGEFAULT);
}

/* Lets everybody go on, with zeroes. */
static void
stall_end(struct stall *stall)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)stall->memory, stall->size } };

	ck_assert_int_eq(ioctl(stall->fd, UFFDIO_ZEROPAGE, &zero), 0);
}

static void
stall_fini(struct stall *stall)
{
	close(stall->fd);
	munmap(stall->memory, stall->size);
}

/* A write in a thread of its own, as the loop has it. */
struct writer {
	struct kernel_call call;
	struct kernel_copy copy;
	pthread_t thread;
};

static void *
write_main(void *arg)
{
	struct writer *writer = arg;

	dmio_write(&writer->call.call, (const uint8_t *)&writer->copy.request,
	    sizeof(writer->copy.request));
	return NULL;
}

static void
writer_start(struct kernel *kernel, struct writer *writer, void *out, const void *in, size_t len)
{
	kernel_call(kernel, &writer->call);
	kernel_copy(&writer->copy, 1, out, in, len);
	ck_assert_int_eq(pthread_create(&writer->thread, NULL, write_main, writer), 0);
}

START_TEST(a_caller_whose_memory_stalls_is_answered_after_a_signal)
{
	uint8_t out[64] = { 7 };
	struct dmio_usrresp response;
	struct writer writer;
	struct stall stall;
	struct kernel kernel;

	if (!stall_start(&stall, PAGE))
		return;
	kernel_start(&kernel, NULL, "copy");
	writer_start(&kernel, &writer, out, stall.memory, sizeof(out));
	stall_wait(&stall);
	holds(kernel_is_waiting(&writer.call));
	kernel_interrupt(&writer.call);
	/* The request is under way, and so it is taken. */
	same_int(kernel_answer(&writer.call), RECORD);
	stall_end(&stall);
	pthread_join(writer.thread, NULL);
	/* Nothing was written to who was answered. */
	same_int(out[0], 7);
	same_int(kernel_read(&kernel, &response, 1, false), sizeof(response));
	same_int(response.resp_error, EFAULT);
	same_size(kernel.session->ses_nwriters, 0);
	holds(!writer.call.was_wrong);
	kernel_stop(&kernel);
	stall_fini(&stall);
}
END_TEST

START_TEST(a_caller_that_gets_a_signal_and_goes_on_is_answered_once)
{
	uint8_t in[64] = { 1, 2, 3 };
	struct dmio_usrresp response;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	for (int i = 0; i < 50; i++) {
		struct writer writer;
		struct stall stall;

		if (!stall_start(&stall, PAGE))
			break;
		writer_start(&kernel, &writer, stall.memory, in, sizeof(in));
		stall_wait(&stall);
		/* Both at once: the thread goes on, or the call is taken over. */
		stall_end(&stall);
		kernel_interrupt(&writer.call);
		same_int(kernel_answer(&writer.call), RECORD);
		pthread_join(writer.thread, NULL);
		holds(!writer.call.was_wrong);
		same_int(kernel_read(&kernel, &response, 1, false), sizeof(response));
		same_int(response.resp_error, 0);
		same_bytes(stall.memory, in, sizeof(in));
		stall_fini(&stall);
	}
	holds(true);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_reader_who_lends_to_stalled_work_is_answered_after_a_signal)
{
	/* The reader is there long before the work comes to what stalls, at its end. */
	const size_t size = (size_t)64 << 20, good = (size_t)60 << 20;
	uint8_t *out = malloc(size);
	struct dmio_usrresp response;
	struct kernel_call reader;
	struct kernel_copy copy;
	struct stall stall;
	struct kernel kernel;

	if (!stall_start(&stall, size)) {
		free(out);
		return;
	}
	kernel_start(&kernel, NULL, "copy");
	stall_end(&(struct stall){ .memory = stall.memory, .size = good, .fd = stall.fd });
	kernel_copy(&copy, 1, out, stall.memory, size);
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	kernel_begin_read(&kernel, &reader, 1);
	stall_wait(&stall);
	holds(kernel_is_waiting(&reader));
	kernel_interrupt(&reader);
	same_int(kernel_answer(&reader), -EINTR);
	stall_end(
	    &(struct stall){ .memory = stall.memory + good, .size = size - good, .fd = stall.fd });
	same_int(kernel_read(&kernel, &response, 1, false), sizeof(response));
	holds(!reader.was_wrong);
	kernel_stop(&kernel);
	stall_fini(&stall);
	free(out);
}
END_TEST

TCase *
unit_inside(void)
{
	TCase *tc = unit_case("inside");

	tcase_add_test(tc, a_caller_whose_memory_stalls_is_answered_after_a_signal);
	tcase_add_test(tc, a_caller_that_gets_a_signal_and_goes_on_is_answered_once);
	tcase_add_test(tc, a_reader_who_lends_to_stalled_work_is_answered_after_a_signal);
	return tc;
}
