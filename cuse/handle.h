/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle.h: an address space by its open "mem" and "maps" of proc(5).
 *
 * The open files stay with the address space, not with the process: after an exec or an exit they
 * move 0 bytes, whoever has the process id then.  "mem" looks past page protection, though; so each
 * mapping is asked first, and a read-only output is -EFAULT here as everywhere.  (A caller that
 * changes protection between question and access only reaches its own copy.)
 */
#ifndef CUSE_HANDLE_H
#define CUSE_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct dmio_handle {
	int mem_fd, maps_fd;
};

/* An access: both lists hold the same number of bytes. */
struct dmio_access {
	bool is_write;
	const struct iovec *local; /* daemon memory */
	unsigned nlocal;
	const struct iovec *remote; /* the space's */
	unsigned nremote;
};

/* TID is a held caller.  -EPERM: this daemon may not access it; -EMFILE and others of open(2). */
int dmio_handle_open(pid_t tid, struct dmio_handle *ret_handle);
void dmio_handle_close(const struct dmio_handle *handle);

/* As spo_readv and spo_writev.  Any thread. */
ssize_t dmio_handle_access(const struct dmio_handle *handle, const struct dmio_access *access);

/* As spo_allowed.  Any thread. */
ssize_t dmio_handle_allowed(
    const struct dmio_handle *handle, bool is_write, uint64_t addr, size_t len);

#endif /* CUSE_HANDLE_H */
