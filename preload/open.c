/* SPDX-License-Identifier: BSD-2-Clause */
/* open.c: a new session's descriptor, with the flags that open(2) was given. */
#include "preload/open.h"

#include <errno.h>
#include <fcntl.h>

#include "preload/call.h"
#include "preload/service.h"

/* What open(2) says of such flags on a character device. */
static int
check_flags(int flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((flags & O_DIRECTORY) != 0)
		return -ENOTDIR;
	return (flags & O_DIRECT) != 0 ? -EINVAL : 0;
}

int
preload_open(int flags)
{
	struct preload_call call;
	int fd;

	preload_call_begin(&call, -1);
	fd = check_flags(flags);
	if (fd == 0)
		fd = preload_service_open(flags & O_ACCMODE);
	if (fd >= 0 && (flags & O_CLOEXEC) == 0)
		fcntl(fd, F_SETFD, 0);
	if (fd >= 0 && (flags & O_NONBLOCK) != 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return (int)preload_call_end(&call, fd);
}
