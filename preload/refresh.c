/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refresh.c: makes the outer socket say what the session says.
 *
 * Responses that nobody takes at once go into the socket, one message each, so that a read of
 * any kind gets whole ones, and edge-triggered epoll hears of each.  At most PRELOAD_SENT_MAX are
 * there; the rest waits in the session's ring.
 */
#include "preload/refresh.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

#include "preload/bell.h"
#include "preload/call.h"
#include "preload/real.h"
#include "preload/loop.h"
#include "preload/service.h"
#include "preload/trace.h"

char preload_nobody;

/* The session calls us while we move its responses: then the same thread is at it already. */
static _Thread_local __attribute__((tls_model("initial-exec"))) const struct preload_door *settling;
static _Thread_local __attribute__((tls_model("initial-exec"))) bool must_repeat;

static int unit = 768;

void
preload_sent_unit(int outq)
{
	if (outq > 0)
		unit = outq;
}

static void
poll_notify(void *handle)
{
	if (handle == &preload_nobody)
		return;
	preload_refresh(handle);
	preload_door_put(handle);
}

static void
poll_destroy(void *handle)
{
	if (handle != &preload_nobody)
		preload_door_put(handle);
}

const struct dmover_session_ops preload_session_ops = {
	.ssn_poll_notify = poll_notify,
	.ssn_poll_destroy = poll_destroy,
};

/* The inner socket in the calling thread's table, or -1. */
static int
inner_fd(const struct preload_door *door)
{
	return preload_call_fd() == PRELOAD_CALL_OUTSIDE ? door->inner_fd : preload_door_copy(door);
}

/* Requests that are not yet read, but for those in the socket; *ret_drained: no more can come. */
static unsigned
outstanding(struct preload_door *door, bool *ret_drained)
{
	struct dmover_session *session = atomic_load(&door->session);
	unsigned nreqs;

	pthread_mutex_lock(&session->ses_lock);
	nreqs = session->ses_nreqs;
	*ret_drained = nreqs == 0 && session->ses_nwriters == 0;
	pthread_mutex_unlock(&session->ses_lock);
	return nreqs;
}

unsigned
preload_sent(const struct preload_door *door, int outer_fd)
{
	int layout = atomic_load(&door->slot->layout), bytes = 0;

	if (layout == 0 || preload_real()->ioctl(outer_fd, FIONREAD, &bytes) != 0 || bytes <= 0)
		return 0;
	return (unsigned)bytes / preload_response_size(layout);
}

/* The same from our side. */
static unsigned
sent_inside(int fd)
{
	int outq = 0;

	return preload_real()->ioctl(fd, SIOCOUTQ, &outq) == 0 && outq > 0 ? (unsigned)(outq / unit)
									   : 0;
}

/* Locked.  As many at most; counted anew only when it matters. */
static unsigned
sent_at_most(struct preload_door *door, int fd)
{
	if (door->nsent > PRELOAD_SENT_MAX / 2)
		door->nsent = sent_inside(fd);
	return door->nsent < PRELOAD_SENT_MAX ? door->nsent : PRELOAD_SENT_MAX;
}

