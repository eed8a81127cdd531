/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read.c: read(2) of the program, in its own thread.
 *
 * 1. responses come out of the outer socket, where those are that were there before; 2. then out
 * of the session's ring; 3. a blocking read goes on until its buffer is full, or something was read
 * and nothing is outstanding; in between it waits in poll(2), as the kernel would let it.
 */
#include "preload/read.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "preload/door.h"
#include "preload/follow.h"
#include "preload/refresh.h"
#include "preload/service.h"
#include "preload/space.h"
#include "preload/trace.h"

/* Responses that are moved at once. */
#define RESPONSES 128

/* A read under way. */
struct reading {
	struct preload_call *call;
	struct dmover_session *session; /* NULL: another process's alone */
	size_t done, record;
	bool is_partial; /* counted in the door */
};

/* -EINVAL or -ENXIO, as the device checks them; and how long a response is. */
static int
check(const struct preload_door *door, size_t size, size_t *ret_record)
{
	int layout = atomic_load(&door->slot->layout);

	if (!preload_slot_is(door->slot, door->slot_number))
		return -ENODEV;
	*ret_record = layout > 0 ? preload_response_size(layout) : 8;
	if (size % *ret_record != 0)
		return -EINVAL;
	return atomic_load(&door->slot->function) == 0 ? -ENXIO : 0;
}

/* What one look at the socket gives: bytes in BUF. */
static size_t
take_sent(int fd, uint8_t *buf, unsigned want, size_t record)
{
	struct mmsghdr messages[PRELOAD_SENT_MAX];
	struct iovec iov[PRELOAD_SENT_MAX];
	size_t done = 0;
	int n;

	if (want > PRELOAD_SENT_MAX)
		want = PRELOAD_SENT_MAX;
	for (unsigned i = 0; i < want; i++) {
		iov[i] = (struct iovec){ buf + i * record, record };
		messages[i] =
		    (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[i], .msg_iovlen = 1 } };
	}
	n = recvmmsg(fd, messages, want, MSG_DONTWAIT, NULL);
	/* An empty message is a call to look again; it leaves a hole. */
	for (int i = 0; i < n; i++) {
		if (messages[i].msg_len != record)
			continue;
		memmove(buf + done, buf + (size_t)i * record, record);
		done += record;
	}
	return done;
}

/* Gives back what the program's buffer could not take. */
static void
give_back(struct dmover_session *session, const uint8_t *buf, size_t bytes, size_t record)
{
	for (size_t at = 0; at < bytes && session != NULL; at += record) {
		struct dmover_response response = { 0 };
		uint32_t words[2];

		memcpy(words, buf + at, sizeof(words));
		response.rsp_id = words[0];
		response.rsp_error = -(int)words[1];
		if (record > sizeof(words))
			memcpy(response.rsp_result, buf + at + sizeof(words), 8);
		if (dmover_session_reserve(session, 1) == 1)
			dmover_session_respond(session, &response, 1);
	}
}

/* BYTES of BUF go behind what the program has got. */
static int
deliver(struct reading *r, const uint8_t *buf, size_t bytes)
{
	size_t skip = r->done;

	for (int i = 0; i < r->call->n && bytes > 0; i++) {
		const struct iovec *iov = &r->call->iov[i];
		size_t piece = iov->iov_len;

		if (skip >= piece) {
			skip -= piece;
			continue;
		}
		piece = piece - skip < bytes ? piece - skip : bytes;
		if (preload_space_put(buf, (uint8_t *)iov->iov_base + skip, piece) < 0)
			return -EFAULT;
		buf += piece;
		bytes -= piece;
		skip = 0;
	}
	return 0;
}

/*
 * One response straight to where the program wants it.  The look before shows whether it can be
 * written there: a response that is received and cannot be stored would be lost.
 */
static int
take_one(struct reading *r)
{
	uint8_t *at = (uint8_t *)r->call->iov[0].iov_base + r->done;
	ssize_t n = recv(r->call->fd, at, r->record, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && errno == EFAULT)
		return -EFAULT;
	if (n > 0)
		n = recv(r->call->fd, at, r->record, MSG_DONTWAIT);
	if (n != (ssize_t)r->record)
		return 0;
	r->done += r->record;
	preload_refresh_taken(r->call->door);
	return 1;
}

