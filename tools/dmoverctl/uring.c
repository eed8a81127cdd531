/* SPDX-License-Identifier: BSD-2-Clause */
/* uring.c: whether the kernel lets this process use io_uring, for the engine "uring". */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/dmoverctl/examine.h"

static void
look_at_sysctl(long disabled, struct ctl_check *check)
{
	if (disabled <= 0) {
		ctl_check_found(check, disabled < 0 ? "no such setting" : "0");
		return;
	}
	ctl_check_found(check, "%ld", disabled);
	ctl_check_blame(check, CTL_NOTE,
	    disabled == 1 ? "io_uring is for root and for the group of kernel.io_uring_group"
			  : "io_uring is switched off for everybody",
	    "sysctl -w kernel.io_uring_disabled=0");
}

/* What the kernel says to a small ring, which is taken down at once. */
static int
try_ring(void)
{
	struct io_uring_params params;
	long fd;

	memset(&params, 0, sizeof(params));
	fd = syscall(SYS_io_uring_setup, 4, &params);
	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

void
ctl_examine_uring(const struct ctl_host *host, struct ctl_checks *checks)
{
	long disabled = ctl_host_number(host, "/proc/sys/kernel/io_uring_disabled", -1);
	struct ctl_check *check =
	    ctl_checks_add(checks, CTL_URING, "uring.sysctl", "kernel.io_uring_disabled");
	int err = try_ring();

	look_at_sysctl(disabled, check);
	check = ctl_checks_add(checks, CTL_URING, "uring.setup", "a ring can be made");
	ctl_check_found(check, "%s", err == 0 ? "yes" : strerror(err));
	if (err == 0)
		return;
	if (err == ENOSYS)
		ctl_check_blame(check, CTL_NOTE,
		    "this kernel has no io_uring, or a container's seccomp profile hides it",
		    "boot a kernel with CONFIG_IO_URING");
	else if (err == ENOMEM)
		ctl_check_blame(check, CTL_NOTE, "not enough memory may be locked",
		    "raise RLIMIT_MEMLOCK (LimitMEMLOCK= in a unit, ulimit -l)");
	else if (disabled > 0)
		ctl_check_blame(check, CTL_NOTE, "the setting above forbids it",
		    "sysctl -w kernel.io_uring_disabled=0");
	else
		ctl_check_blame(check, CTL_NOTE, "a seccomp filter or a security module forbids it",
		    "let the container's seccomp profile allow io_uring_setup, io_uring_enter and "
		    "io_uring_register");
}
