/* SPDX-License-Identifier: BSD-2-Clause */
/* program.h: what kind of program it is: whether an object can be preloaded into it. */
#ifndef TOOLS_RUN_PROGRAM_H
#define TOOLS_RUN_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum program_kind {
	PROGRAM_GLIBC,   /* linked dynamically with the GNU C library, for this machine */
	PROGRAM_MUSL,    /* with musl, whose loader does not take objects that need glibc */
	PROGRAM_GO,      /* dynamic, but of Go, whose runtime makes its system calls itself */
	PROGRAM_STATIC,  /* without a dynamic linker */
	PROGRAM_FOREIGN, /* for another word size or machine */
	PROGRAM_SETUID, /* gains privileges, by setuid or as capabilities(7) of its file: nothing is preloaded */
};

struct program {
	char path[PATH_MAX]; /* what would be executed */
	enum program_kind kind;
	/* The sanitizer's library that it needs and that has to come first, or "". */
	char sanitizer[64];
};

/*
 * Looks NAME up as execvp(3) does, follows "#!", and reads the ELF file at the end.  0, or -errno
 * when it cannot be run.
 */
int program_inspect(const char *name, struct program *ret_program);

#endif /* TOOLS_RUN_PROGRAM_H */
