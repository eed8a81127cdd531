/* SPDX-License-Identifier: BSD-2-Clause */
/* pass.c: hands records to the process that serves them. */
#include "preload/pass.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/wire.h"
#include "preload/door.h"

/* What write(2) checks before all else. */
static int
check(const struct preload_call *call)
{
	const struct preload_door *door = call->door;
	int layout = atomic_load(&door->slot->layout);

	if (!preload_slot_is(door->slot, door->slot_number) || !preload_slot_is_served(door->slot))
		return -ENODEV;
	if (layout > 0 ? call->size % (size_t)layout != 0
		       : dmover_layout_guess(call->size, false) == NULL)
		return -EINVAL;
	return atomic_load(&door->slot->function) == 0 ? -ENXIO : 0;
}

int
preload_pass(struct preload_call *call, size_t *ret_size)
{
	struct msghdr message = { 0 };
	int events, err = check(call);
	ssize_t n;

	while (err == 0) {
		message.msg_iov = (struct iovec *)(uintptr_t)call->iov;
		message.msg_iovlen = (size_t)call->n;
		n = sendmsg(call->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			*ret_size = (size_t)n;
			return 0;
		}
		if (errno != EAGAIN)
			return errno == EPIPE ? -ENODEV : -errno;
		if (preload_call_is_nonblocking(call))
			return -EAGAIN;
		events = preload_call_wait(call, POLLOUT);
		if (events < 0)
			err = events;
		else if ((events & (POLLHUP | POLLERR | POLLNVAL)) != 0)
			err = -ENODEV;
	}
	return err;
}
