/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.c: records that come through the socket.
 *
 * The write(2) that brought them is over, so whatever is wrong with a record is told in its
 * response.  A message that is no whole number of records cannot be answered, and is dropped.
 */
#include "preload/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire.h"
#include "preload/bell.h"
#include "preload/follow.h"
#include "preload/loop.h"
#include "preload/member.h"
#include "preload/other.h"
#include "preload/refresh.h"
#include "preload/space.h"
#include "preload/write.h"

/* Messages of a door that are kept; as many as a socket holds. */
#define MESSAGES_MAX 512
/* Messages, and batches of their records, before it is another door's turn: a few hundred microseconds. */
#define TURNS 32

/* Answers the record with an error.  False: there is no place now. */
static bool
refuse(struct dmover_session *session, const uint8_t *record, int err)
{
	struct dmover_wire_request request;
	struct dmover_response response = { .rsp_error = err };

	if (dmover_session_reserve(session, 1) != 1)
		return false;
	dmover_wire_request_decode(session->ses_layout, record, &request);
	response.rsp_id = request.wrq_id;
	dmover_session_respond(session, &response, 1);
	return true;
}

/* Whoever wrote a message, as the kernel says; a pidfd where it gives one, else -1. */
struct sender {
	pid_t pid;
	int pidfd;
};

/* Descriptors that somebody sent along; nobody wants them. */
static void
close_all(const struct cmsghdr *header)
{
	for (size_t at = CMSG_LEN(0); at + sizeof(int) <= header->cmsg_len; at += sizeof(int)) {
		int fd;

		memcpy(&fd, (const char *)header + at, sizeof(fd));
		close(fd);
	}
}

static void
read_control(struct msghdr *message, struct sender *ret_sender)
{
	struct cmsghdr *header;
	struct ucred cred;

	*ret_sender = (struct sender){ .pidfd = -1 };
	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET)
			continue;
		if (header->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(header), sizeof(cred));
			ret_sender->pid = cred.pid;
		} else if (header->cmsg_type == PRELOAD_SCM_PIDFD) {
			memcpy(&ret_sender->pidfd, CMSG_DATA(header), sizeof(int));
			/* An error: there is no process any more to have one of. */
			if (ret_sender->pidfd < 0)
				ret_sender->pidfd = PRELOAD_OTHER_GONE;
		} else if (header->cmsg_type == SCM_RIGHTS) {
			close_all(header);
		}
	}
}

/* Takes the first message out of the socket.  It has SIZE bytes; descriptors with it are refused. */
static bool
take_message(struct preload_door *door, uint8_t *data, size_t size, struct sender *ret_sender)
{
	char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	struct iovec iov = { data, size };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };

	if (recvmsg(door->inner_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != (ssize_t)size)
		return false;
	read_control(&message, ret_sender);
	return true;
}

/* Of whom the records are: now, and not when there is a place for them. */
static struct dmover_space *
space_of(struct preload_service *service, const struct sender *sender)
{
	if (sender->pid != preload_service_pid())
		return preload_other_get(&service->others, sender->pid, sender->pidfd);
	if (sender->pidfd >= 0)
		close(sender->pidfd);
	return dmover_space_ref(&preload_space_own);
}

