/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_fake.c: a door of the idxd engine with queues behind it that do what they are told. */
#include "idxd_fake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "unit.h"

struct idxd_fake idxd_fake;

void
idxd_fake_init(unsigned nqueues)
{
	memset(&idxd_fake, 0, sizeof(idxd_fake));
	sem_init(&idxd_fake.opened, 0, 0);
	sem_init(&idxd_fake.entered, 0, 0);
	sem_init(&idxd_fake.go, 0, 0);
	sem_init(&idxd_fake.closing, 0, 0);
	sem_init(&idxd_fake.may_close, 0, 0);
	sem_init(&idxd_fake.surveyed, 0, 0);
	pthread_mutex_init(&idxd_fake.lock, NULL);
	idxd_fake.nqueues = nqueues;
	for (unsigned i = 0; i < nqueues; i++) {
		struct dsa_queue *queue = &idxd_fake.queues[i];

		snprintf(queue->name, sizeof(queue->name), "wq0.%u", i);
		queue->version = 0x100;
		queue->is_shared = true;
		queue->size = queue->threshold = 64;
		queue->max_transfer = 1 << 20;
		queue->max_batch = 32;
		queue->ops[0] = UINT64_MAX;
		queue->is_usable = true;
	}
}

void
idxd_fake_fini(void)
{
	sem_destroy(&idxd_fake.opened);
	sem_destroy(&idxd_fake.entered);
	sem_destroy(&idxd_fake.go);
	sem_destroy(&idxd_fake.closing);
	sem_destroy(&idxd_fake.may_close);
	sem_destroy(&idxd_fake.surveyed);
	pthread_mutex_destroy(&idxd_fake.lock);
}

void
idxd_fake_change(unsigned number, const struct dsa_queue *queue)
{
	pthread_mutex_lock(&idxd_fake.lock);
	idxd_fake.queues[number] = *queue;
	pthread_mutex_unlock(&idxd_fake.lock);
}

static unsigned
fake_survey(const struct queues_roots *roots, struct dsa_queue *queues, unsigned max,
    struct queues_lack *ret_lack)
{
	(void)roots;
	snprintf(ret_lack->why, sizeof(ret_lack->why), "there is no device");
	pthread_mutex_lock(&idxd_fake.lock);
	for (unsigned i = 0; i < idxd_fake.nqueues && i < max; i++)
		queues[i] = idxd_fake.queues[i];
	pthread_mutex_unlock(&idxd_fake.lock);
	sem_post(&idxd_fake.surveyed);
	return idxd_fake.nqueues;
}

static int
fake_open(const struct dsa_queue *queue)
{
	if (idxd_fake.open_error != 0)
		return idxd_fake.open_error;
	atomic_fetch_add(&idxd_fake.nopen, 1);
	sem_post(&idxd_fake.opened);
	return queue->name[strlen(queue->name) - 1] - '0';
}

static int
fake_map(int fd, void **ret_portal)
{
	(void)fd;
	(void)ret_portal;
	return idxd_fake.map_error;
}

static void
fake_unmap(int fd, void *portal)
{
	(void)fd;
	(void)portal;
}

static uint8_t *
memory_at(uint64_t addr)
{
	return (uint8_t *)(uintptr_t)addr;
}

/* Does it, and writes its record, the status last. */
static void
execute(const struct idxd_desc *desc, uint8_t status)
{
	struct idxd_record *record = (struct idxd_record *)memory_at(desc->record);

	record->bytes = 0;
	if (status == IDXD_ST_SUCCESS) {
		switch (idxd_desc_opcode(desc)) {
		case IDXD_OP_FILL:
			memset(memory_at(desc->dst), (int)(desc->pattern & 0xff), desc->size);
			break;
		case IDXD_OP_MEMMOVE:
			memmove(memory_at(desc->dst), memory_at(desc->src), desc->size);
			break;
		case IDXD_OP_CRCGEN:
			record->value = model_crc(desc->crc.seed, memory_at(desc->src), desc->size);
			break;
		case IDXD_OP_BATCH:
			for (uint32_t i = 0; i < desc->size; i++)
				execute((const struct idxd_desc *)memory_at(desc->list) + i,
				    IDXD_ST_SUCCESS);
			break;
		default:
			break;
		}
	}
	__atomic_store_n(&record->status, status, __ATOMIC_RELEASE);
}

