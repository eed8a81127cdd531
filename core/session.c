/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.c: one open of the device.
 *
 * 1. open creates it; 2. SETFUNC gives it its function; 3. a write reserves places, its requests
 * run, 4. each ends in a response, 5. a read takes responses and frees their places; 6. the last
 * close drops what is left, and the last reference frees it.
 *
 * Whatever changes the state under the lock ends in settle(), which collects the waiters that need
 * not wait any more; they are told after the lock was dropped.
 */
#include "core/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define RING_FIRST 16 /* responses; doubled up to the limit */

/* What settle() found, to be done without the lock. */
struct outcome {
	struct dmover_waiter *ready;
	void *poll;
};

static void
waitq_init(struct dmover_waitq *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
waitq_add(struct dmover_waitq *q, struct dmover_waiter *waiter)
{
	waiter->wtr_is_parked = true;
	waiter->wtr_next = NULL;
	*q->last = waiter;
	q->last = &waiter->wtr_next;
}

static void
waitq_remove(struct dmover_waitq *q, struct dmover_waiter *waiter)
{
	struct dmover_waiter **at = &q->first;

	while (*at != waiter)
		at = &(*at)->wtr_next;
	*at = waiter->wtr_next;
	if (*at == NULL)
		q->last = at;
	waiter->wtr_is_parked = false;
}

int
dmover_session_create(const struct dmover_session_ops *ops, struct dmover_account *account,
    unsigned limit, struct dmover_session **ret_session)
{
	struct dmover_session *ses = calloc(1, sizeof(*ses));
	int err;

	if (ses == NULL)
		return -ENOMEM;
	err = dmover_account_open(account);
	if (err < 0) {
		free(ses);
		return err;
	}
	ses->ses_ops = ops;
	ses->ses_account = dmover_account_ref(account);
	ses->ses_flow.flow_account = account;
	ses->ses_limit = limit;
	ses->ses_refs = 1;
	pthread_mutex_init(&ses->ses_lock, NULL);
	waitq_init(&ses->ses_readers);
	waitq_init(&ses->ses_writers);
	*ret_session = ses;
	return 0;
}

struct dmover_session *
dmover_session_ref(struct dmover_session *ses)
{
	atomic_fetch_add_explicit(&ses->ses_refs, 1, memory_order_relaxed);
	return ses;
}

void
dmover_session_unref(struct dmover_session *ses)
{
	if (atomic_fetch_sub_explicit(&ses->ses_refs, 1, memory_order_acq_rel) > 1)
		return;
	if (ses->ses_poll != NULL)
		ses->ses_ops->ssn_poll_destroy(ses->ses_poll);
	dmover_account_uncharge(ses->ses_account, ses->ses_charged);
	dmover_account_close(ses->ses_account);
	dmover_account_put(ses->ses_account);
	pthread_mutex_destroy(&ses->ses_lock);
	free(ses->ses_ring);
	free(ses);
}

struct dmover_flow *
dmover_session_flow(struct dmover_session *ses, struct dmover_account *account)
{
	return account == ses->ses_account ? &ses->ses_flow : &account->acc_flow;
}

void
dmover_session_close(struct dmover_session *ses)
{
	atomic_store(&ses->ses_is_closing, true);
	dmover_session_unref(ses);
}

int
dmover_session_setfunc(struct dmover_session *ses, const char *name, bool is_32bit)
{
	const struct dmover_function *func = dmover_function_find(name);
	int err = 0;

	pthread_mutex_lock(&ses->ses_lock);
	if (ses->ses_func != NULL) {
		err = -EBUSY;
	} else if (func == NULL) {
		err = -ESRCH;
	} else {
		ses->ses_func = func;
		ses->ses_is_32bit = is_32bit;
	}
	pthread_mutex_unlock(&ses->ses_lock);
	return err;
}

int
dmover_session_begin_write(struct dmover_session *ses, size_t len)
{
	const struct dmover_layout *layout;
	int err = 0;

	pthread_mutex_lock(&ses->ses_lock);
	layout = ses->ses_layout;
	if (layout == NULL) {
		layout = dmover_layout_guess(len, ses->ses_is_32bit);
		if (layout == NULL && ses->ses_func == NULL)
			layout = dmover_layout_guess(len, true); /* its word size is not known */
	}
	if (layout == NULL || len % layout->lay_request != 0) {
		err = -EINVAL;
	} else if (ses->ses_func == NULL) {
		err = -ENXIO;
	} else {
		ses->ses_layout = layout;
		ses->ses_nwriters++;
	}
	pthread_mutex_unlock(&ses->ses_lock);
	return err;
}

int
dmover_session_begin_read(struct dmover_session *ses, size_t len)
{
	int err = 0;

	pthread_mutex_lock(&ses->ses_lock);
	if (len % (ses->ses_layout != NULL ? ses->ses_layout->lay_response : 8) != 0)
		err = -EINVAL;
	else if (ses->ses_func == NULL)
		err = -ENXIO;
	pthread_mutex_unlock(&ses->ses_lock);
	return err;
}

/* Responses into BUF, at most LEN bytes; frees their places.  Locked. */
static size_t
take_locked(struct dmover_session *ses, uint8_t *buf, size_t len)
{
	size_t done = 0, size;

	if (ses->ses_layout == NULL)
		return 0;
	size = ses->ses_layout->lay_response;
	while (ses->ses_nready > 0 && len - done >= size) {
		dmover_wire_response_encode(
		    ses->ses_layout, &ses->ses_ring[ses->ses_ring_head], buf + done);
		ses->ses_ring_head = (ses->ses_ring_head + 1) & (ses->ses_ring_size - 1);
		ses->ses_nready--;
		ses->ses_nreqs--;
		done += size;
	}
	return done;
}

/* Nothing more can come, unless somebody writes anew. */
static bool
is_drained(const struct dmover_session *ses)
{
	return ses->ses_nreqs == 0 && ses->ses_nwriters == 0;
}

/* A record that does not fit any more counts as full. */
static bool
reader_is_full(const struct dmover_session *ses, const struct dmover_waiter *reader)
{
	size_t size = ses->ses_layout != NULL ? ses->ses_layout->lay_response : 8;

	return reader->wtr_want - reader->wtr_len < size;
}

/* Feeds the reader; true when it need not wait.  Locked. */
static bool
reader_settles(struct dmover_session *ses, struct dmover_waiter *reader)
{
	reader->wtr_len +=
	    take_locked(ses, reader->wtr_buf + reader->wtr_len, reader->wtr_want - reader->wtr_len);
	return reader_is_full(ses, reader) || (reader->wtr_len > 0 && is_drained(ses));
}

static void
make_ready(struct dmover_waitq *q, struct outcome *outcome)
{
	struct dmover_waiter *waiter = q->first;

	waitq_remove(q, waiter);
	waiter->wtr_next = outcome->ready;
	outcome->ready = waiter;
}

/* Locked.  Readers are fed in order; one writer is let in, which lets in the next. */
static void
settle(struct dmover_session *ses, bool has_changed, struct outcome *outcome)
{
	while (ses->ses_readers.first != NULL && reader_settles(ses, ses->ses_readers.first))
		make_ready(&ses->ses_readers, outcome);
	if (ses->ses_writers.first != NULL && ses->ses_nreqs < ses->ses_limit)
		make_ready(&ses->ses_writers, outcome);
	if (has_changed) {
		outcome->poll = ses->ses_poll;
		ses->ses_poll = NULL;
	}
}

/* Not locked. */
static void
carry_out(struct dmover_session *ses, struct outcome *outcome)
{
	if (outcome->poll != NULL)
		ses->ses_ops->ssn_poll_notify(outcome->poll);
	while (outcome->ready != NULL) {
		struct dmover_waiter *waiter = outcome->ready;

		outcome->ready = waiter->wtr_next;
		waiter->wtr_ready(waiter);
	}
}

/* Drops the lock. */
static void
settle_and_unlock(struct dmover_session *ses, bool has_changed)
{
	struct outcome outcome = { 0 };

	settle(ses, has_changed, &outcome);
	pthread_mutex_unlock(&ses->ses_lock);
	carry_out(ses, &outcome);
}

void
dmover_session_end_write(struct dmover_session *ses)
{
	pthread_mutex_lock(&ses->ses_lock);
	ses->ses_nwriters--;
	settle_and_unlock(ses, false);
}

/* Room for N more responses.  Locked. */
static int
ring_grow(struct dmover_session *ses, unsigned n)
{
	unsigned size = ses->ses_ring_size == 0 ? RING_FIRST : ses->ses_ring_size;
	struct dmover_response *ring;
	size_t more;

	while (size < n)
		size *= 2;
	if (size == ses->ses_ring_size)
		return 0;
	more = (size - ses->ses_ring_size) * sizeof(*ring);
	if (dmover_account_charge(ses->ses_account, more) < 0)
		return -ENOMEM;
	ring = calloc(size, sizeof(*ring));
	if (ring == NULL) {
		dmover_account_uncharge(ses->ses_account, more);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < ses->ses_nready; i++)
		ring[i] = ses->ses_ring[(ses->ses_ring_head + i) & (ses->ses_ring_size - 1)];
	free(ses->ses_ring);
	ses->ses_ring = ring;
	ses->ses_ring_size = size;
	ses->ses_ring_head = 0;
	ses->ses_charged += more;
	return 0;
}

int
dmover_session_reserve(struct dmover_session *ses, unsigned want)
{
	int err = 0;

	pthread_mutex_lock(&ses->ses_lock);
	if (want > ses->ses_limit - ses->ses_nreqs)
		want = ses->ses_limit - ses->ses_nreqs;
	/* No memory for a longer ring: what there is must do. */
	if (ring_grow(ses, ses->ses_nreqs + want) < 0) {
		want = ses->ses_ring_size - ses->ses_nreqs;
		if (want == 0)
			err = -ENOMEM;
	}
	ses->ses_nreqs += want;
	pthread_mutex_unlock(&ses->ses_lock);
	return err < 0 ? err : (int)want;
}

void
dmover_session_unreserve(struct dmover_session *ses, unsigned n)
{
	if (n == 0)
		return;
	pthread_mutex_lock(&ses->ses_lock);
	ses->ses_nreqs -= n;
	settle_and_unlock(ses, true);
}

void
dmover_session_respond(
    struct dmover_session *ses, const struct dmover_response *responses, unsigned n)
{
	pthread_mutex_lock(&ses->ses_lock);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = ses->ses_ring_head + ses->ses_nready++;

		ses->ses_ring[at & (ses->ses_ring_size - 1)] = responses[i];
	}
	settle_and_unlock(ses, true);
}

