/* SPDX-License-Identifier: BSD-2-Clause */
/* door.c: the table of doors, and their lives. */
#include "preload/door.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "preload/trace.h"

#define BUCKETS 256

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER; /* leaf */
static struct preload_door *table[BUCKETS];                    /* (table_lock) */
static atomic_uint ndoors;

static struct preload_door **
bucket(ino_t ino)
{
	return &table[ino % BUCKETS];
}

bool
preload_door_is_any(void)
{
	return atomic_load_explicit(&ndoors, memory_order_acquire) > 0;
}

struct preload_door *
preload_door_create(ino_t outer_ino, int access)
{
	struct preload_door *door = calloc(1, sizeof(*door));

	if (door == NULL)
		return NULL;
	door->outer_ino = outer_ino;
	door->access = access;
	door->inner_fd = -1;
	atomic_init(&door->copy_fd, -1);
	atomic_init(&door->refs, 1);
	pthread_mutex_init(&door->lock, NULL);
	return door;
}

void
preload_door_list(struct preload_door *door)
{
	struct preload_door **head = bucket(door->outer_ino);

	pthread_mutex_lock(&table_lock);
	door->next = *head;
	*head = door;
	pthread_mutex_unlock(&table_lock);
	atomic_fetch_add(&ndoors, 1);
}

void
preload_door_unlist(struct preload_door *door)
{
	struct preload_door **at;

	pthread_mutex_lock(&table_lock);
	for (at = bucket(door->outer_ino); *at != NULL && *at != door; at = &(*at)->next)
		;
	if (*at == door)
		*at = door->next;
	pthread_mutex_unlock(&table_lock);
	atomic_fetch_sub(&ndoors, 1);
	preload_door_put(door);
}

struct preload_door *
preload_door_find(ino_t outer_ino)
{
	struct preload_door *door;

	pthread_mutex_lock(&table_lock);
	for (door = *bucket(outer_ino); door != NULL && door->outer_ino != outer_ino;
	     door = door->next)
		;
	if (door != NULL)
		preload_door_ref(door);
	pthread_mutex_unlock(&table_lock);
	return door;
}

void
preload_door_ref(struct preload_door *door)
{
	atomic_fetch_add_explicit(&door->refs, 1, memory_order_relaxed);
}

void
preload_door_put(struct preload_door *door)
{
	struct dmover_session *session;

	if (atomic_fetch_sub_explicit(&door->refs, 1, memory_order_acq_rel) > 1)
		return;
	session = atomic_load(&door->session);
	if (session != NULL)
		dmover_session_close(session);
	pthread_mutex_destroy(&door->lock);
	preload_trace_free(door);
	while (door->raw != NULL) {
		struct preload_raw *raw = door->raw;

		door->raw = raw->next;
		dmover_space_unref(raw->space);
		free(raw);
	}
	free(door);
}

int
preload_door_copy(const struct preload_door *door)
{
	int copy = atomic_load(&door->copy_fd);
	struct stat st;

	if (copy < 0 || fstat(copy, &st) != 0 || !S_ISSOCK(st.st_mode) ||
	    st.st_ino != door->inner_ino)
		return -1;
	return copy;
}

/* References to all of them; NULL: none, or no memory. */
static struct preload_door **
list_all(unsigned *ret_n)
{
	unsigned max, n = 0;
	struct preload_door **list;

	pthread_mutex_lock(&table_lock);
	max = atomic_load(&ndoors);
	list = max > 0 ? calloc(max, sizeof(struct preload_door *)) : NULL;
	for (unsigned i = 0; i < BUCKETS && list != NULL; i++) {
		for (struct preload_door *door = table[i]; door != NULL && n < max;
		     door = door->next) {
			preload_door_ref(door);
			list[n++] = door;
		}
	}
	pthread_mutex_unlock(&table_lock);
	*ret_n = n;
	return list;
}

void
preload_doors_each(void (*func)(struct preload_door *door, void *arg), void *arg)
{
	unsigned n;
	struct preload_door **list = list_all(&n);

	for (unsigned i = 0; i < n; i++) {
		func(list[i], arg);
		preload_door_put(list[i]);
	}
	free(list);
}

void
preload_doors_lock(void)
{
	pthread_mutex_lock(&table_lock);
}

void
preload_doors_unlock(void)
{
	pthread_mutex_unlock(&table_lock);
}

/* The parent's threads are gone, and with them all references but the table's. */
void
preload_doors_forked(void)
{
	pthread_mutex_init(&table_lock, NULL);
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct preload_door *door = table[i]; door != NULL; door = door->next) {
			atomic_store(&door->refs, 1);
			atomic_store(&door->session, NULL);
			atomic_store(&door->npartial, 0);
			atomic_store(&door->is_armed, false);
			atomic_store(&door->is_rung, false);
			atomic_store(&door->is_behind, false);
			atomic_store(&door->has_raw, false);
			atomic_store(&door->is_plugged, false);
			door->nsent = PRELOAD_SENT_MAX; /* not known */
			door->raw = NULL;
			door->inner_fd = -1;
			pthread_mutex_init(&door->lock, NULL);
		}
	}
}
