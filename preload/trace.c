/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.c: the requests of a door that are under way, and the lines about them. */
#include "preload/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "preload/real.h"
#include "preload/service.h"
#include "preload/settings.h"

/* Longest line, and how much is appended at once. */
#define LINE 384
#define TEXT 2048

struct preload_traced {
	struct preload_traced *next;
	const struct dmover_function *func;
	uint32_t id;
	unsigned vectors; /* of the output, or the first input */
	size_t bytes;
	pid_t pid;
	int64_t since; /* CLOCK_MONOTONIC, ns */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* leaf */

static bool
is_on(void)
{
	return preload_settings()->trace[0] != '\0';
}

void
preload_trace_begin(struct preload_door *door, const struct dmover_batch *batch, pid_t pid)
{
	int64_t now;

	if (!is_on())
		return;
	now = dmover_now();
	for (unsigned i = 0; i < batch->bat_nentries; i++) {
		const struct dmover_request *req = &batch->bat_entries[i].ent_req;
		struct preload_traced *traced = calloc(1, sizeof(*traced));

		if (traced == NULL)
			return;
		traced->func = req->dreq_func;
		traced->id = batch->bat_entries[i].ent_id;
		traced->vectors = req->dreq_func->dfn_has_output
				      ? req->dreq_out.buf_uio.uio_iovcnt
				      : req->dreq_in[0].buf_uio.uio_iovcnt;
		traced->bytes = req->dreq_len;
		traced->pid = pid;
		traced->since = now;
		pthread_mutex_lock(&lock);
		traced->next = door->traced;
		door->traced = traced;
		pthread_mutex_unlock(&lock);
	}
}

/* The oldest of this identifier, taken out; NULL: it was not seen. */
static struct preload_traced *
take(struct preload_door *door, uint32_t id)
{
	struct preload_traced **found = NULL, *traced;

	pthread_mutex_lock(&lock);
	for (struct preload_traced **at = &door->traced; *at != NULL; at = &(*at)->next)
		if ((*at)->id == id)
			found = at;
	traced = found != NULL ? *found : NULL;
	if (found != NULL)
		*found = traced->next;
	pthread_mutex_unlock(&lock);
	return traced;
}

/* A line without floating-point numbers, whose output might allocate. */
static size_t
format(char *line, const struct preload_door *door, const struct preload_traced *traced, int error)
{
	int64_t took = dmover_now() - traced->since;
	int n = snprintf(line, LINE,
	    "{\"pid\": %d, \"session\": %ju, \"id\": %u, \"function\": \"%s\", \"bytes\": %zu, "
	    "\"vectors\": %u, \"start_us\": %jd.%03u, \"us\": %jd.%03u, \"error\": %d}\n",
	    (int)traced->pid, (uintmax_t)door->outer_ino, traced->id, traced->func->dfn_name,
	    traced->bytes, traced->vectors, (intmax_t)(traced->since / 1000),
	    (unsigned)(traced->since % 1000), (intmax_t)(took / 1000), (unsigned)(took % 1000),
	    error);

	return n > 0 && n < LINE ? (size_t)n : 0;
}

static void
append(const char *text, size_t len)
{
	int fd = preload_real()->open(
	    preload_settings()->trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	/* Nobody can be told that the disk is full. */
	if (fd >= 0) {
		(void)!preload_real()->write(fd, text, len);
		close(fd);
	}
}

/* Apart, for the stack that it takes: a signal handler may have little. */
static __attribute__((noinline)) void
append_all(struct preload_door *door, const uint8_t *responses, size_t bytes, size_t record)
{
	char text[TEXT];
	size_t len = 0;

	for (size_t at = 0; at < bytes; at += record) {
		struct preload_traced *traced;
		uint32_t words[2];

		memcpy(words, responses + at, sizeof(words));
		traced = take(door, words[0]);
		if (traced == NULL)
			continue;
		len += format(text + len, door, traced, (int)words[1]);
		free(traced);
		if (len + LINE > sizeof(text)) {
			append(text, len);
			len = 0;
		}
	}
	if (len > 0)
		append(text, len);
}

void
preload_trace_end(struct preload_door *door, const uint8_t *responses, size_t bytes, size_t record)
{
	if (bytes > 0 && is_on())
		append_all(door, responses, bytes, record);
}

void
preload_trace_forked(void)
{
	pthread_mutex_init(&lock, NULL);
}

void
preload_trace_free(struct preload_door *door)
{
	while (door->traced != NULL) {
		struct preload_traced *traced = door->traced;

		door->traced = traced->next;
		free(traced);
	}
}
