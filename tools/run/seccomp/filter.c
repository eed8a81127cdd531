/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.c: the filter's program, and its installation. */
#include "tools/run/seccomp/filter.h"

#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#else
#define ARCH 0
#endif

/* Where the low half of argument N lies. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define LOW(n) offsetof(struct seccomp_data, args[n])
#else
#define LOW(n) (offsetof(struct seccomp_data, args[n]) + sizeof(__u32))
#endif

#define LOAD(offset)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define IF(value, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)
#define ANSWER(answer)  BPF_STMT(BPF_RET | BPF_K, answer)

static const unsigned calls[] = {
#ifdef SYS_open
	SYS_open,
#endif
#ifdef SYS_creat
	SYS_creat,
#endif
	SYS_openat,
	SYS_openat2,
	SYS_execve,
	SYS_execveat,
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

/* Everything else is allowed; so is every call of another machine's. */
static unsigned
compose(struct sock_filter *code)
{
	unsigned n = 0;

	code[n++] = (struct sock_filter)LOAD(offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)IF(ARCH, 0, NCALLS + 4);
	code[n++] = (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < NCALLS; i++)
		code[n++] = (struct sock_filter)IF(calls[i], NCALLS - i + 3, 0);
	code[n++] = (struct sock_filter)IF(SYS_ioctl, 0, 2);
	code[n++] = (struct sock_filter)LOAD(LOW(1));
	code[n++] = (struct sock_filter)IF(DMIO_SETFUNC, 1, 0);
	code[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_USER_NOTIF);
	return n;
}

static int
install(const struct sock_fprog *program, unsigned long flags)
{
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, program);

	return fd >= 0 ? fd : -errno;
}

int
run_filter_install(bool *ret_is_patient)
{
	struct sock_filter code[NCALLS + 8];
	const struct sock_fprog program = { (unsigned short)compose(code), code };
	int fd;

	*ret_is_patient = false;
	if (ARCH == 0)
		return -EOPNOTSUPP;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	/* A signal that nobody dies of waits for the answer then, and the call is not begun anew. */
	fd = install(&program, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	*ret_is_patient = fd != -EINVAL;
	return fd == -EINVAL ? install(&program, 0) : fd;
}
