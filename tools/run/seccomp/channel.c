/* SPDX-License-Identifier: BSD-2-Clause */
/* channel.c: messages over a pair of sockets. */
#include "tools/run/seccomp/channel.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/run/seccomp/descriptors.h"

int
run_channel_open(int ret_ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) != 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		ret_ends[i] = run_descriptors_raise(ret_ends[i]);
	if (ret_ends[0] >= 0 && ret_ends[1] >= 0)
		return 0;
	for (int i = 0; i < 2; i++)
		if (ret_ends[i] >= 0)
			close(ret_ends[i]);
	return -EMFILE;
}

bool
run_channel_send(int end, const struct run_message *message, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *rights;

		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	do {
		n = sendmsg(end, &header, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*message);
}

bool
run_channel_receive(int end, struct run_message *ret_message, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { ret_message, sizeof(*ret_message) };
	struct msghdr header = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *rights;
	ssize_t n;

	do {
		n = recvmsg(end, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	rights = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;
	*ret_fd = -1;
	if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(rights), sizeof(int));
	*ret_fd = run_descriptors_raise(*ret_fd);
	return n == (ssize_t)sizeof(*ret_message);
}
