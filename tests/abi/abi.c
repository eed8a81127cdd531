/* SPDX-License-Identifier: BSD-2-Clause */
/* abi.c: sizes and offsets of <dev/dmover/dmover_io.h>, as C and as C++; compiled, never run. */
#include <dev/dmover/dmover_io.h>

#include <stddef.h>

#ifdef __cplusplus
#define SAME(actual, expected) static_assert((actual) == (expected), #actual)
#else
#define SAME(actual, expected) _Static_assert((actual) == (expected), #actual)
#endif

/* The value for this word size, of those for LP64 and for ILP32. */
#if __SIZEOF_POINTER__ == 8
#define WORD(lp64, ilp32) (lp64)
#else
#define WORD(lp64, ilp32) (ilp32)
#endif

SAME(sizeof(void *), WORD(8, 4));
SAME(sizeof(int), 4);
SAME(sizeof(struct iovec), WORD(16, 8));

SAME(sizeof(dmio_buffer), WORD(16, 8));
SAME(offsetof(dmio_buffer, dmbuf_iov), 0);
SAME(offsetof(dmio_buffer, dmbuf_iovcnt), WORD(8, 4));

#ifndef DMIO_ABI_2002
SAME(sizeof(struct dmio_usrreq), WORD(40, 24));
SAME(offsetof(struct dmio_usrreq, req_outbuf), 0);
SAME(offsetof(struct dmio_usrreq, req_immediate), WORD(16, 8));
SAME(offsetof(struct dmio_usrreq, req_inbuf), WORD(24, 16));
SAME(offsetof(struct dmio_usrreq, req_id), WORD(32, 20));
SAME(sizeof(struct dmio_usrresp), 16);
SAME(offsetof(struct dmio_usrresp, resp_immediate), 8);
SAME(sizeof(((struct dmio_usrresp *)0)->resp_immediate), 8);
#else
SAME(sizeof(struct dmio_usrreq), WORD(32, 20));
SAME(offsetof(struct dmio_usrreq, req_outbuf), 0);
SAME(offsetof(struct dmio_usrreq, req_immediate), WORD(16, 8));
SAME(offsetof(struct dmio_usrreq, req_inbuf), WORD(16, 8));
SAME(offsetof(struct dmio_usrreq, req_id), WORD(24, 16));
SAME(sizeof(struct dmio_usrresp), 8);
#endif

SAME(sizeof(((struct dmio_usrreq *)0)->req_immediate), 8);
SAME(sizeof(((struct dmio_usrreq *)0)->req_id), 4);
SAME(offsetof(struct dmio_usrresp, resp_id), 0);
SAME(offsetof(struct dmio_usrresp, resp_error), 4);

SAME(DMIO_MAX_FUNCNAME, 64);
SAME(sizeof(struct dmio_setfunc), 64);
SAME(DMIO_SETFUNC, 0x40404400);
