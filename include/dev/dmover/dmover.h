/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmover.h: functions, spaces, buffers and requests -- what core, front ends and engines share.
 *
 * A request names one function, its inputs and its output.  It has one owner at a time and ends
 * with exactly one dmover_done().  Lengths are bytes; errors are -errno.
 */
#ifndef DEV_DMOVER_DMOVER_H
#define DEV_DMOVER_DMOVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define DMOVER_FUNC_NAME_MAX 64
#define DMOVER_INPUTS_MAX    16
#define DMOVER_IMMEDIATE_LEN 8

/* What a function computes.  xor2 to xor16 are one kind with different numbers of inputs. */
enum dmover_kind {
	DMOVER_KIND_ZERO,
	DMOVER_KIND_FILL8,
	DMOVER_KIND_COPY,
	DMOVER_KIND_CRC32C,
	DMOVER_KIND_XOR,
	DMOVER_NKINDS
};

/* Bit of a kind in an engine's eng_kinds. */
#define DMOVER_F(kind) (1u << (kind))
#define DMOVER_F_ALL   (DMOVER_F(DMOVER_NKINDS) - 1)

/* One row of the function table (core/function.c).  Constant, lives for ever. */
struct dmover_function {
	const char *dfn_name;
	enum dmover_kind dfn_kind;
	unsigned dfn_ninputs;
	unsigned dfn_immediate_in;  /* bytes of the immediate that it reads */
	unsigned dfn_immediate_out; /* bytes of the immediate result that it gives */
	bool dfn_has_output;
	bool dfn_uniform; /* any two equally long pieces of the output are the same bytes */
	/*
	 * Where pieces have results, and the result of the whole is made of them in any order: joins
	 * RESULT with PART, that of a piece with BEHIND bytes of the input after it.  The first
	 * piece takes the request's immediate, the others take zeros.  NULL: there are no results.
	 */
	void (*dfn_join)(uint8_t *result, const uint8_t *part, size_t behind);
};

/* The row called NAME, or NULL.  Any thread. */
const struct dmover_function *dmover_function_find(const char *name);

/* Row I of the table, or NULL past its end. */
const struct dmover_function *dmover_function_at(unsigned i);

struct dmover_space;

/*
 * Access to an address space.  Members are required where nothing else is said; any thread may call
 * them.
 *
 * spo_readv and spo_writev move bytes between daemon memory (local) and the space (remote).  Both
 * lists hold 1 to 1024 pieces and the same number of bytes.  They return how many bytes were
 * moved from the start: fewer than asked for means that the byte after is not accessible.
 * -EFAULT: the very first is not.  -ESRCH: the space is gone, and nothing more will ever be moved.
 * -EPERM: this daemon may not touch it.
 */
struct dmover_space_ops {
	ssize_t (*spo_readv)(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
	    const struct iovec *remote, unsigned nremote);
	ssize_t (*spo_writev)(struct dmover_space *space, const struct iovec *local,
	    unsigned nlocal, const struct iovec *remote, unsigned nremote);
	/* True when every page of the range is in memory now.  Advisory: it may leave at once. */
	bool (*spo_is_resident)(struct dmover_space *space, const void *addr, size_t len);
	/*
	 * Optional.  An open file that holds the bytes of the space at their addresses, as "mem" of
	 * proc(5) does, or -1; good while the space is referenced.  It looks past page protection:
	 * ask spo_allowed first.  0 bytes moved: the space is gone.
	 */
	int (*spo_file)(struct dmover_space *space);
	/*
	 * Required with spo_file.  How many bytes from ADDR on, at most LEN, may be read, or written
	 * when IS_WRITE.  -EFAULT: not even the first; -ESRCH: the space is gone.
	 */
	ssize_t (*spo_allowed)(
	    struct dmover_space *space, bool is_write, const void *addr, size_t len);
	/* The last reference went. */
	void (*spo_destroy)(struct dmover_space *space);
};

/* Embedded first in a front end's own structure. */
struct dmover_space {
	const struct dmover_space_ops *spc_ops;
	atomic_uint spc_refs;
};

/* The daemon's own memory; never destroyed, no fault is caught. */
extern struct dmover_space dmover_space_self;

struct dmover_space *dmover_space_ref(struct dmover_space *space);
/* Drops one reference; the last one destroys.  NULL is allowed. */
void dmover_space_unref(struct dmover_space *space);

/* Which way uiomove(9) moves, seen from the caller: READ writes into the vectors. */
enum dmover_uio_rw { DMOVER_UIO_READ, DMOVER_UIO_WRITE };

/*
 * A position in a list of vectors.  The vectors themselves are never written (uio(9S)): the
 * position is uio_iov, uio_iovcnt and uio_skip.  Zero it before use.
 */
struct dmover_uio {
	const struct iovec *uio_iov; /* vector that holds the next byte */
	unsigned uio_iovcnt;         /* vectors from there on */
	size_t uio_skip;             /* bytes of the first vector already passed */
	off_t uio_offset;            /* advanced with the bytes; preserved otherwise */
	size_t uio_resid;            /* bytes not yet moved */
	enum dmover_uio_rw uio_rw;
	struct dmover_space *uio_space; /* borrowed; whose addresses the vectors hold */
};

enum dmover_buffer_type { DMOVER_BUF_NONE, DMOVER_BUF_LINEAR, DMOVER_BUF_UIO };

struct dmover_buffer {
	enum dmover_buffer_type buf_type;
	union {
		uint8_t *buf_linear;       /* dreq_len bytes of daemon memory */
		struct dmover_uio buf_uio; /* uio_resid is dreq_len */
	};
};

/*
 * One piece of work.  Whoever submits it owns it until submit succeeds, then the engine does until
 * dmover_done(), then whoever set dreq_done.
 */
struct dmover_request {
	const struct dmover_function *dreq_func;
	size_t dreq_len;               /* bytes of each input and of the output */
	struct dmover_buffer *dreq_in; /* dfn_ninputs of them */
	struct dmover_buffer dreq_out; /* NONE where the function has no output */
	uint8_t dreq_immediate[DMOVER_IMMEDIATE_LEN];
	uint8_t dreq_result[DMOVER_IMMEDIATE_LEN]; /* at first that of no bytes at all */
	int dreq_error;                            /* 0 or -errno, set before dmover_done() */
	bool dreq_error_final; /* the error is an answer for the caller: do not redo */
	void (*dreq_done)(struct dmover_request *dreq); /* any thread; may free the request */
	void *dreq_arg;                                 /* of whoever set dreq_done */
	void *dreq_engine;  /* free for the engine while it owns the request */
	unsigned dreq_lane; /* of the dispatcher: who has it */
	int64_t dreq_since; /* of the dispatcher: CLOCK_MONOTONIC in ns; 0: not timed */
};

/* Engine's side: the request is finished; dreq_error and dreq_result are set.  Exactly once. */
void dmover_done(struct dmover_request *dreq);

#endif /* DEV_DMOVER_DMOVER_H */
