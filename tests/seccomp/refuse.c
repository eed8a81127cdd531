/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refuse.c: runs a program where the kernel refuses a call: refuse WHAT ERROR PROGRAM [ARGUMENT...].
 *
 * A filter of seccomp(2) gives the answers of kernels and sandboxes that are not to be had here:
 * listener: seccomp(2) that asks for a listener, as gVisor, or where somebody listens already.
 * killable: the same with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, as before Linux 5.19.  addfd:
 * SECCOMP_IOCTL_NOTIF_ADDFD, as before 5.14.  memory: process_vm_readv(2), as a container's profile.
 */
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Where the low half of the second argument lies. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define SECOND offsetof(struct seccomp_data, args[1])
#else
#define SECOND (offsetof(struct seccomp_data, args[1]) + sizeof(__u32))
#endif

/* A call whose second argument has one of the bits (BPF_JSET), or is the same (BPF_JEQ). */
static const struct {
	const char *name;
	unsigned call, test;
	unsigned value;
} refusals[] = {
	{ "listener", SYS_seccomp, BPF_JSET, SECCOMP_FILTER_FLAG_NEW_LISTENER },
	{ "killable", SYS_seccomp, BPF_JSET, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ "addfd", SYS_ioctl, BPF_JEQ, (unsigned)SECCOMP_IOCTL_NOTIF_ADDFD },
	{ "memory", SYS_process_vm_readv, BPF_JSET, ~0U },
};

#define NREFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static int
install(size_t i, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusals[i].call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SECOND),
		BPF_JUMP(
		    (unsigned short)(BPF_JMP | refusals[i].test | BPF_K), refusals[i].value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static unsigned
error_of(const char *name)
{
	static const unsigned errors[] = { EINVAL, EBUSY, ENOSYS, EPERM };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(strerrorname_np((int)errors[i]), name) == 0)
			return errors[i];
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned error = argc > 3 ? error_of(argv[2]) : 0;

	for (size_t i = 0; i < NREFUSALS && error != 0; i++) {
		if (strcmp(argv[1], refusals[i].name) != 0)
			continue;
		if (install(i, error) == 0)
			execvp(argv[3], argv + 3);
		perror(argv[1]);
		return 1;
	}
	fprintf(stderr, "usage: refuse WHAT ERROR PROGRAM [ARGUMENT...]\n");
	return 2;
}
