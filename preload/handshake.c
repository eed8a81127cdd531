/* SPDX-License-Identifier: BSD-2-Clause */
/* handshake.c: how a descriptor of the program's gets to its session, both sides of it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/follow.h"
#include "preload/loop.h"
#include "preload/refresh.h"
#include "preload/service.h"
#include "preload/settings.h"

/* Inner sockets that have a copy in the program's table, at most. */
#define COPIES_MAX 64
/* Where no plug has to fill it: what one write(2) can bring, doubled by the kernel, if it grants that. */
#define LARGE_SEND_BUFFER 524288
/* Above what programs count on; half of a small limit. */
#define COPIES_FROM 512

struct hello {
	struct preload_door *door; /* adopt: an inherited one */
	ino_t outer_ino;
	int access;
};

struct answer {
	struct preload_door *door;
	int error;     /* 0 or -errno */
	bool has_copy; /* of the inner socket, which comes along */
};

struct grave {
	int copy;
	ino_t ino;
};

static pthread_mutex_t graves_lock = PTHREAD_MUTEX_INITIALIZER; /* leaf */
static struct grave graves[COPIES_MAX];                         /* (graves_lock) */
static atomic_uint ngraves;                                     /* set under graves_lock */
static atomic_uint ncopies;

/* Sends SIZE bytes of DATA with FD, or with none when that is -1. */
static bool
send_with(int socket, const void *data, size_t size, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *header;

		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Receives that; *ret_fd is -1 when none came. */
static bool
receive_with(int socket, void *data, size_t size, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { data, size };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_fd = -1;
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	return n == (ssize_t)size;
}

bool
preload_copies_take(void)
{
	unsigned n = atomic_load(&ncopies);

	while (n < COPIES_MAX)
		if (atomic_compare_exchange_weak(&ncopies, &n, n + 1))
			return true;
	return false;
}

/* One that the program has not got, or has closed. */
static void
copies_return(void)
{
	atomic_fetch_sub(&ncopies, 1);
}

void
preload_copies_bury(int copy, ino_t ino)
{
	if (copy < 0)
		return;
	pthread_mutex_lock(&graves_lock);
	graves[atomic_load(&ngraves)] = (struct grave){ copy, ino };
	atomic_fetch_add(&ngraves, 1);
	pthread_mutex_unlock(&graves_lock);
}

void
preload_copies_close(void)
{
	struct stat st;

	if (atomic_load(&ngraves) == 0)
		return;
	pthread_mutex_lock(&graves_lock);
	while (atomic_load(&ngraves) > 0) {
		const struct grave *grave = &graves[atomic_fetch_sub(&ngraves, 1) - 1];

		/* The program may have closed it itself, and have something else there. */
		if (fstat(grave->copy, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == grave->ino)
			close(grave->copy);
		copies_return();
	}
	pthread_mutex_unlock(&graves_lock);
}

void
preload_copies_forked(void)
{
	pthread_mutex_init(&graves_lock, NULL);
}

static int
connect_here(void)
{
	unsigned len;
	const void *address = preload_loop_address(&len);
	struct rlimit limit;
	int fd;

	/* Under a limit that is lower than its own numbers the service cannot even turn somebody away. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    (rlim_t)preload_service_now()->spare >= limit.rlim_cur)
		return -EMFILE;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, address, len) != 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Says hello; the answer's error. */
static int
talk(int fd, const struct hello *hello, int with, int *ret_copy, struct preload_door **ret_door)
{
	struct answer answer = { 0 };

	*ret_copy = -1;
	/* The service hangs up when it has no descriptor left (turn_away()). */
	if (!send_with(fd, hello, sizeof(*hello), with) ||
	    !receive_with(fd, &answer, sizeof(answer), ret_copy))
		return -EMFILE;
	/* There was no descriptor for it. */
	if (answer.has_copy && *ret_copy < 0)
		copies_return();
	*ret_door = answer.door;
	return answer.error;
}

/* Out of the way of the program's numbers. */
static void
keep_copy(struct preload_door *door, int copy)
{
	struct rlimit limit;
	int from = COPIES_FROM, high;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 2 * COPIES_FROM)
		from = (int)limit.rlim_cur / 2;
	high = fcntl(copy, F_DUPFD_CLOEXEC, from);
	if (high >= 0) {
		close(copy);
		copy = high;
	}
	atomic_store(&door->copy_fd, copy);
}

int
preload_hello_open(int access)
{
	struct hello hello = { .access = access };
	struct preload_door *door = NULL;
	const int size =
	    preload_settings()->is_for_others ? LARGE_SEND_BUFFER : PRELOAD_SEND_BUFFER;
	struct stat st;
	int fd, copy = -1, err;

	preload_copies_close();
	fd = connect_here();
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	err = fstat(fd, &st) == 0 ? 0 : -errno;
	hello.outer_ino = st.st_ino;
	if (err == 0)
		err = talk(fd, &hello, -1, &copy, &door);
	if (err < 0) {
		close(fd);
		return err;
	}
	if (copy >= 0)
		keep_copy(door, copy);
	return fd;
}

int
preload_hello_adopt(struct preload_door *door, int copy)
{
	const struct hello hello = { .door = door };
	struct preload_door *same;
	int fd = connect_here(), none, err;

	if (fd < 0)
		return fd;
	err = talk(fd, &hello, copy, &none, &same);
	close(fd);
	return err;
}

/* The rest of a door that has its inner socket and its slot: session, a place in the loop. */
static int
furnish(struct preload_service *service, struct preload_door *door)
{
	struct dmover_session *session;
	const int on = 1;
	struct stat st;
	int err;

	if (fstat(door->inner_fd, &st) != 0 ||
	    setsockopt(door->inner_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
		return -errno;
	/* Without it the sender's number must do. */
	if (preload_settings()->is_for_others)
		(void)!setsockopt(
		    door->inner_fd, SOL_SOCKET, PRELOAD_SO_PASSPIDFD, &on, sizeof(on));
	door->inner_ino = st.st_ino;
	err = dmover_session_create(
	    &preload_session_ops, service->account, service->core.options.queue_depth, &session);
	if (err < 0)
		return err;
	err = preload_loop_add(service, door);
	if (err < 0) {
		dmover_session_close(session);
		return err;
	}
	preload_follow(door, session);
	preload_door_ref(door);
	dmover_session_poll(session, door);
	atomic_store(&door->session, session);
	return 0;
}

static int
admit(struct preload_service *service, const struct hello *hello, int inner_fd,
    struct preload_door **ret_door)
{
	struct preload_door *door = preload_door_create(hello->outer_ino, hello->access);
	int err = -ENFILE;

	if (door == NULL)
		return -ENOMEM;
	door->inner_fd = inner_fd;
	door->slot = preload_slot_get(preload_service_pid(), &door->slot_number);
	if (door->slot != NULL)
		err = furnish(service, door);
	if (err < 0) {
		preload_slot_put(door->slot, door->slot_number);
		preload_door_put(door);
		return err;
	}
	preload_door_list(door);
	*ret_door = door;
	return 0;
}

/* An inherited door: the child has sent what its parent's copy of the inner socket was. */
static int
adopt(struct preload_service *service, struct preload_door *door, int inner_fd)
{
	pid_t own = preload_service_pid();
	int err = -ENOTCONN;

	if (inner_fd < 0)
		return err;
	door->inner_fd = inner_fd;
	if (!preload_slot_is(door->slot, door->slot_number))
		err = -ENODEV;
	else if (!preload_slot_join(door->slot, own))
		err = -EUSERS;
	else if ((err = furnish(service, door)) < 0)
		preload_slot_leave(door->slot, own);
	if (err < 0) {
		door->inner_fd = -1;
		close(inner_fd);
	}
	return err;
}

static void
greet(struct preload_service *service, int fd)
{
	struct answer answer = { .error = -EPERM };
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	struct hello hello = { 0 };
	int with, copy = -1;

	/* The address can be seen by others. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    cred.pid != preload_service_pid() || !receive_with(fd, &hello, sizeof(hello), &with)) {
		close(fd);
		return;
	}
	if (hello.door != NULL) {
		answer.error = adopt(service, hello.door, with);
		answer.door = hello.door;
	} else {
		answer.error = admit(service, &hello, fd, &answer.door);
		if (answer.error == 0 && !preload_settings()->is_for_others &&
		    preload_copies_take()) {
			answer.has_copy = true;
			copy = fd;
		}
	}
	send_with(fd, &answer, sizeof(answer), copy);
	if (hello.door != NULL || answer.error < 0)
		close(fd);
}

/* No descriptor is left for who connects: an end without an answer is one as well. */
static void
turn_away(struct preload_service *service)
{
	int fd;

	close(service->spare);
	fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	service->spare = fcntl(service->epoll, F_DUPFD_CLOEXEC, 0);
}

bool
preload_handshake(struct preload_service *service, bool is_last)
{
	int fd;

	while ((fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		greet(service, fd);
	if (errno != EMFILE && errno != ENFILE)
		return true;
	if (is_last)
		turn_away(service);
	return is_last;
}
