/* SPDX-License-Identifier: BSD-2-Clause */
/* uio.c: moving bytes between daemon memory and vectors, as uiomove(9) does. */
#include "core/uio.h"

#include <errno.h>

void
dmover_uio_init(struct dmover_uio *uio, struct dmover_space *space, enum dmover_uio_rw rw,
    const struct iovec *iov, unsigned iovcnt, size_t resid)
{
	*uio = (struct dmover_uio){
		.uio_iov = iov,
		.uio_iovcnt = iovcnt,
		.uio_resid = resid,
		.uio_rw = rw,
		.uio_space = space,
	};
}

void
dmover_uio_advance(struct dmover_uio *uio, size_t n)
{
	uio->uio_resid -= n;
	uio->uio_offset += (off_t)n;
	uio->uio_skip += n;
	while (uio->uio_iovcnt > 0 && uio->uio_skip >= uio->uio_iov->iov_len) {
		uio->uio_skip -= uio->uio_iov->iov_len;
		uio->uio_iov++;
		uio->uio_iovcnt--;
	}
}

size_t
dmover_uio_window(
    const struct dmover_uio *uio, size_t n, struct iovec *iov, unsigned max, unsigned *ret_pieces)
{
	size_t skip = uio->uio_skip, covered = 0;
	unsigned pieces = 0;

	if (n > uio->uio_resid)
		n = uio->uio_resid;
	for (unsigned i = 0; i < uio->uio_iovcnt && covered < n && pieces < max; i++) {
		size_t len = uio->uio_iov[i].iov_len - skip;

		if (len > n - covered)
			len = n - covered;
		if (len > 0) {
			/* As a number: the address is the caller's invention. */
			iov[pieces].iov_base = (void *)((uintptr_t)uio->uio_iov[i].iov_base + skip);
			iov[pieces++].iov_len = len;
			covered += len;
		}
		skip = 0;
	}
	*ret_pieces = pieces;
	return covered;
}

int
dmover_uiomove(void *buf, size_t n, struct dmover_uio *uio)
{
	const struct dmover_space_ops *ops = uio->uio_space->spc_ops;
	struct iovec remote[64], local = { .iov_base = buf };
	unsigned pieces;

	if (n > uio->uio_resid)
		n = uio->uio_resid;
	while (n > 0) {
		size_t want = dmover_uio_window(uio, n, remote, 64, &pieces);
		ssize_t done;

		if (pieces == 0)
			return -EFAULT; /* uio_resid was more than the vectors hold */
		local.iov_len = want;
		if (uio->uio_rw == DMOVER_UIO_READ)
			done = ops->spo_writev(uio->uio_space, &local, 1, remote, pieces);
		else
			done = ops->spo_readv(uio->uio_space, &local, 1, remote, pieces);
		if (done < 0)
			return (int)done;
		dmover_uio_advance(uio, (size_t)done);
		if ((size_t)done < want)
			return -EFAULT;
		local.iov_base = (char *)local.iov_base + done;
		n -= (size_t)done;
	}
	return 0;
}

int
dmover_uiomove_nofault(void *buf, size_t n, struct dmover_uio *uio)
{
	const struct dmover_space_ops *ops = uio->uio_space->spc_ops;
	struct dmover_uio at = *uio;
	struct iovec piece;
	unsigned pieces;

	if (n > uio->uio_resid)
		n = uio->uio_resid;
	for (size_t left = n; left > 0;) {
		size_t len = dmover_uio_window(&at, left, &piece, 1, &pieces);

		if (pieces == 0 || !ops->spo_is_resident(uio->uio_space, piece.iov_base, len))
			return -EFAULT;
		dmover_uio_advance(&at, len);
		left -= len;
	}
	return dmover_uiomove(buf, n, uio);
}
