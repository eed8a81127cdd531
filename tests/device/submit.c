/* SPDX-License-Identifier: BSD-2-Clause */
/* submit.c: io_submit(2) and io_uring by their system calls. */
#include "submit.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 64

static const char *const names[SUBMIT_WAYS + 1] = { "aio", "uring", "worker", "polled", NULL };

const char *
submit_name(enum submit_way way)
{
	return names[way];
}

enum submit_way
submit_find(const char *name)
{
	unsigned way = 0;

	while (way < SUBMIT_WAYS && strcmp(names[way], name) != 0)
		way++;
	return (enum submit_way)way;
}

static void *
map_ring(const struct submit *submit, size_t size, off_t offset)
{
	void *at = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, submit->ring_fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

/* Both queues are in one mapping (IORING_FEAT_SINGLE_MMAP, Linux 5.4). */
static int
open_ring(struct submit *submit)
{
	struct io_uring_params params = {
		.flags = submit->way == SUBMIT_POLLED ? IORING_SETUP_SQPOLL : 0,
		.sq_thread_idle = 10,
	};
	size_t sq_size, cq_size;
	char *ring;

	submit->ring_fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (submit->ring_fd < 0)
		return -errno;
	sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
	cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	submit->ring_size = sq_size > cq_size ? sq_size : cq_size;
	submit->entries_size = params.sq_entries * sizeof(struct io_uring_sqe);
	if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0 ||
	    (submit->ring = map_ring(submit, submit->ring_size, IORING_OFF_SQ_RING)) == NULL ||
	    (submit->entries = map_ring(submit, submit->entries_size, IORING_OFF_SQES)) == NULL) {
		submit_close(submit);
		return -ENOSYS;
	}
	ring = submit->ring;
	submit->sq_tail = (unsigned *)(ring + params.sq_off.tail);
	submit->sq_flags = (unsigned *)(ring + params.sq_off.flags);
	submit->sq_array = (unsigned *)(ring + params.sq_off.array);
	submit->mask = *(unsigned *)(ring + params.sq_off.ring_mask);
	submit->cq_head = (unsigned *)(ring + params.cq_off.head);
	submit->cq_tail = (unsigned *)(ring + params.cq_off.tail);
	submit->cq_mask = *(unsigned *)(ring + params.cq_off.ring_mask);
	submit->completions = ring + params.cq_off.cqes;
	return 0;
}

int
submit_open(struct submit *submit, enum submit_way way)
{
	*submit = (struct submit){ .way = way, .ring_fd = -1 };
	if (way != SUBMIT_AIO)
		return open_ring(submit);
	return syscall(SYS_io_setup, ENTRIES, &submit->aio) == 0 ? 0 : -errno;
}

void
submit_close(struct submit *submit)
{
	if (submit->way == SUBMIT_AIO)
		syscall(SYS_io_destroy, submit->aio);
	if (submit->entries != NULL)
		munmap(submit->entries, submit->entries_size);
	if (submit->ring != NULL)
		munmap(submit->ring, submit->ring_size);
	if (submit->ring_fd >= 0)
		close(submit->ring_fd);
}

static int
call_aio(struct submit *submit, bool is_write, int fd, void *buf, size_t len)
{
	struct iocb iocb = {
		.aio_lio_opcode = is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)buf,
		.aio_nbytes = len,
	};
	struct iocb *list = &iocb;
	long n = syscall(SYS_io_submit, submit->aio, 1, &list);

	return n == 1 ? 0 : n < 0 ? -errno : -EAGAIN;
}

/* Wakes the kernel's thread when it sleeps, or submits and, with WANTED, waits. */
static int
enter(const struct submit *submit, unsigned wanted)
{
	unsigned flags = wanted > 0 ? IORING_ENTER_GETEVENTS : 0, n = 0;
	long done;

	if (submit->way != SUBMIT_POLLED)
		n = wanted == 0;
	else if (__atomic_load_n(submit->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
		flags |= IORING_ENTER_SQ_WAKEUP;
	done = syscall(SYS_io_uring_enter, submit->ring_fd, n, wanted, flags, NULL, 0);
	return done < 0 ? -errno : 0;
}

static int
call_ring(struct submit *submit, bool is_write, int fd, void *buf, size_t len)
{
	unsigned tail = *submit->sq_tail, at = tail & submit->mask;
	struct io_uring_sqe *entry = (struct io_uring_sqe *)submit->entries + at;

	*entry = (struct io_uring_sqe){
		.opcode = is_write ? IORING_OP_WRITE : IORING_OP_READ,
		.flags = submit->way == SUBMIT_WORKER ? IOSQE_ASYNC : 0,
		.fd = fd,
		.addr = (uintptr_t)buf,
		.len = (uint32_t)len,
		.off = UINT64_MAX, /* where the file is: it has no positions */
	};
	submit->sq_array[at] = at;
	__atomic_store_n(submit->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
	return enter(submit, 0);
}

int
submit_call(struct submit *submit, bool is_write, int fd, void *buf, size_t len)
{
	if (submit->way == SUBMIT_AIO)
		return call_aio(submit, is_write, fd, buf, len);
	return call_ring(submit, is_write, fd, buf, len);
}

static ssize_t
wait_ring(struct submit *submit)
{
	unsigned head = *submit->cq_head;
	const struct io_uring_cqe *done =
	    (const struct io_uring_cqe *)submit->completions + (head & submit->cq_mask);
	int err = 0;

	while (__atomic_load_n(submit->cq_tail, __ATOMIC_ACQUIRE) == head &&
	       (err == 0 || err == -EINTR))
		err = enter(submit, 1);
	if (__atomic_load_n(submit->cq_tail, __ATOMIC_ACQUIRE) == head)
		return err;
	err = done->res;
	__atomic_store_n(submit->cq_head, head + 1, __ATOMIC_RELEASE);
	return err;
}

ssize_t
submit_wait(struct submit *submit)
{
	struct io_event event = { .res = -EIO };
	long n;

	if (submit->way != SUBMIT_AIO)
		return wait_ring(submit);
	do
		n = syscall(SYS_io_getevents, submit->aio, 1, 1, &event, NULL);
	while (n < 0 && errno == EINTR);
	return n == 1 ? (ssize_t)event.res : -errno;
}