static enum idxd_fake_way
way_of(int fd)
{
	const int way = atomic_load(&idxd_fake.way);

	return (idxd_fake.well >> fd & 1) != 0 ? IDXD_FAKE_WORKS : (enum idxd_fake_way)way;
}

/* It is done in the close. */
static void
lose(int fd, const struct idxd_desc *desc)
{
	pthread_mutex_lock(&idxd_fake.lock);
	ck_assert_uint_lt(idxd_fake.nlost, IDXD_FAKE_LOST);
	idxd_fake.lost[idxd_fake.nlost] = *desc;
	idxd_fake.lost_by[idxd_fake.nlost++] = fd;
	pthread_mutex_unlock(&idxd_fake.lock);
}

static void
run(int fd, enum idxd_fake_way way, const struct idxd_desc *desc)
{
	const bool is_batch = idxd_desc_opcode(desc) == IDXD_OP_BATCH;

	if (idxd_desc_opcode(desc) == IDXD_OP_NOOP || way == IDXD_FAKE_WORKS ||
	    (way == IDXD_FAKE_SPOILS_BATCHES && !is_batch)) {
		execute(desc, IDXD_ST_SUCCESS);
	} else if (way == IDXD_FAKE_SPOILS) {
		execute(desc, idxd_fake.status);
	} else if (way == IDXD_FAKE_SPOILS_BATCHES) {
		for (uint32_t i = 0; i < desc->size; i++)
			lose(fd, (const struct idxd_desc *)memory_at(desc->list) + i);
		execute(desc, idxd_fake.status);
	} else {
		lose(fd, desc);
	}
}

/* 0, or what write(2) answers at once. */
static int
refusal(enum idxd_fake_way way, const struct idxd_desc *desc)
{
	if (way == IDXD_FAKE_FAILS)
		return idxd_fake.error;
	if (way == IDXD_FAKE_IS_FULL && idxd_desc_opcode(desc) != IDXD_OP_NOOP)
		return -EAGAIN;
	if (idxd_fake.no_batches && idxd_desc_opcode(desc) == IDXD_OP_BATCH)
		return -EINVAL;
	return 0;
}

static ssize_t
fake_write(int fd, const void *bytes, size_t len)
{
	const struct idxd_desc *descs = bytes;
	unsigned n = (unsigned)(len / sizeof(*descs));
	const enum idxd_fake_way way = way_of(fd);
	const int answer = refusal(way, descs);

	if (idxd_desc_opcode(descs) != IDXD_OP_NOOP) {
		atomic_fetch_add(&idxd_fake.nwrites, 1);
		if (atomic_exchange(&idxd_fake.is_gated, false)) {
			sem_post(&idxd_fake.entered);
			unit_take(&idxd_fake.go);
		}
	}
	if (answer != 0)
		return answer;
	if (idxd_fake.short_count != 0 && n > idxd_fake.short_count)
		n = idxd_fake.short_count;
	for (unsigned i = 0; i < n; i++)
		run(fd, way, &descs[i]);
	atomic_fetch_add(&idxd_fake.ndescs, n);
	if (n > atomic_load(&idxd_fake.most))
		atomic_store(&idxd_fake.most, n);
	return (ssize_t)((n + idxd_fake.extra) * sizeof(*descs));
}

static void
fake_close(int fd)
{
	if (atomic_exchange(&idxd_fake.is_close_gated, false)) {
		sem_post(&idxd_fake.closing);
		unit_take(&idxd_fake.may_close);
	}
	pthread_mutex_lock(&idxd_fake.lock);
	for (unsigned i = 0; i < idxd_fake.nlost; i++) {
		if (idxd_fake.lost_by[i] != fd)
			continue;
		execute(&idxd_fake.lost[i], IDXD_ST_SUCCESS);
		idxd_fake.lost_by[i] = -1;
	}
	pthread_mutex_unlock(&idxd_fake.lock);
	atomic_fetch_add(&idxd_fake.nclosed, 1);
}

static bool
fake_has_portal(bool is_shared)
{
	(void)is_shared;
	return idxd_fake.has_portal;
}

const struct idxd_door idxd_fake_door = {
	.door_survey = fake_survey,
	.door_open = fake_open,
	.door_map = fake_map,
	.door_unmap = fake_unmap,
	.door_write = fake_write,
	.door_close = fake_close,
	.door_has_portal = fake_has_portal,
};
