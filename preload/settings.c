/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.c: reads the variables that dmover-run sets. */
#include "preload/settings.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_DEFAULT 1024
#define DEPTH_MAX     65536

static struct preload_settings settings;
static atomic_bool is_read;

static void
copy_text(char *to, size_t len, const char *from)
{
	size_t n = from != NULL ? strlen(from) : 0;

	if (n >= len)
		n = 0;
	if (n > 0)
		memcpy(to, from, n);
	to[n] = '\0';
}

static const char *
value_of(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

static void
read_environment(void)
{
	unsigned long depth = strtoul(value_of("DMOVER_RUN_QUEUE_DEPTH", "0"), NULL, 10);

	copy_text(
	    settings.path, sizeof(settings.path), value_of("DMOVER_RUN_PATH", "/dev/dmoverio"));
	settings.path_len = strlen(settings.path);
	settings.base = strrchr(settings.path, '/');
	settings.base = settings.base != NULL ? settings.base + 1 : settings.path;
	copy_text(settings.engine, sizeof(settings.engine), value_of("DMOVER_RUN_ENGINE", "auto"));
	copy_text(settings.trace, sizeof(settings.trace), getenv("DMOVER_RUN_TRACE"));
	settings.has_stats = strcmp(value_of("DMOVER_RUN_STATS", "0"), "1") == 0;
	settings.is_verbose = strcmp(value_of("DMOVER_RUN_VERBOSE", "0"), "1") == 0;
	settings.depth = depth > 0 && depth <= DEPTH_MAX ? (unsigned)depth : DEPTH_DEFAULT;
	atomic_store_explicit(&is_read, true, memory_order_release);
}

/* While there is one thread, and before the program can change its environment. */
__attribute__((constructor)) static void
read_early(void)
{
	read_environment();
}

void
preload_settings_read(void)
{
	read_environment();
	settings.is_for_others = true;
}

const struct preload_settings *
preload_settings(void)
{
	if (!atomic_load_explicit(&is_read, memory_order_acquire))
		read_environment();
	return &settings;
}