/* Moves responses from the ring to the socket, at most ROOM. */
static void
send_responses(struct preload_door *door, int fd, unsigned room)
{
	struct dmover_session *session = atomic_load(&door->session);
	struct mmsghdr messages[PRELOAD_SENT_MAX];
	struct iovec iov[PRELOAD_SENT_MAX];
	uint8_t responses[PRELOAD_SENT_MAX * DMOVER_RESPONSE_MAX];
	size_t size, got;
	unsigned n;

	if (session->ses_layout == NULL)
		return;
	size = session->ses_layout->lay_response;
	got = dmover_session_take(session, responses, room * size);
	n = (unsigned)(got / size);
	door->nsent += n;
	preload_trace_end(door, responses, got, size);
	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){ responses + i * size, size };
		messages[i] =
		    (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[i], .msg_iovlen = 1 } };
	}
	/* What is refused has no reader any more: the outer socket is closed. */
	if (n == 1)
		(void)!send(fd, responses, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (n > 1)
		(void)!sendmmsg(fd, messages, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t
preload_message_peek(int fd, pid_t *ret_pid)
{
	char byte, control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	int err = n < 0 ? -errno : 0;
	struct cmsghdr *header = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
	struct ucred cred = { 0 };

	/* Without one it is no empty message, but the end. */
	if (header == NULL || header->cmsg_type != SCM_CREDENTIALS)
		return err < 0 ? err : -EAGAIN;
	memcpy(&cred, CMSG_DATA(header), sizeof(cred));
	*ret_pid = cred.pid;
	return n;
}

/* Locked.  Takes our plug out, if it is the first message; what stands before it is the service's. */
static void
unplug(struct preload_door *door, int fd)
{
	char byte;
	pid_t pid;

	if (preload_message_peek(fd, &pid) == PRELOAD_PLUG && pid == preload_service_pid()) {
		(void)!recv(fd, &byte, 1, MSG_DONTWAIT);
		atomic_store(&door->is_plugged, false);
	}
	/* What is the first now may be another's, who does not know that it is his turn. */
	if (preload_message_peek(fd, &pid) >= 0 && !atomic_exchange(&door->is_behind, true))
		preload_bell_ring(door);
}

/* Locked.  Readers that have something wait for more, and none will come: one has to look. */
static void
wake_partial(struct preload_door *door, int fd)
{
	bool is_drained;

	if (atomic_load(&door->npartial) == 0)
		return;
	outstanding(door, &is_drained);
	if (is_drained && sent_inside(fd) == 0)
		(void)!send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Locked.  Listens for the session's next change from here on; what it can do now. */
static unsigned
arm(struct preload_door *door, struct dmover_session *session)
{
	if (door->is_dead)
		return 0;
	preload_door_ref(door);
	return dmover_session_poll(session, door);
}

/* Locked. */
static void
settle(struct preload_door *door, struct dmover_session *session)
{
	int fd = inner_fd(door);
	bool is_drained, is_wanted;
	unsigned events, sent;

	do {
		sent = fd < 0 ? PRELOAD_SENT_MAX : sent_at_most(door, fd);
		if (sent < PRELOAD_SENT_MAX)
			send_responses(door, fd, PRELOAD_SENT_MAX - sent);
		events = arm(door, session);
	} while ((events & POLLIN) != 0 && sent < PRELOAD_SENT_MAX && !door->is_dead);
	if (fd >= 0 && atomic_load(&door->is_plugged) &&
	    outstanding(door, &is_drained) + sent_inside(fd) < session->ses_limit)
		unplug(door, fd);
	if (fd >= 0 && atomic_exchange(&door->wants_wake, false))
		wake_partial(door, fd);
	/* Only the service can be woken up by what somebody reads past our functions. */
	is_wanted =
	    (events & POLLIN) != 0 || atomic_load(&door->is_plugged) || atomic_load(&door->has_raw);
	if (!door->is_dead)
		preload_loop_watch(door, is_wanted, fd < 0);
}

void
preload_refresh(struct preload_door *door)
{
	struct dmover_session *session = atomic_load(&door->session);

	if (session == NULL)
		return;
	if (settling == door) {
		must_repeat = true;
		return;
	}
	pthread_mutex_lock(&door->lock);
	settling = door;
	/* Of a dead door not even the inner socket's number is left. */
	do {
		must_repeat = false;
		if (!door->is_dead)
			settle(door, session);
	} while (must_repeat);
	settling = NULL;
	pthread_mutex_unlock(&door->lock);
}

void
preload_refresh_taken(struct preload_door *door)
{
	struct dmover_session *session = atomic_load(&door->session);
	bool is_needed;

	if (session == NULL)
		return;
	pthread_mutex_lock(&session->ses_lock);
	is_needed = session->ses_nready > 0;
	pthread_mutex_unlock(&session->ses_lock);
	if (is_needed || atomic_load(&door->is_plugged) || atomic_load(&door->has_raw))
		preload_refresh(door);
}

void
preload_wake(struct preload_door *door)
{
	if (atomic_load(&door->npartial) == 0)
		return;
	atomic_store(&door->wants_wake, true);
	preload_refresh(door);
}

unsigned
preload_room(struct preload_door *door, int outer_fd, unsigned want)
{
	struct dmover_session *session = atomic_load(&door->session);
	unsigned taken, limit = session->ses_limit, room;
	bool is_drained;

	pthread_mutex_lock(&door->lock);
	taken = outstanding(door, &is_drained);
	/* Far below the limit it does not matter how many lie in the socket. */
	if (taken + PRELOAD_SENT_MAX + want > limit)
		taken += preload_sent(door, outer_fd);
	pthread_mutex_unlock(&door->lock);
	room = taken < limit ? limit - taken : 0;
	return room < want ? room : want;
}

bool
preload_is_drained(struct preload_door *door, int outer_fd)
{
	bool is_drained = true;

	pthread_mutex_lock(&door->lock);
	if (atomic_load(&door->session) != NULL)
		outstanding(door, &is_drained);
	is_drained = is_drained && preload_sent(door, outer_fd) == 0;
	pthread_mutex_unlock(&door->lock);
	return is_drained;
}

void
preload_plug(struct preload_door *door)
{
	static const char nothing[PRELOAD_PLUG];
	struct dmover_session *session = atomic_load(&door->session);
	int fd = preload_call_fd();
	bool is_drained, is_full;

	if (outstanding(door, &is_drained) + PRELOAD_SENT_MAX < session->ses_limit)
		return;
	pthread_mutex_lock(&door->lock);
	is_full = outstanding(door, &is_drained) + preload_sent(door, fd) >= session->ses_limit;
	if (is_full && !atomic_load(&door->is_plugged) &&
	    send(fd, nothing, sizeof(nothing), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		atomic_store(&door->is_plugged, true);
	pthread_mutex_unlock(&door->lock);
	/* A place may have come free in between, and the service is to be told. */
	if (is_full)
		preload_refresh(door);
}
