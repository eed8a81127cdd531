/* SPDX-License-Identifier: BSD-2-Clause */
/* park.c: calls that are not answered yet, and their interruption. */
#include "cuse/park.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "cuse/inside.h"

/* Between two looks at whether the borrowers of an ending reader sleep in their accesses. */
#define LOOK_NS 50000000

static struct dmio_parked **
bucket(struct dmio_device *device, fuse_req_t req)
{
	return &device->parked[((uintptr_t)req >> 4) % PARKED_BUCKETS];
}

struct dmio_parked *
dmio_parked_create(const struct dmio_call *call, struct dmover_account *account, size_t size)
{
	size_t charged = sizeof(struct dmio_parked) + size;
	struct dmio_parked *parked;

	if (dmover_account_charge(account, charged) < 0)
		return NULL;
	parked = calloc(1, sizeof(*parked));
	if (parked != NULL)
		parked->data = malloc(size > 0 ? size : 1);
	if (parked == NULL || parked->data == NULL) {
		free(parked);
		dmover_account_uncharge(account, charged);
		return NULL;
	}
	parked->call = *call;
	parked->account = dmover_account_ref(account);
	parked->charged = charged;
	parked->size = size;
	return parked;
}

/* Locked.  Where the call of REQ is linked, or the end of the chain. */
static struct dmio_parked **
find(struct dmio_device *device, fuse_req_t req)
{
	struct dmio_parked **at = bucket(device, req);

	while (*at != NULL && (*at)->call.req != req)
		at = &(*at)->next;
	return at;
}

/* What the caller is told, by the owner. */
static void
answer(const struct dmio_parked *parked, int err)
{
	if (parked->waiter.wtr_type == DMOVER_WRITER) {
		size_t done = parked->before + parked->done;

		dmover_session_end_write(parked->call.session);
		if (err < 0 && done == 0)
			dmio_answer_error(parked->call.req, err);
		else
			dmio_answer_count(parked->call.req, done);
	} else {
		if (err < 0 && parked->waiter.wtr_len == 0)
			dmio_answer_error(parked->call.req, err);
		else
			dmio_answer_bytes(parked->call.req, parked->data, parked->waiter.wtr_len);
	}
}

static void
parked_free(struct dmio_parked *parked)
{
	dmover_account_uncharge(parked->account, parked->charged);
	dmover_account_put(parked->account);
	free(parked->data);
	free(parked);
}

/* Locked. */
static struct dmio_parked **
lender_bucket(struct dmio_device *device, pid_t tid)
{
	return &device->lenders[(unsigned)tid % PARKED_BUCKETS];
}

/* Locked.  Neither a signal nor a borrower finds it any more. */
static void
forget(const struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;
	struct dmio_parked **at;

	/* Not by its request: once answered, that may have become another one's. */
	for (at = bucket(device, parked->call.req); *at != NULL && *at != parked; at = &(*at)->next)
		;
	if (*at == parked)
		*at = parked->next;
	for (at = lender_bucket(device, parked->identity.tid); *at != NULL && *at != parked;
	     at = &(*at)->next_lender)
		;
	if (*at == parked)
		*at = parked->next_lender;
}

/* Locked.  Every borrower sleeps in its access, and has hold of the address space there. */
static bool
borrowers_sleep(struct dmio_parked *parked)
{
	bool all = true;

	for (unsigned i = 0; i < LENDERS_MAX; i++)
		if (parked->borrowers[i].thread != 0 && !dmio_look(&parked->borrowers[i]))
			all = false;
	return all;
}

/*
 * Watch thread, its lock held; parked_lock is taken before that elsewhere, so only tried here.
 * The reader's own memory keeps the borrowers: it is answered without them, or could not end.
 */
static void
look_at_borrowers(struct dmover_seat *seat)
{
	struct dmio_parked *parked =
	    (struct dmio_parked *)((char *)seat - offsetof(struct dmio_parked, seat));
	struct dmio_device *device = parked->call.device;
	bool is_ours = false;

	if (pthread_mutex_trylock(&device->parked_lock) == 0) {
		is_ours = parked->nborrowed > 0 && borrowers_sleep(parked);
		parked->is_answered = is_ours;
		pthread_mutex_unlock(&device->parked_lock);
	}
	/* It is freed by the last borrower, who waits for this look to end. */
	if (is_ours)
		answer(parked, parked->end_err);
	else
		dmover_seat_begin(device->core->watch, seat);
}

void
dmio_parked_finish(struct dmio_parked *parked, int err)
{
	struct dmio_device *device = parked->call.device;
	bool is_lent;

	pthread_mutex_lock(&device->parked_lock);
	forget(parked);
	is_lent = parked->nborrowed > 0;
	if (is_lent) {
		/* dmio_lend_return() goes on. */
		parked->is_ending = true;
		parked->end_err = err;
		parked->seat.seat_limit = LOOK_NS;
		parked->seat.seat_stalled = look_at_borrowers;
		dmover_watch_add(device->core->watch, &parked->seat);
		dmover_seat_begin(device->core->watch, &parked->seat);
	}
	pthread_mutex_unlock(&device->parked_lock);
	if (is_lent)
		return;
	answer(parked, err);
	parked_free(parked);
}

void
dmio_parked_discard(struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;

	pthread_mutex_lock(&device->parked_lock);
	forget(parked);
	pthread_mutex_unlock(&device->parked_lock);
	parked_free(parked);
}