/* Takes what is there: 1, or 0 when that is nothing, or -EFAULT. */
static int
take(struct reading *r)
{
	uint8_t buf[RESPONSES * DMOVER_RESPONSE_MAX];
	size_t want, got;
	int err;

	/* How long a response is is not known before the first write; until then there is none. */
	if (atomic_load(&r->call->door->slot->layout) == 0)
		return 0;
	err = check(r->call->door, r->call->size, &r->record);
	if (err < 0)
		return err;
	if (r->call->n == 1 && r->call->size - r->done == r->record && (err = take_one(r)) != 0)
		return err;
	want = (r->call->size - r->done) / r->record;
	if (want > RESPONSES)
		want = RESPONSES;
	got = take_sent(r->call->fd, buf, (unsigned)want, r->record);
	if (r->session != NULL && got < want * r->record) {
		size_t more = dmover_session_take(r->session, buf + got, want * r->record - got);

		preload_trace_end(r->call->door, buf + got, more, r->record);
		got += more;
	}
	if (got == 0)
		return 0;
	if (deliver(r, buf, got) < 0) {
		give_back(r->session, buf, got, r->record);
		return -EFAULT;
	}
	r->done += got;
	/* What was behind the limits of the socket moves up, and a writer may have a place. */
	preload_refresh_taken(r->call->door);
	return 1;
}

/* An empty message may have come that nobody needs any more; it would look like an end of file. */
static void
partial_end(struct reading *r)
{
	struct preload_door *door = r->call->door;
	uint8_t response[DMOVER_RESPONSE_MAX];
	ssize_t n;

	if (!r->is_partial || door == NULL)
		return;
	r->session = atomic_load(&door->session);
	pthread_mutex_lock(&door->lock);
	/* None: a handler has forked, and this is the child. */
	n = atomic_load(&door->npartial) > 0 && atomic_fetch_sub(&door->npartial, 1) == 1 ? 0 : -1;
	pthread_mutex_unlock(&door->lock);
	if (n == 0)
		n = recv(r->call->fd, response, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	if (n != 0)
		return;
	n = recv(r->call->fd, response, sizeof(response), MSG_DONTWAIT);
	if (n > 0)
		give_back(r->session, response, (size_t)n, (size_t)n);
}

/* The thread is cancelled where it waits: what it has got is lost with it, as with a device. */
static void
cancelled(void *arg)
{
	partial_end(arg);
}

/* Makes it known that the reader has to hear of the end of all work. */
static void
partial_begin(struct reading *r)
{
	if (!r->is_partial)
		atomic_fetch_add(&r->call->door->npartial, 1);
	r->is_partial = true;
	r->call->undo = cancelled;
	r->call->undo_arg = r;
}

static bool
is_full(const struct reading *r)
{
	return r->call->size - r->done < r->record;
}

static int
wait_for_more(struct reading *r)
{
	int events;

	if (preload_call_is_nonblocking(r->call))
		return -EAGAIN;
	if (r->done > 0) {
		partial_begin(r);
		if (preload_is_drained(r->call->door, r->call->fd))
			return -EAGAIN;
	}
	events = preload_call_wait(r->call, POLLIN);
	if (events < 0)
		return events;
	r->session = atomic_load(&r->call->door->session);
	/* The other end is gone, and what it had sent is read. */
	if ((events & (POLLHUP | POLLERR | POLLNVAL)) != 0 &&
	    preload_sent(r->call->door, r->call->fd) == 0)
		return -ENODEV;
	return 0;
}

ssize_t
preload_read(struct preload_call *call)
{
	struct reading r = { .call = call };
	int err;

	if (call->door->access == O_WRONLY)
		return -EBADF;
	if (call->size == 0)
		return 0;
	err = check(call->door, call->size, &r.record);
	if (err < 0)
		return err;
	r.session = atomic_load(&call->door->session);
	while (err >= 0 && !is_full(&r)) {
		err = take(&r);
		if (err == 0 || (err > 0 && !is_full(&r)))
			err = err > 0 ? 0 : wait_for_more(&r);
	}
	partial_end(&r);
	call->undo = NULL;
	if (call->door != NULL)
		preload_wake(call->door);
	return r.done > 0 ? (ssize_t)r.done : err;
}
