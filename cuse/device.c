/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.c: what /dev/dmoverio does, but for write(2), which is write.c.
 *
 * 1. open makes a session; 2. ioctl(DMIO_SETFUNC) selects its function; 3. write hands requests
 * in; 4. read takes responses out, or parks the reader; 5. poll tells which of both would not
 * block; 6. the last close ends the session.
 */
#include "cuse/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dev/dmover/dmover_io.h>

#include "cuse/log.h"
#include "cuse/park.h"

void
dmio_device_init(struct dmio_device *device, struct dmover_core *core)
{
	memset(device, 0, sizeof(*device));
	device->core = core;
	pthread_mutex_init(&device->scratch_lock, NULL);
	dmio_posters_init(&device->posters);
	pthread_mutex_init(&device->parked_lock, NULL);
	pthread_mutex_init(&device->sessions_lock, NULL);
}

static void
scratch_free(struct dmio_scratch *scratch)
{
	dmover_fetcher_destroy(scratch->fetcher);
	dmover_batch_free(scratch->batch);
	free(scratch);
}

void
dmio_device_fini(struct dmio_device *device)
{
	while (device->scratch != NULL) {
		struct dmio_scratch *scratch = device->scratch;

		device->scratch = scratch->next;
		scratch_free(scratch);
	}
	dmio_posters_fini(&device->posters);
	pthread_mutex_destroy(&device->sessions_lock);
	pthread_mutex_destroy(&device->parked_lock);
	pthread_mutex_destroy(&device->scratch_lock);
}