/* Locked.  Puts THREAD in place of WAS; false: there is none. */
static bool
replace_borrower(struct dmio_parked *parked, pid_t was, pid_t thread)
{
	for (unsigned i = 0; i < LENDERS_MAX; i++) {
		if (parked->borrowers[i].thread == was) {
			parked->borrowers[i] = (struct dmio_sleeper){ .thread = thread };
			return true;
		}
	}
	return false;
}

struct dmio_parked *
dmio_lend_borrow(struct dmio_device *device, const struct dmio_identity *identity)
{
	struct dmio_parked *parked;

	pthread_mutex_lock(&device->parked_lock);
	for (parked = *lender_bucket(device, identity->tid); parked != NULL;
	     parked = parked->next_lender)
		if (dmio_identity_equals(&parked->identity, identity))
			break;
	if (parked != NULL && !replace_borrower(parked, 0, gettid()))
		parked = NULL;
	if (parked != NULL)
		parked->nborrowed++;
	pthread_mutex_unlock(&device->parked_lock);
	return parked;
}

void
dmio_lend_return(struct dmio_device *device, struct dmio_parked *parked)
{
	bool ends;

	pthread_mutex_lock(&device->parked_lock);
	replace_borrower(parked, gettid(), 0);
	ends = --parked->nborrowed == 0 && parked->is_ending;
	pthread_mutex_unlock(&device->parked_lock);
	if (!ends)
		return;
	dmover_watch_remove(device->core->watch, &parked->seat);
	if (!parked->is_answered)
		answer(parked, parked->end_err);
	parked_free(parked);
}

/*
 * libfuse, with the lock of REQ held: the caller got a signal.  A call that waits in its session,
 * or for a worker, is answered; one that a worker runs is marked, and not parked again.
 */
static void
interrupted(fuse_req_t req, void *data)
{
	struct dmio_device *device = data;
	struct dmio_parked *parked, *own = NULL, copy;
	bool is_queued = false;

	pthread_mutex_lock(&device->parked_lock);
	parked = *find(device, req);
	if (parked != NULL) {
		parked->is_interrupted = true;
		is_queued = parked->is_queued;
		if (is_queued) {
			/* The worker may free it as soon as it is answered: a copy tells how. */
			parked->is_answered = true;
			forget(parked);
			copy = *parked;
		} else if (dmover_session_unpark(parked->call.session, &parked->waiter)) {
			own = parked;
		}
	}
	pthread_mutex_unlock(&device->parked_lock);
	if (is_queued)
		answer(&copy, -EINTR);
	else if (own != NULL)
		dmio_parked_finish(own, -EINTR);
	else
		dmio_inside_interrupt(device, req);
}

void
dmio_park_listen(struct dmio_device *device, fuse_req_t req)
{
	fuse_req_interrupt_func(req, interrupted, device);
}

void
dmio_parked_add(struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;
	struct dmio_parked **head = bucket(device, parked->call.req);

	pthread_mutex_lock(&device->parked_lock);
	parked->next = *head;
	*head = parked;
	if (parked->identity.tid != 0) {
		head = lender_bucket(device, parked->identity.tid);
		parked->next_lender = *head;
		*head = parked;
	}
	pthread_mutex_unlock(&device->parked_lock);
	/* It may be called from in here: then the mark is seen before any wait. */
	dmio_park_listen(device, parked->call.req);
}

/*
 * A signal may have come between the look at the mark and the wait, and found nobody parked.  The
 * parked call may be answered and gone by now; the table tells.
 */
static void
recheck(struct dmio_device *device, fuse_req_t req, const struct dmio_parked *was)
{
	struct dmio_parked *parked, *own = NULL;

	pthread_mutex_lock(&device->parked_lock);
	parked = *find(device, req);
	if (parked != NULL && parked == was && parked->is_interrupted &&
	    dmover_session_unpark(parked->call.session, &parked->waiter))
		own = parked;
	pthread_mutex_unlock(&device->parked_lock);
	if (own != NULL)
		dmio_parked_finish(own, -EINTR);
}

bool
dmio_parked_wait(struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;
	fuse_req_t req = parked->call.req;
	bool is_interrupted;

	pthread_mutex_lock(&device->parked_lock);
	is_interrupted = parked->is_interrupted;
	pthread_mutex_unlock(&device->parked_lock);
	if (is_interrupted) {
		dmio_parked_finish(parked, -EINTR);
		return true;
	}
	if (!dmover_session_park(parked->call.session, &parked->waiter))
		return false;
	recheck(device, req, parked);
	return true;
}

bool
dmio_parked_queue(struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;

	pthread_mutex_lock(&device->parked_lock);
	parked->is_queued = !parked->is_interrupted;
	pthread_mutex_unlock(&device->parked_lock);
	return parked->is_queued;
}

bool
dmio_parked_dequeue(struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;
	bool is_answered;

	pthread_mutex_lock(&device->parked_lock);
	is_answered = parked->is_answered;
	parked->is_queued = false;
	pthread_mutex_unlock(&device->parked_lock);
	if (is_answered)
		parked_free(parked);
	return !is_answered;
}

void
dmio_parked_end_all(struct dmio_device *device)
{
	struct dmio_parked *all = NULL, *parked;

	/* First all are taken out of their sessions: then no answer makes another one ready. */
	for (unsigned i = 0; i < PARKED_BUCKETS; i++) {
		while ((parked = device->parked[i]) != NULL) {
			device->parked[i] = parked->next;
			dmover_session_unpark(parked->call.session, &parked->waiter);
			parked->next = all;
			all = parked;
		}
	}
	while ((parked = all) != NULL) {
		all = parked->next;
		answer(parked, -ENODEV);
		parked_free(parked);
	}
}