static bool
receive(struct preload_service *service, struct preload_door *door, size_t size)
{
	struct preload_raw *raw = malloc(sizeof(*raw) + size), **last = &door->raw;
	struct sender sender;

	if (raw == NULL || !take_message(door, raw->data, size, &sender)) {
		free(raw);
		return false;
	}
	*raw = (struct preload_raw){ .size = size, .pid = sender.pid };
	raw->space = space_of(service, &sender);
	if (raw->space == NULL) {
		free(raw);
		return false;
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = raw;
	atomic_store(&door->has_raw, true);
	return true;
}

/* The first message is done with. */
static void
forget(struct preload_door *door)
{
	struct preload_raw *raw = door->raw;

	door->raw = raw->next;
	dmover_space_unref(raw->space);
	free(raw);
	atomic_store(&door->has_raw, door->raw != NULL);
}

/* The records of the first message, while there are turns.  False: there are no more places. */
static bool
accept_all(struct preload_service *service, struct preload_door *door)
{
	struct dmover_session *session = atomic_load(&door->session);
	struct preload_raw *raw = door->raw;
	size_t record = session->ses_layout->lay_request;
	struct preload_writing w = { .door = door,
		.service = service,
		.session = session,
		.space = raw->space,
		.pid = raw->pid,
		.fetcher = service->fetcher,
		.batch = service->batch };
	bool goes_on = true;

	for (; raw->done < raw->size && goes_on && service->turns > 0; service->turns--) {
		const uint8_t *at = raw->data + raw->done;
		unsigned n = 0;
		int err = -EBADF;

		if (door->access != O_RDONLY)
			n = preload_accept(
			    &w, at, (unsigned)((raw->size - raw->done) / record), &err);

		raw->done += n * record;
		if (n == 0 && err == 0)
			goes_on = false;
		else if (err < 0 && raw->done < raw->size) {
			goes_on = refuse(session, raw->data + raw->done, err);
			raw->done += goes_on ? record : 0;
		}
	}
	service->batch = w.batch;
	return goes_on;
}

static bool
go_on(struct preload_service *service, struct preload_door *door)
{
	struct dmover_session *session = atomic_load(&door->session);
	bool goes_on;

	preload_follow(door, session);
	if (dmover_session_begin_write(session, door->raw->size) < 0) {
		forget(door);
		return true;
	}
	atomic_store(&door->slot->layout, (int)session->ses_layout->lay_request);
	goes_on = accept_all(service, door);
	dmover_session_end_write(session);
	if (goes_on && door->raw->done >= door->raw->size)
		forget(door);
	return goes_on;
}

/*
 * The length of the first message, if it is for this process to take in: its own, or of one that has no service for
 * the session, as far as another one does not serve those.  Locked.  -EAGAIN: there is none now.
 */
static ssize_t
find_own(struct preload_service *service, struct preload_door *door)
{
	pid_t pid, owner, own = preload_service_pid();
	ssize_t size = preload_message_peek(door->inner_fd, &pid);

	atomic_store(&door->is_behind, false);
	if (size < 0)
		return size;
	owner = preload_slot_owner(door->slot, pid, own);
	if (owner != own) {
		preload_loop_behind(service, door, owner);
		preload_member_ring(owner);
		return -EAGAIN;
	}
	/* A plug is ours; others may write as many bytes. */
	return size == PRELOAD_PLUG && pid == own ? -EAGAIN : size;
}

/* Takes messages out until there are records at hand; false: there are none. */
static bool
next_records(struct preload_service *service, struct preload_door *door)
{
	char byte;
	ssize_t size;
	bool is_there;

	pthread_mutex_lock(&door->lock);
	/* An empty one says nothing. */
	while ((size = find_own(service, door)) == 0)
		(void)!recv(door->inner_fd, &byte, 1, MSG_DONTWAIT);
	is_there = size > 0 && receive(service, door, (size_t)size);
	pthread_mutex_unlock(&door->lock);
	return is_there;
}

void
preload_raw_go(struct preload_service *service, struct preload_door *door)
{
	for (service->turns = TURNS; service->turns > 0; service->turns -= service->turns > 0) {
		if (door->raw == NULL && !next_records(service, door))
			return;
		if (!go_on(service, door))
			return;
	}
	/* The sockets say nothing of what has come before. */
	preload_bell_again(door);
}

void
preload_raw_take(struct preload_service *service, struct preload_door *door)
{
	unsigned n = 0;

	for (const struct preload_raw *raw = door->raw; raw != NULL; raw = raw->next)
		n++;
	while (n++ < MESSAGES_MAX && next_records(service, door))
		;
}
