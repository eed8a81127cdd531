/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h: which system calls of the program are told to its launcher: those that open files,
 * ioctl(2) with the number of DMIO_SETFUNC, and execve(2), after which requests of the old program
 * must not meet the memory of the new one.  All others are the kernel's alone.
 *
 * Calls in the ways of other machines (i386 and x32 on x86-64) are not looked at.
 */
#ifndef TOOLS_RUN_SECCOMP_FILTER_H
#define TOOLS_RUN_SECCOMP_FILTER_H

#include <stdbool.h>

/*
 * Puts the filter on the calling thread and all that it starts or executes, for good; it gains no
 * privileges any more (PR_SET_NO_NEW_PRIVS).  The listener's descriptor, with FD_CLOEXEC, or
 * -errno: EBUSY: somebody listens to this thread already; EINVAL: the kernel knows no listeners;
 * EOPNOTSUPP: nobody has taught us this machine's calls.  *ret_is_patient: signals that do not kill wait
 * for the answer, once a call was taken (Linux 5.19); else they take it back.
 */
int run_filter_install(bool *ret_is_patient);

#endif /* TOOLS_RUN_SECCOMP_FILTER_H */
