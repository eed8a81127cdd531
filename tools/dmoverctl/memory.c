/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: whether dmoverd can reach the memory of the programs that call it. */
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/dmoverctl/examine.h"

/* On this process itself: only the kernel's build or a filter can refuse. */
static void
try_calls(struct ctl_check *check)
{
	uint32_t from = 0x6d6f7665, to = 0;
	struct iovec local = { &to, sizeof(to) }, remote = { &from, sizeof(from) };
	ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	if (n == (ssize_t)sizeof(to))
		n = process_vm_writev(getpid(), &remote, 1, &local, 1, 0);
	if (n == (ssize_t)sizeof(to)) {
		ctl_check_found(check, "works");
		return;
	}
	ctl_check_found(check, "%s", n < 0 ? strerror(errno) : "cut short");
	ctl_check_blame(check, CTL_BAD,
	    "the kernel was built without CROSS_MEMORY_ATTACH, or a seccomp filter forbids it",
	    "let the filter allow process_vm_readv and process_vm_writev");
}

static void
look_at_yama(const struct ctl_host *host, struct ctl_check *check)
{
	long scope = ctl_host_number(host, "/proc/sys/kernel/yama/ptrace_scope", -1);
	const bool is_capable = ctl_host_is_capable(CAP_SYS_PTRACE);

	if (scope < 0) {
		ctl_check_found(check, "this kernel has no Yama");
		return;
	}
	ctl_check_found(check, "%ld", scope);
	if (scope >= 3)
		ctl_check_blame(check, CTL_BAD,
		    "no process may reach into another one, not even root's, until the next boot",
		    "boot with kernel.yama.ptrace_scope below 3 (/etc/sysctl.d)");
	else if (scope == 2 && !is_capable)
		ctl_check_blame(check, CTL_BAD,
		    "only CAP_SYS_PTRACE (of root) reaches into other processes",
		    "sysctl -w kernel.yama.ptrace_scope=0");
	else if (scope == 1 && !is_capable)
		ctl_check_blame(check, CTL_NOTE,
		    "only children, and programs that allow it, can be served: others get EPERM; "
		    "root "
		    "serves all",
		    "sysctl -w kernel.yama.ptrace_scope=0");
}

void
ctl_examine_memory(const struct ctl_host *host, struct ctl_checks *checks)
{
	struct ctl_check *check;

	try_calls(
	    ctl_checks_add(checks, CTL_MEMORY, "memory.calls", "process_vm_readv and its twin"));
	look_at_yama(
	    host, ctl_checks_add(checks, CTL_MEMORY, "memory.yama", "kernel.yama.ptrace_scope"));
	check = ctl_checks_add(checks, CTL_MEMORY, "memory.ptrace", "other users' programs");
	if (ctl_host_is_capable(CAP_SYS_PTRACE)) {
		ctl_check_found(check, "CAP_SYS_PTRACE");
		return;
	}
	ctl_check_found(check, "no CAP_SYS_PTRACE");
	ctl_check_blame(check, CTL_NOTE, "only programs of this user can be served",
	    geteuid() == 0 ? "start the container with --cap-add=SYS_PTRACE"
			   : "run dmoverd as root");
}
