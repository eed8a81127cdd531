/* SPDX-License-Identifier: BSD-2-Clause */
/* wrap_io.c: read, write and ioctl in front of the C library's. */
#include "preload/wrap.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <dev/dmover/dmover_io.h>

#include "preload/call.h"
#include "preload/door.h"
#include "preload/follow.h"
#include "preload/read.h"
#include "preload/real.h"
#include "preload/space.h"
#include "preload/write.h"

static ssize_t
read_buffer(struct preload_call *call, const struct iovec *iov)
{
	int err = preload_call_buffer(call, iov);

	return preload_call_end(call, err < 0 ? err : preload_read(call));
}

/* As preload_call_enter(), for calls that a thread may be cancelled in. */
static bool
enter(struct preload_call *call, int fd)
{
	if (preload_door_is_any())
		pthread_testcancel();
	return preload_call_enter(call, fd);
}

ssize_t
read(int fd, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct preload_call call;

	if (!enter(&call, fd))
		return preload_real()->read(fd, buf, len);
	return read_buffer(&call, &iov);
}

ssize_t
__read_chk(int fd, void *buf, size_t len, size_t size)
{
	struct iovec iov = { buf, len };
	struct preload_call call;

	if (len > size || !enter(&call, fd))
		return preload_real()->read_chk(fd, buf, len, size);
	return read_buffer(&call, &iov);
}

ssize_t
readv(int fd, const struct iovec *iov, int n)
{
	struct iovec few[PRELOAD_CALL_FEW];
	struct preload_call call;
	int err;

	if (!enter(&call, fd))
		return preload_real()->readv(fd, iov, n);
	err = preload_call_vectors(&call, iov, n, few);
	return preload_call_end(&call, err < 0 ? err : preload_read(&call));
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct preload_call call;
	int err;

	if (!enter(&call, fd))
		return preload_real()->write(fd, buf, len);
	err = preload_call_buffer(&call, &iov);
	return preload_call_end(&call, err < 0 ? err : preload_write(&call));
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	struct iovec few[PRELOAD_CALL_FEW];
	struct preload_call call;
	int err;

	if (!enter(&call, fd))
		return preload_real()->writev(fd, iov, n);
	err = preload_call_vectors(&call, iov, n, few);
	return preload_call_end(&call, err < 0 ? err : preload_write(&call));
}

static int
setfunc(const struct preload_call *call, const void *arg)
{
	struct dmio_setfunc dsf = { 0 };

	if (preload_space_get(&dsf, arg, sizeof(dsf)) < 0)
		return -EFAULT;
	dsf.dsf_name[sizeof(dsf.dsf_name) - 1] = '\0';
	return preload_select(call->door, dsf.dsf_name);
}

/* What the kernel answers for every file is the kernel's here as well. */
static bool
is_kernels(unsigned long cmd)
{
	return cmd == FIONBIO || cmd == FIOASYNC || cmd == FIOCLEX || cmd == FIONCLEX;
}

int
ioctl(int fd, unsigned long cmd, ...)
{
	struct preload_call call;
	va_list args;
	void *arg;
	int err;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	if (!preload_call_enter(&call, fd))
		return preload_real()->ioctl(fd, cmd, arg);
	/* The kernel looks at 32 bits of the number. */
	if ((unsigned)cmd == (unsigned)DMIO_SETFUNC)
		err = setfunc(&call, arg);
	else
		err = is_kernels((unsigned)cmd) ? 1 : -ENOTTY;
	if (err <= 0)
		return (int)preload_call_end(&call, err);
	preload_call_end(&call, 0);
	return preload_real()->ioctl(fd, cmd, arg);
}
