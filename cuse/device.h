/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.h: what /dev/dmoverio does, written once for every front end.
 *
 * The handlers take a fuse_req_t and answer it exactly once, now or later.  None of them blocks
 * but for the caller's own memory; the loop replaces a thread that is stuck there.
 */
#ifndef CUSE_DEVICE_H
#define CUSE_DEVICE_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 35
#endif
#include <fuse_lowlevel.h>
#include <pthread.h>

#include "core/core.h"
#include "core/fetch.h"
#include "cuse/posters.h"
#include "cuse/ways.h"

/* Most bytes of one FUSE write: whole records of every layout, and within the 31 whole pages that
 * the kernel passes on at once wherever they begin. */
#define DMIO_WRITE_MAX (31 * 4096 / DMOVER_RECORD_LCM * DMOVER_RECORD_LCM)
/* Most bytes of one FUSE read. */
#define DMIO_READ_MAX (32 * 4096)

#define PARKED_BUCKETS 256

struct dmio_parked;
struct dmio_inside;

/* Memory of one thread while it handles a call. */
struct dmio_scratch {
	struct dmio_scratch *next;
	struct dmover_fetcher *fetcher;
	struct dmover_batch *batch;
	uint8_t read[DMIO_READ_MAX];
};

struct dmio_device {
	struct dmover_core *core;
	struct dmio_ways ways;                       /* constant while calls are handled */
	pthread_mutex_t scratch_lock;                /* leaf */
	struct dmio_scratch *scratch;                /* (scratch_lock) last in, first out */
	pthread_mutex_t parked_lock;                 /* taken before a session's */
	struct dmio_parked *parked[PARKED_BUCKETS];  /* (parked_lock) by their fuse_req_t */
	struct dmio_parked *lenders[PARKED_BUCKETS]; /* (parked_lock) by their thread id */
	struct dmio_inside *inside[PARKED_BUCKETS];  /* (parked_lock) by their fuse_req_t */
	struct dmio_posters posters;
	pthread_mutex_t sessions_lock;   /* leaf */
	struct dmover_session *sessions; /* (sessions_lock) all that are open */
};

/* What is common to the calls on an open file. */
struct dmio_call {
	struct dmio_device *device;
	fuse_req_t req;
	struct dmover_session *session; /* kept open by the call itself */
	bool is_nonblocking;            /* as the file is now */
	bool is_continued;              /* not the first piece of its system call */
};

void dmio_device_init(struct dmio_device *device, struct dmover_core *core);
/* All sessions are closed. */
void dmio_device_fini(struct dmio_device *device);

/* A session for the caller of REQ.  -ENFILE, -EMFILE, -ENOMEM.  Does not answer. */
int dmio_open(struct dmio_device *device, fuse_req_t req, struct dmover_session **ret_session);
/* The last close.  Does not answer. */
void dmio_release(struct dmio_device *device, struct dmover_session *session);

/* Stop, first: what is posted for any session is not started any more. */
void dmio_close_all(struct dmio_device *device);
/* Stop, last: no thread is left.  Answers every parked call with an error, ends every session. */
void dmio_end_all(struct dmio_device *device);

void dmio_read(const struct dmio_call *call, size_t size);
void dmio_write(const struct dmio_call *call, const uint8_t *buf, size_t size);
void dmio_ioctl(
    const struct dmio_call *call, unsigned cmd, unsigned flags, const void *in, size_t in_size);
/* HANDLE may be NULL; else it is the session's from here on. */
void dmio_poll(const struct dmio_call *call, struct fuse_pollhandle *handle);

/* Memory for a thread, or NULL. */
struct dmio_scratch *dmio_scratch_get(struct dmio_device *device);
void dmio_scratch_put(struct dmio_device *device, struct dmio_scratch *scratch);

/* Answers REQ: a count of bytes for a write, or an error as -errno. */
void dmio_answer_count(fuse_req_t req, size_t count);
void dmio_answer_bytes(fuse_req_t req, const void *bytes, size_t size);
void dmio_answer_error(fuse_req_t req, int err);

#endif /* CUSE_DEVICE_H */
