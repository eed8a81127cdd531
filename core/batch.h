/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch.h: the requests of one write(2), or of a slice of it, with all their descriptors.
 *
 * One batch is four blocks of memory however many requests it holds.  A front end fills it; then
 * either the receiving thread executes it and fills it again (held), or it is given away and the
 * last of its entries to end frees it (posted).
 */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/pool.h"
#include "core/session.h"

struct dmover_batch;
struct dmover_stage;

/* In the pool's queue for a request that nobody has begun with: it becomes a runner (run.c). */
struct dmover_ticket {
	struct dmover_work tkt_work; /* first: the pool hands it back */
	struct dmover_entry *tkt_entry;
	unsigned tkt_which; /* of the entry's lanes */
};

/* One accepted request of a session. */
struct dmover_entry {
	struct dmover_request ent_req; /* UIO buffers in the caller's space */
	struct dmover_batch *ent_batch;
	uint32_t ent_id;
	/* Places in the dispatcher's list: who has it, and who helps; mostly the same. */
	unsigned ent_lanes[2];
	/* Posted only. */
	pthread_mutex_t ent_lock; /* leaf; guards ent_req's positions, result, error as well */
	unsigned ent_nruns;       /* (ent_lock) runners not yet ended */
	unsigned ent_nstarted[2]; /* (ent_lock) of each lane */
	unsigned ent_nwant[2];    /* runners that each lane is worth */
	unsigned ent_want;        /* both together */
	struct dmover_ticket ent_tickets[2];
	size_t ent_len;        /* length, while dreq_len is what is left to claim */
	bool ent_overlaps;     /* perhaps: its chunks are as large as can be */
	int64_t ent_ns;        /* expected of each lane for its part */
	int64_t ent_queued[2]; /* (ent_lock) ns of that not yet done */
};

struct dmover_batch {
	struct dmover_session *bat_session; /* referenced while posted */
	struct dmover_account *bat_account; /* of who wrote; referenced while posted */
	struct dmover_space *bat_space;     /* whose memory; referenced while posted */
	struct dmover_stage *bat_stage;     /* while posted */
	unsigned bat_nentries;
	size_t bat_bytes;              /* bytes it reads or writes, whichever is more */
	size_t bat_charged;            /* bytes on the account */
	bool bat_is_posted;            /* counted there as a posted write */
	struct dmover_batch *bat_next; /* of whoever owns it */
	atomic_uint bat_live;          /* entries not yet ended; posted only */
	struct dmover_entry *bat_entries;
	struct dmover_buffer *bat_buffers;     /* inputs of all entries, one after the other */
	struct iovec *bat_iovs;                /* vectors of all buffers */
	struct dmover_response *bat_responses; /* held: one for each entry */
	unsigned bat_max_entries, bat_max_buffers, bat_max_iovs;
};

/* Empty, or NULL. */
struct dmover_batch *dmover_batch_create(void);
/* The memory only.  NULL is allowed. */
void dmover_batch_free(struct dmover_batch *batch);

/* Room for this many; what is there is not kept.  -ENOMEM. */
int dmover_batch_resize(struct dmover_batch *batch, unsigned entries, unsigned buffers);
/* Room for this many vectors; what is there moves, and no buffer may point at it yet.  -ENOMEM. */
int dmover_batch_resize_iovs(struct dmover_batch *batch, unsigned iovs);

/* Memory of a runner (run.c): the one that has begun with a batch may have to wait for its turn. */
#define BATCH_RUNNER 3072

/* Bytes of memory behind it, with a runner, to be charged. */
size_t dmover_batch_memory(const struct dmover_batch *batch);

#endif /* CORE_BATCH_H */
