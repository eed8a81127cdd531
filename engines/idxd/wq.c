/* SPDX-License-Identifier: BSD-2-Clause */
/* wq.c: an open work queue, and the road by which descriptors get into it. */
#include "wq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "portal.h"
#include "wait.h"

/* ENQCMD of one descriptor, with longer and longer pauses between. */
#define TRIES       32u
#define PAUSES_LAST 64u

/* Writing to the same place again waits for the write before. */
static void *
next_place(struct idxd_wq *wq)
{
	const unsigned places = IDXD_PORTAL / sizeof(struct idxd_desc);

	return (uint8_t *)wq->portal + wq->next_place++ % places * sizeof(struct idxd_desc);
}

static bool
enqueue(struct idxd_wq *wq, const struct idxd_desc *desc)
{
	unsigned pauses = 1;

	for (unsigned i = 0; i < TRIES; i++) {
		if (idxd_portal_enqueue(next_place(wq), desc))
			return true;
		IDXD_COUNT(wq->stats, retries, 1);
		for (unsigned j = 0; j < pauses; j++)
			idxd_relax();
		if (pauses < PAUSES_LAST)
			pauses *= 2;
	}
	return false;
}

static int
submit_portal(struct idxd_wq *wq, const struct idxd_desc *descs, unsigned n)
{
	idxd_portal_order();
	for (unsigned i = 0; i < n; i++) {
		if (!wq->is_shared)
			idxd_portal_post(next_place(wq), &descs[i]);
		else if (!enqueue(wq, &descs[i]))
			return (int)i;
	}
	return (int)n;
}

static int
submit_write(struct idxd_wq *wq, const struct idxd_desc *descs, unsigned n)
{
	ssize_t len = wq->door->door_write(wq->fd, descs, n * sizeof(*descs));

	if (len == -EAGAIN || len == -EINTR)
		return 0;
	if (len < 0)
		return (int)len;
	/* What the other side says is not believed further than this. */
	len /= (ssize_t)sizeof(*descs);
	return len <= (ssize_t)n ? (int)len : (int)n + 1;
}

int
idxd_wq_submit(struct idxd_wq *wq, const struct idxd_desc *descs, unsigned n)
{
	if (wq->portal != NULL)
		return submit_portal(wq, descs, n);
	IDXD_COUNT(wq->stats, writes, 1);
	return submit_write(wq, descs, n);
}

/* Sends a NOOP down the road that is set.  0 when its record comes; -errno. */
static int
ping(struct idxd_wq *wq, struct idxd_record *record)
{
	const uint64_t until = idxd_now() + IDXD_PROBE_NS;
	struct idxd_desc desc;
	int n;

	memset(record, 0, sizeof(*record));
	idxd_desc_noop(&desc, record);
	do {
		n = wq->portal != NULL ? submit_portal(wq, &desc, 1) : submit_write(wq, &desc, 1);
		if (n == 0)
			idxd_wait_record(record, IDXD_NS_PER_MS);
	} while (n == 0 && idxd_now() < until);
	if (n > 1)
		return -EIO;
	if (n <= 0)
		return n < 0 ? n : -EAGAIN;
	/* Any record will do: a queue may be kept from NOOP. */
	return idxd_wait_record(record, IDXD_PROBE_NS) ? 0 : -ETIMEDOUT;
}

/* Opens the node again: what was sent down one road is not under way on the next. */
static int
reopen(struct idxd_wq *wq, const struct dsa_queue *queue)
{
	int fd;

	wq->door->door_unmap(wq->fd, wq->portal);
	wq->portal = NULL;
	wq->door->door_close(wq->fd);
	fd = wq->door->door_open(queue);
	if (fd < 0)
		return fd;
	wq->fd = fd;
	return 0;
}

/* 0: the portal works; 1: it does not, and the node is open; -errno: nothing is. */
static int
try_portal(struct idxd_wq *wq, const struct idxd_wq_plan *plan, char *why, size_t len)
{
	int err;

	if (!wq->door->door_has_portal(wq->is_shared)) {
		snprintf(
		    why, len, "this processor has no %s", wq->is_shared ? "ENQCMD" : "MOVDIR64B");
		return 1;
	}
	err = wq->door->door_map(wq->fd, &wq->portal);
	if (err < 0) {
		wq->portal = NULL;
		snprintf(why, len, "%s: the portal cannot be mapped: %s%s", plan->queue->name,
		    strerror(-err), err == -EPERM ? " (needs CAP_SYS_RAWIO)" : "");
		return 1;
	}
	err = ping(wq, plan->record);
	if (err == 0)
		return 0;
	snprintf(
	    why, len, "%s: no answer through the portal: %s", plan->queue->name, strerror(-err));
	err = reopen(wq, plan->queue);
	return err < 0 ? err : 1;
}

static int
try_write(struct idxd_wq *wq, const struct idxd_wq_plan *plan, char *why, size_t len)
{
	int err = ping(wq, plan->record);

	/* Kernels before 6.9.1 have no write(2) on the node, and say so with this. */
	if (err < 0)
		snprintf(why, len, "%s: write(2) on %s: %s", plan->queue->name, plan->queue->node,
		    strerror(-err));
	return err;
}

static int
find_road(struct idxd_wq *wq, const struct idxd_wq_plan *plan, char *why, size_t len)
{
	int err = 1;

	if (plan->road != IDXD_ROAD_WRITE)
		err = try_portal(wq, plan, why, len);
	if (err <= 0)
		return err;
	err = plan->road == IDXD_ROAD_PORTAL ? -EOPNOTSUPP : try_write(wq, plan, why, len);
	if (err < 0)
		wq->door->door_close(wq->fd);
	return err;
}

int
idxd_wq_open(struct idxd_wq *wq, const struct idxd_wq_plan *plan, char *why, size_t len)
{
	*wq = (struct idxd_wq){
		.door = plan->door,
		.stats = plan->stats,
		.fd = plan->door->door_open(plan->queue),
		.is_shared = plan->queue->is_shared,
	};
	if (wq->fd < 0) {
		snprintf(why, len, "%s: %s: %s", plan->queue->name, plan->queue->node,
		    strerror(-wq->fd));
		return wq->fd;
	}
	return find_road(wq, plan, why, len);
}

void
idxd_wq_close(struct idxd_wq *wq)
{
	if (wq->portal != NULL)
		wq->door->door_unmap(wq->fd, wq->portal);
	wq->door->door_close(wq->fd);
}

const char *
idxd_wq_road(const struct idxd_wq *wq)
{
	return wq->portal != NULL ? "portal" : "write";
}
