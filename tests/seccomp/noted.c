/* SPDX-License-Identifier: BSD-2-Clause */
/* noted.c: a dynamic program that says that it is of Go, and opens the device as that would. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As Go's linker writes it: the length of the name and the contents, the kind, both texts. */
__asm__(".section .note.go.buildid, \"a\"\n"
	".balign 4\n"
	".long 4, 8, 4\n"
	".asciz \"Go\\0\"\n"
	".ascii \"build id\"\n"
	".previous\n");

int
main(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/dmoverio", O_RDWR) >= 0 ? 0 : 1;
}
