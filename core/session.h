/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h: one open of the device -- its function, its limit, its responses, who waits for them.
 *
 * A request counts against the limit from its reservation until its response is read.  Blocked
 * callers are waiters, never threads: a waiter is parked here and handed back, exactly once, by
 * its wtr_ready or by session_unpark().
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/account.h"
#include "core/wire.h"

struct dmover_session;

enum dmover_waiter_type { DMOVER_READER, DMOVER_WRITER };

/* A blocked caller.  Embedded in the front end's own structure, which owns it unless parked. */
struct dmover_waiter {
	enum dmover_waiter_type wtr_type;
	/*
	 * Any thread, no lock held.  The waiter is the front end's again: a reader has what it
	 * waited for, a writer may try once more.  Not called after a good session_unpark().
	 */
	void (*wtr_ready)(struct dmover_waiter *waiter);
	bool wtr_is_parked;             /* (session lock) */
	uint8_t *wtr_buf;               /* reader: encoded responses; the waiter's own */
	size_t wtr_len, wtr_want;       /* reader: bytes there, bytes asked for */
	struct dmover_waiter *wtr_next; /* (session lock) */
};

struct dmover_waitq {
	struct dmover_waiter *first, **last;
};

/* What the session calls in its front end; no lock is held. */
struct dmover_session_ops {
	/* Readiness may have changed: wake the pollers behind HANDLE, which is then gone. */
	void (*ssn_poll_notify)(void *handle);
	/* HANDLE is not needed any more. */
	void (*ssn_poll_destroy)(void *handle);
};

struct dmover_session {
	const struct dmover_session_ops *ses_ops;
	struct dmover_account *ses_account;          /* of who opened it; referenced */
	struct dmover_flow ses_flow;                 /* its work in the pool */
	unsigned ses_limit;                          /* most requests not yet read */
	struct dmover_session *ses_next, **ses_prev; /* (front end's lock) its list of sessions */
	atomic_uint ses_refs;
	atomic_bool ses_is_closing;

	pthread_mutex_t ses_lock; /* leaf: not held across any call out of session.c */
	const struct dmover_function *ses_func; /* (ses_lock) set once; then constant */
	const struct dmover_layout *ses_layout; /* (ses_lock) set once; then constant */
	bool ses_is_32bit;                      /* (ses_lock) */
	unsigned ses_nreqs;                     /* (ses_lock) reserved + running + unread */
	unsigned ses_nwriters;                  /* (ses_lock) writes under way: they may add more */
	struct dmover_response *ses_ring;       /* (ses_lock) unread responses */
	unsigned ses_ring_size, ses_ring_head, ses_nready; /* (ses_lock) size is a power of 2 */
	size_t ses_charged;              /* (ses_lock) bytes of the ring on the account */
	struct dmover_waitq ses_readers; /* (ses_lock) until enough responses, or none can come */
	struct dmover_waitq ses_writers; /* (ses_lock) until ses_nreqs < ses_limit */
	void *ses_poll;                  /* (ses_lock) the front end's poll handle, or NULL */
};

/* A session with one reference.  -ENFILE, -EMFILE: too many are open; -ENOMEM. */
int dmover_session_create(const struct dmover_session_ops *ops, struct dmover_account *account,
    unsigned limit, struct dmover_session **ret_session);
struct dmover_session *dmover_session_ref(struct dmover_session *session);
void dmover_session_unref(struct dmover_session *session);

/* What work of the session, which holds a reference, takes turns as when it is ACCOUNT's. */
struct dmover_flow *dmover_session_flow(
    struct dmover_session *session, struct dmover_account *account);

/* The last close: responses are dropped, queued requests will not start.  Drops a reference. */
void dmover_session_close(struct dmover_session *session);

/* -ESRCH: no such function.  -EBUSY: it was selected before. */
int dmover_session_setfunc(struct dmover_session *session, const char *name, bool is_32bit);

/*
 * Checks the length of a write or a read.  -EINVAL: no whole records; -ENXIO: no function yet.
 * The first write fixes the layout.  A good begin_write must be followed by one end_write, when
 * the write will add no more requests.
 */
int dmover_session_begin_write(struct dmover_session *session, size_t len);
void dmover_session_end_write(struct dmover_session *session);
int dmover_session_begin_read(struct dmover_session *session, size_t len);

/*
 * Reserves up to WANT places under the limit; returns how many: 0 when it is reached, -ENOMEM when
 * there is no memory for a single response.
 */
int dmover_session_reserve(struct dmover_session *session, unsigned want);
/* Gives N places back that were not used. */
void dmover_session_unreserve(struct dmover_session *session, unsigned n);

/* N running requests are finished, in any order; their places stay taken until they are read. */
void dmover_session_respond(
    struct dmover_session *session, const struct dmover_response *responses, unsigned n);

/* Encodes responses that are there into BUF, at most LEN bytes; returns the bytes. */
size_t dmover_session_take(struct dmover_session *session, void *buf, size_t len);

/*
 * Parks the waiter.  False: there is no need to wait (any more); a reader's wtr_len tells what it
 * got.  The waiter was then not parked.
 */
bool dmover_session_park(struct dmover_session *session, struct dmover_waiter *waiter);

/* True: the waiter was parked, and is the caller's now.  False: wtr_ready has it, or had it. */
bool dmover_session_unpark(struct dmover_session *session, struct dmover_waiter *waiter);

/*
 * POLLIN and POLLOUT as they are now.  HANDLE (may be NULL) is kept first, in place of an older
 * one, so that no change after this is missed.
 */
unsigned dmover_session_poll(struct dmover_session *session, void *handle);

#endif /* CORE_SESSION_H */