size_t
dmover_session_take(struct dmover_session *ses, void *buf, size_t len)
{
	size_t done;

	pthread_mutex_lock(&ses->ses_lock);
	done = take_locked(ses, buf, len);
	settle_and_unlock(ses, done > 0);
	return done;
}

bool
dmover_session_park(struct dmover_session *ses, struct dmover_waiter *waiter)
{
	bool parks;

	pthread_mutex_lock(&ses->ses_lock);
	if (waiter->wtr_type == DMOVER_READER) {
		size_t had = waiter->wtr_len;

		/* Those that came before are served before. */
		parks = ses->ses_readers.first != NULL || !reader_settles(ses, waiter);
		if (parks)
			waitq_add(&ses->ses_readers, waiter);
		settle_and_unlock(ses, waiter->wtr_len > had);
		return parks;
	}
	parks = ses->ses_nreqs >= ses->ses_limit;
	if (parks)
		waitq_add(&ses->ses_writers, waiter);
	pthread_mutex_unlock(&ses->ses_lock);
	return parks;
}

bool
dmover_session_unpark(struct dmover_session *ses, struct dmover_waiter *waiter)
{
	bool was_parked;

	pthread_mutex_lock(&ses->ses_lock);
	was_parked = waiter->wtr_is_parked;
	if (was_parked)
		waitq_remove(
		    waiter->wtr_type == DMOVER_READER ? &ses->ses_readers : &ses->ses_writers,
		    waiter);
	pthread_mutex_unlock(&ses->ses_lock);
	return was_parked;
}

unsigned
dmover_session_poll(struct dmover_session *ses, void *handle)
{
	unsigned events = 0;
	void *old = NULL;

	pthread_mutex_lock(&ses->ses_lock);
	if (handle != NULL) {
		old = ses->ses_poll;
		ses->ses_poll = handle;
	}
	if (ses->ses_nready > 0)
		events |= POLLIN | POLLRDNORM;
	if (ses->ses_nreqs < ses->ses_limit)
		events |= POLLOUT | POLLWRNORM;
	pthread_mutex_unlock(&ses->ses_lock);
	if (old != NULL)
		ses->ses_ops->ssn_poll_destroy(old);
	return events;
}
