/* SPDX-License-Identifier: BSD-2-Clause */
/* survey.c: finds the work queues of DSA devices in sysfs, and looks at each. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engines/idxd/attribute.h"
#include "engines/idxd/look.h"

/* Nobody has more, and a hostile folder may. */
#define NUMBER_MAX 9999

/* A queue's two numbers. */
struct place {
	unsigned device, queue;
};

/* The first ones in order. */
struct places {
	struct place at[QUEUES_MAX];
	unsigned max, n; /* that are kept */
	unsigned seen;
};

/* A marker: any kind of file. */
static bool
is_there(const struct queues_roots *roots, const char *name)
{
	char path[4096];

	return (size_t)snprintf(path, sizeof(path), "%s/%s", roots->sysfs, name) < sizeof(path) &&
	       access(path, F_OK) == 0;
}

static bool
is_folder(const struct queues_roots *roots, const char *name)
{
	char path[4096];
	struct stat st;

	return (size_t)snprintf(path, sizeof(path), "%s/%s", roots->sysfs, name) < sizeof(path) &&
	       stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "wq0.1" and nothing else, of a DSA: queues of other devices are called the same. */
static bool
is_queue(const struct queues_roots *roots, const char *name, struct place *ret_place)
{
	char again[32], device[32];

	if (sscanf(name, "wq%5u.%5u", &ret_place->device, &ret_place->queue) != 2 ||
	    ret_place->device > NUMBER_MAX || ret_place->queue > NUMBER_MAX)
		return false;
	snprintf(again, sizeof(again), "wq%u.%u", ret_place->device, ret_place->queue);
	snprintf(device, sizeof(device), "dsa%u", ret_place->device);
	return strcmp(name, again) == 0 && is_folder(roots, device);
}

static bool
is_before(struct place a, struct place b)
{
	return a.device != b.device ? a.device < b.device : a.queue < b.queue;
}

static void
places_add(struct places *places, struct place place)
{
	unsigned i;

	places->seen++;
	if (places->n == places->max) {
		if (places->max == 0 || !is_before(place, places->at[places->n - 1]))
			return;
		places->n--;
	}
	for (i = places->n++; i > 0 && is_before(place, places->at[i - 1]); i--)
		places->at[i] = places->at[i - 1];
	places->at[i] = place;
}

static void
look_at(const struct queues_roots *roots, struct place place, struct dsa_queue *queue)
{
	struct idxd_look look = {
		.sysfs = roots->sysfs,
		.dev = roots->dev,
		.is_image = roots->is_image,
		.queue = queue,
	};
	char model[32];

	*queue = (struct dsa_queue){ .numa_node = -1 };
	snprintf(queue->name, sizeof(queue->name), "wq%u.%u", place.device, place.queue);
	snprintf(queue->device, sizeof(queue->device), "dsa%u", place.device);
	snprintf(look.path, sizeof(look.path), "%s/%s", queue->device, queue->name);
	snprintf(model, sizeof(model), "%s/model", queue->device);
	queue->is_model = is_there(roots, model);
	idxd_look_at_device(&look);
	idxd_look_at_configuration(&look);
	idxd_look_at_states(&look);
	idxd_look_at_limits(&look);
	idxd_look_at_node(&look);
	for (unsigned i = 0; i < queue->nfindings; i++)
		idxd_finding_tidy(&queue->findings[i]);
	queue->is_usable = dmover_queue_obstacle(queue) == NULL;
}

/* Devices of any kind, and DSAs among them. */
static void
explain_lack(const struct queues_roots *roots, int err, bool has_device, struct queues_lack *lack)
{
	*lack = (struct queues_lack){ 0 };
	if (err == ENOENT || err == ENOTDIR) {
		snprintf(lack->why, sizeof(lack->why),
		    "%.128s: not there: no driver for DSA (in a Xeon of the 4th generation or "
		    "later, on in the BIOS)",
		    roots->sysfs);
		snprintf(lack->cure, sizeof(lack->cure), "modprobe idxd");
	} else if (err != 0) {
		snprintf(lack->why, sizeof(lack->why), "%.128s: %s", roots->sysfs, strerror(err));
		snprintf(lack->cure, sizeof(lack->cure),
		    err == EACCES || err == EPERM ? "run as root" : "");
	} else if (!has_device) {
		snprintf(lack->why, sizeof(lack->why),
		    "%.128s: no DSA device: no driver, no such hardware, off in the BIOS, or "
		    "another "
		    "driver has it",
		    roots->sysfs);
		snprintf(lack->cure, sizeof(lack->cure), "modprobe idxd");
	} else {
		snprintf(lack->why, sizeof(lack->why), "%.128s: a DSA device, but no work queue",
		    roots->sysfs);
		snprintf(lack->cure, sizeof(lack->cure), "rmmod idxd; modprobe idxd");
	}
	idxd_attribute_tidy(lack->why);
}

/* Entries that a hostile folder may have are passed over one by one, and none is kept. */
static int
find_places(const struct queues_roots *roots, struct places *places, bool *ret_has_device)
{
	DIR *folder = opendir(roots->sysfs);
	struct dirent *entry;
	struct place place;
	unsigned number;

	if (folder == NULL)
		return errno;
	while ((entry = readdir(folder)) != NULL) {
		if (is_queue(roots, entry->d_name, &place))
			places_add(places, place);
		else if (sscanf(entry->d_name, "dsa%5u", &number) == 1)
			*ret_has_device = true;
	}
	closedir(folder);
	return 0;
}

unsigned
dmover_queues_survey(const struct queues_roots *roots, struct dsa_queue *queues, unsigned max,
    struct queues_lack *ret_lack)
{
	const struct queues_roots whole = {
		.sysfs = roots != NULL && roots->sysfs != NULL ? roots->sysfs : QUEUES_SYSFS,
		.dev = roots != NULL && roots->dev != NULL ? roots->dev : QUEUES_DEV,
		.is_image = roots != NULL && roots->is_image,
	};
	struct places places = { .max = max < QUEUES_MAX ? max : QUEUES_MAX };
	bool has_device = false;
	int err = find_places(&whole, &places, &has_device);

	explain_lack(&whole, err, has_device, ret_lack);
	for (unsigned i = 0; i < places.n; i++)
		look_at(&whole, places.at[i], &queues[i]);
	return places.seen;
}

const struct queue_finding *
dmover_queue_obstacle(const struct dsa_queue *queue)
{
	for (unsigned i = 0; i < queue->nfindings; i++)
		if (queue->findings[i].is_needed && !queue->findings[i].is_good)
			return &queue->findings[i];
	return NULL;
}
