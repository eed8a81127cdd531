/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmover_io.h: what a program needs to use /dev/dmoverio.
 *
 * Path, names and shapes are those of NetBSD's <dev/dmover/dmover_io.h>, so that sources written
 * for it compile unchanged; dmoverio(4) describes the calls.  A request is written with write(2),
 * its response is read with read(2), in any order.  Units: bytes.
 *
 * Two layouts of the request exist in the field.  The default is that of NetBSD's header: the
 * immediate value and the input array are separate members, and the response carries a result.
 * Define DMIO_ABI_2002 before the first inclusion to get the layout of the manual page of 2002,
 * in which both share a union and the response has no result.  The device takes either.
 */
#ifndef DEV_DMOVER_DMOVER_IO_H
#define DEV_DMOVER_DMOVER_IO_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A region of the caller's memory: at most IOV_MAX (1024) pieces, in order. */
typedef struct {
	struct iovec *dmbuf_iov;
	unsigned int dmbuf_iovcnt;
} dmio_buffer;

#ifndef DMIO_ABI_2002

struct dmio_usrreq {
	dmio_buffer req_outbuf;   /* where the result goes; iovcnt 0 for iscsi-crc32c */
	uint8_t req_immediate[8]; /* immediate input, least significant byte first */
	dmio_buffer *req_inbuf;   /* array with one entry for each input of the function */
	uint32_t req_id;          /* comes back in the response */
};

struct dmio_usrresp {
	uint32_t resp_id; /* req_id of the request */
	int resp_error;   /* 0 or an errno(3) value; if not 0, output may be partly written */
	uint8_t resp_immediate[8]; /* immediate result, least significant byte first; else 0 */
};

#else /* DMIO_ABI_2002 */

struct dmio_usrreq {
	dmio_buffer req_outbuf;
	union {
		uint8_t _immediate[8];
		dmio_buffer *_inbuf;
	} _req_inbuf_un;
#define req_immediate _req_inbuf_un._immediate
#define req_inbuf     _req_inbuf_un._inbuf
	uint32_t req_id;
};

struct dmio_usrresp {
	uint32_t resp_id;
	int resp_error;
};

#endif /* DMIO_ABI_2002 */

#define DMIO_MAX_FUNCNAME 64

struct dmio_setfunc {
	char dsf_name[DMIO_MAX_FUNCNAME]; /* "copy", ...; the device ends it at the last byte */
};

/* Select the session's function, once.  ESRCH: no such function.  EBUSY: already selected. */
#define DMIO_SETFUNC _IOW('D', 0, struct dmio_setfunc)

#endif /* DEV_DMOVER_DMOVER_IO_H */
