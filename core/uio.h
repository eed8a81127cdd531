/* SPDX-License-Identifier: BSD-2-Clause */
/* uio.h: moving bytes between daemon memory and vectors, as uiomove(9) does. */
#ifndef CORE_UIO_H
#define CORE_UIO_H

#include <dev/dmover/dmover.h>

/* Most pieces that one vectored access takes on either side (the kernel's UIO_MAXIOV). */
#define DMOVER_UIO_PIECES 1024

/* At the start of VECTORS, with the sum of their lengths left.  The sum must be checked before. */
void dmover_uio_init(struct dmover_uio *uio, struct dmover_space *space, enum dmover_uio_rw rw,
    const struct iovec *iov, unsigned iovcnt, size_t resid);

/* Passes N bytes (at most uio_resid) without moving them. */
void dmover_uio_advance(struct dmover_uio *uio, size_t n);

/*
 * Lists the pieces of the next N bytes (at most uio_resid) in IOV, at most MAX of them, without
 * passing them; empty vectors are left out.  Sets *ret_pieces; returns the bytes they cover.
 */
size_t dmover_uio_window(
    const struct dmover_uio *uio, size_t n, struct iovec *iov, unsigned max, unsigned *ret_pieces);

/*
 * Moves up to N bytes between BUF and the vectors: out of BUF for DMOVER_UIO_READ, into it for
 * DMOVER_UIO_WRITE.  0 when min(N, uio_resid) bytes were moved; else the error of the space, and
 * uio_resid is exact: the bytes before it were moved.  Any thread; UIO belongs to one at a time.
 */
int dmover_uiomove(void *buf, size_t n, struct dmover_uio *uio);

/*
 * The same, but -EFAULT, and nothing moved, unless all the pages are in memory already (advisory:
 * the kernel may take one away in between, and then it is faulted in).
 */
int dmover_uiomove_nofault(void *buf, size_t n, struct dmover_uio *uio);

#endif /* CORE_UIO_H */