struct dmio_scratch *
dmio_scratch_get(struct dmio_device *device)
{
	struct dmio_scratch *scratch;

	pthread_mutex_lock(&device->scratch_lock);
	scratch = device->scratch;
	if (scratch != NULL)
		device->scratch = scratch->next;
	pthread_mutex_unlock(&device->scratch_lock);
	if (scratch != NULL)
		return scratch;
	scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return NULL;
	scratch->fetcher = dmover_fetcher_create();
	if (scratch->fetcher == NULL) {
		scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

void
dmio_scratch_put(struct dmio_device *device, struct dmio_scratch *scratch)
{
	pthread_mutex_lock(&device->scratch_lock);
	scratch->next = device->scratch;
	device->scratch = scratch;
	pthread_mutex_unlock(&device->scratch_lock);
}

/* A reply that the kernel does not want any more (the caller was killed) is no error of ours. */
static void
check_reply(int err)
{
	if (err < 0 && err != -ENOENT)
		dmio_log(DMIO_LOG_DEBUG, "a reply was not taken: %s", strerror(-err));
}

void
dmio_answer_count(fuse_req_t req, size_t count)
{
	check_reply(fuse_reply_write(req, count));
}

void
dmio_answer_bytes(fuse_req_t req, const void *bytes, size_t size)
{
	check_reply(fuse_reply_buf(req, bytes, size));
}

void
dmio_answer_error(fuse_req_t req, int err)
{
	check_reply(fuse_reply_err(req, -err)); /* FUSE errors are positive here */
}

static void
poll_destroy(void *handle)
{
	fuse_pollhandle_destroy(handle);
}

static void
poll_notify(void *handle)
{
	fuse_lowlevel_notify_poll(handle);
	fuse_pollhandle_destroy(handle);
}

static const struct dmover_session_ops session_ops = {
	.ssn_poll_notify = poll_notify,
	.ssn_poll_destroy = poll_destroy,
};

static void
session_list(struct dmio_device *device, struct dmover_session *session)
{
	pthread_mutex_lock(&device->sessions_lock);
	session->ses_next = device->sessions;
	session->ses_prev = &device->sessions;
	if (device->sessions != NULL)
		device->sessions->ses_prev = &session->ses_next;
	device->sessions = session;
	pthread_mutex_unlock(&device->sessions_lock);
}

int
dmio_open(struct dmio_device *device, fuse_req_t req, struct dmover_session **ret_session)
{
	struct dmover_core *core = device->core;
	struct dmover_account *account =
	    dmover_account_get(&core->accounts, fuse_req_ctx(req)->uid);
	int err;

	if (account == NULL)
		return -ENOMEM;
	err = dmover_session_create(&session_ops, account, core->options.queue_depth, ret_session);
	dmover_account_put(account);
	if (err == 0)
		session_list(device, *ret_session);
	return err;
}

void
dmio_release(struct dmio_device *device, struct dmover_session *session)
{
	pthread_mutex_lock(&device->sessions_lock);
	*session->ses_prev = session->ses_next;
	if (session->ses_next != NULL)
		session->ses_next->ses_prev = session->ses_prev;
	pthread_mutex_unlock(&device->sessions_lock);
	dmover_session_close(session);
}

void
dmio_close_all(struct dmio_device *device)
{
	pthread_mutex_lock(&device->sessions_lock);
	for (struct dmover_session *session = device->sessions; session != NULL;
	     session = session->ses_next)
		atomic_store(&session->ses_is_closing, true);
	pthread_mutex_unlock(&device->sessions_lock);
}

void
dmio_end_all(struct dmio_device *device)
{
	dmio_parked_end_all(device);
	while (device->sessions != NULL)
		dmio_release(device, device->sessions);
}

/* The reader has all it waited for. */
static void
reader_ready(struct dmover_waiter *waiter)
{
	dmio_parked_finish((struct dmio_parked *)waiter, 0);
}

/* Who is not known lends to nobody while too many threads are inside the memory of its user. */
static void
identify(struct dmio_parked *parked)
{
	struct dmio_device *device = parked->call.device;
	pid_t tid = fuse_req_ctx(parked->call.req)->pid;

	if (dmio_posters_identity(&device->posters, tid, &parked->identity) ||
	    !dmover_pool_enter(device->core->pool, parked->account))
		return;
	dmio_identity_get(tid, &parked->identity);
	dmover_pool_leave(device->core->pool, parked->account);
}

/* Parks a reader that has got TAKEN bytes so far. */
static void
read_wait(const struct dmio_call *call, const uint8_t *buf, size_t taken, size_t size)
{
	struct dmover_accounts *accounts = &call->device->core->accounts;
	struct dmover_account *account = dmover_account_get(accounts, fuse_req_ctx(call->req)->uid);
	struct dmio_parked *parked =
	    account != NULL ? dmio_parked_create(call, account, size) : NULL;

	if (account != NULL)
		dmover_account_put(account);
	if (parked == NULL) {
		if (taken > 0)
			dmio_answer_bytes(call->req, buf, taken);
		else
			dmio_answer_error(call->req, -ENOMEM);
		return;
	}
	memcpy(parked->data, buf, taken);
	parked->waiter = (struct dmover_waiter){
		.wtr_type = DMOVER_READER,
		.wtr_ready = reader_ready,
		.wtr_buf = parked->data,
		.wtr_len = taken,
		.wtr_want = size,
	};
	/* Only what was posted can borrow. */
	if (dmover_stage_is_busy(&call->device->core->stage))
		identify(parked);
	dmio_parked_add(parked);
	if (!dmio_parked_wait(parked))
		dmio_parked_finish(parked, 0);
}

void
dmio_read(const struct dmio_call *call, size_t size)
{
	struct dmio_scratch *scratch;
	size_t taken;
	int err;

	err = dmover_session_begin_read(call->session, size);
	/* What is left of a read that was cut need not be whole records. */
	if (err < 0 && !(err == -EINVAL && call->is_continued)) {
		dmio_answer_error(call->req, err);
		return;
	}
	scratch = dmio_scratch_get(call->device);
	if (scratch == NULL) {
		dmio_answer_error(call->req, -ENOMEM);
		return;
	}
	if (size > sizeof(scratch->read))
		size = sizeof(scratch->read);
	taken = dmover_session_take(call->session, scratch->read, size);
	if (taken == size || (taken > 0 && call->is_nonblocking) || call->is_continued)
		dmio_answer_bytes(call->req, scratch->read, taken);
	else if (call->is_nonblocking)
		dmio_answer_error(call->req, -EAGAIN);
	else
		read_wait(call, scratch->read, taken, size);
	dmio_scratch_put(call->device, scratch);
}

void
dmio_ioctl(
    const struct dmio_call *call, unsigned cmd, unsigned flags, const void *in, size_t in_size)
{
	struct dmio_setfunc setfunc;
	int err;

	if (cmd != DMIO_SETFUNC || in_size < sizeof(setfunc)) {
		dmio_answer_error(call->req, -ENOTTY);
		return;
	}
	memcpy(&setfunc, in, sizeof(setfunc));
	setfunc.dsf_name[sizeof(setfunc.dsf_name) - 1] = '\0';
	err = dmover_session_setfunc(
	    call->session, setfunc.dsf_name, (flags & FUSE_IOCTL_COMPAT) != 0);
	if (err < 0)
		dmio_answer_error(call->req, err);
	else
		check_reply(fuse_reply_ioctl(call->req, 0, NULL, 0));
}

void
dmio_poll(const struct dmio_call *call, struct fuse_pollhandle *handle)
{
	check_reply(fuse_reply_poll(call->req, dmover_session_poll(call->session, handle)));
}
