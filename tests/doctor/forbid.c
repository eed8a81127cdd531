/* SPDX-License-Identifier: BSD-2-Clause */
/* forbid.c: "forbid SYSCALL COMMAND...": runs the command where a seccomp filter refuses the call. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "io_uring_setup", SYS_io_uring_setup },
};

/* EPERM for the call, and all others as they are. */
static int
forbid(unsigned number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return -errno;
	return 0;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		int err;

		if (strcmp(argv[1], calls[i].name) != 0)
			continue;
		err = forbid(calls[i].number);
		if (err < 0) {
			fprintf(stderr, "forbid: no seccomp filter: %s\n", strerror(-err));
			return 77;
		}
		execv(argv[2], argv + 2);
		perror(argv[2]);
		return 1;
	}
	fprintf(stderr, "usage: forbid process_vm_readv|io_uring_setup COMMAND...\n");
	return 2;
}
