/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_site.c: software devices, and the engine's door to them. */
#include "idxd_site.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "engines/idxd/door.h"
#include "idxd_tree.h"
#include "tests/dsa/trap.h"

/* Names that the linker gives: the engine's own door, and the one that it uses instead. */
extern const struct idxd_door __real_idxd_kernel_door;
extern const struct idxd_door __wrap_idxd_kernel_door;

#define OPENS_MAX 32
#define FD_FIRST  10000 /* no descriptor of a process: a mistake shows */

/* One open of a queue. */
struct opened {
	struct dsa_client *client; /* NULL: free */
};

static struct {
	pthread_mutex_t lock;
	struct idxd_site_plan plan;
	pid_t maker; /* of the tree; 0: there is no site */
	char folder[80];
	char args[256];
	pid_t owner;                                 /* (lock) of the devices; 0: there are none */
	struct dsa_model *models[IDXD_SITE_DEVICES]; /* (lock) */
	unsigned holds;                              /* (lock) opens, and 1 of who started it */
	struct opened opens[OPENS_MAX];              /* (lock) */
	pthread_mutex_t telling;                     /* leaf: one says at a time what changed */
} site = { .lock = PTHREAD_MUTEX_INITIALIZER, .telling = PTHREAD_MUTEX_INITIALIZER };

/* The device's state is another one: discovery has to see it.  Any thread, without the lock. */
static void
device_changed(void *cookie)
{
	struct dsa_model *const *model = cookie;

	/* The device of a process that did not make the tree is not the only one in it. */
	if (site.maker != getpid())
		return;
	pthread_mutex_lock(&site.telling);
	if (idxd_tree_say_state(site.folder, *model) < 0)
		abort();
	pthread_mutex_unlock(&site.telling);
}

/* With the lock. */
static void
devices_destroy(void)
{
	for (unsigned i = 0; i < site.plan.ndevices; i++) {
		dsa_model_destroy(site.models[i]);
		site.models[i] = NULL;
	}
	site.owner = 0;
}

/* With the lock. */
static int
devices_create(char *why, size_t len)
{
	/* A child of the devices' owner has neither their threads nor what was open. */
	memset(site.models, 0, sizeof(site.models));
	memset(site.opens, 0, sizeof(site.opens));
	site.holds = 0;
	site.owner = getpid();
	for (unsigned i = 0; i < site.plan.ndevices; i++) {
		struct dsa_model_options *options = &site.plan.devices[i];
		int err;

		options->changed = device_changed;
		options->cookie = &site.models[i];
		err = dsa_model_create(options, &site.models[i], why, len);
		if (err < 0) {
			devices_destroy();
			return err;
		}
	}
	return 0;
}

/* With the lock. */
static int
hold(char *why, size_t len)
{
	int err = site.owner == getpid() ? 0 : devices_create(why, len);

	site.holds += err == 0;
	return err;
}

/* With the lock. */
static void
unhold(void)
{
	if (--site.holds == 0)
		devices_destroy();
}

static int
make_tree(void)
{
	int err = 0;

	snprintf(
	    site.args, sizeof(site.args), "sysfs=%s/sysfs,dev=%s/dev", site.folder, site.folder);
	for (unsigned i = 0; i < site.plan.ndevices && err == 0; i++)
		err = idxd_tree_add(site.folder, dsa_model_options(site.models[i]));
	return err;
}

static int
prepare(const struct idxd_site_plan *plan, char *why, size_t len)
{
	int err;

	site.plan = *plan;
	site.plan.ndevices = plan->ndevices == 0 ? 1 : plan->ndevices;
	for (unsigned i = 0; i < site.plan.ndevices; i++)
		site.plan.devices[i].number = i;
	err = hold(why, len);
	if (err < 0)
		return err;
	snprintf(site.folder, sizeof(site.folder), "%.60s/site-XXXXXX",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(site.folder) == NULL) {
		err = -errno;
		snprintf(why, len, "%s: %s", site.folder, strerror(-err));
	} else {
		site.maker = getpid();
		err = make_tree();
	}
	unhold();
	return err;
}

int
idxd_site_prepare(const struct idxd_site_plan *plan, char *why, size_t len)
{
	int err;

	pthread_mutex_lock(&site.lock);
	err = prepare(plan, why, len);
	pthread_mutex_unlock(&site.lock);
	return err;
}

void
idxd_site_start(const struct idxd_site_plan *plan)
{
	char why[128] = "";
	int err;

	pthread_mutex_lock(&site.lock);
	err = prepare(plan, why, sizeof(why));
	if (err == 0)
		err = hold(why, sizeof(why));
	pthread_mutex_unlock(&site.lock);
	ck_assert_msg(err == 0, "software devices: %s (%s)", strerror(-err), why);
}

void
idxd_site_stop(void)
{
	pthread_mutex_lock(&site.lock);
	if (site.owner == getpid() && site.holds > 0)
		unhold();
	if (site.maker == getpid())
		idxd_tree_remove(site.folder);
	site.maker = 0;
	pthread_mutex_unlock(&site.lock);
}

const char *
idxd_site_args(void)
{
	return site.maker != 0 ? site.args : NULL;
}

struct dsa_model *
idxd_site_model(unsigned device)
{
	return site.models[device];
}

struct dsa_stats
idxd_site_stats(void)
{
	struct dsa_stats sums = { 0 };

	for (unsigned i = 0; i < site.plan.ndevices; i++) {
		struct dsa_stats stats;

		dsa_model_stats(site.models[i], -1, &stats);
		sums.write_calls += stats.write_calls;
		sums.submitted += stats.submitted;
		sums.refused += stats.refused;
		sums.dropped += stats.dropped;
		sums.completed += stats.completed;
		sums.abandoned += stats.abandoned;
		sums.members += stats.members;
		sums.records += stats.records;
		sums.lost += stats.lost;
		sums.failed += stats.failed;
		sums.injected += stats.injected;
		sums.sw_errors += stats.sw_errors;
		sums.bytes += stats.bytes;
		sums.in_flight += stats.in_flight;
		if (stats.in_flight_most > sums.in_flight_most)
			sums.in_flight_most = stats.in_flight_most;
		for (unsigned op = 0; op < DSA_OP_COUNT; op++)
			sums.by_opcode[op] += stats.by_opcode[op];
	}
	return sums;
}

/* With the lock. */
static int
open_queue(unsigned device, unsigned queue)
{
	const struct dsa_memory memory = dsa_memory_self();
	struct opened *opened = site.opens;
	char why[128];
	int err = hold(why, sizeof(why));

	if (err < 0)
		return err;
	while (opened < site.opens + OPENS_MAX && opened->client != NULL)
		opened++;
	err = -EMFILE;
	if (opened < site.opens + OPENS_MAX)
		err = dsa_client_open(site.models[device], queue, &memory, &opened->client);
	if (err < 0) {
		unhold();
		return err;
	}
	return FD_FIRST + (int)(opened - site.opens);
}

/* True when the descriptor is one of the site's. */
static bool
is_ours(int fd)
{
	return fd >= FD_FIRST;
}

static int
site_open(const struct dsa_queue *queue)
{
	unsigned device, number;
	int fd = -ENXIO;

	if (site.maker == 0 || strncmp(queue->node, site.folder, strlen(site.folder)) != 0)
		return __real_idxd_kernel_door.door_open(queue);
	pthread_mutex_lock(&site.lock);
	if (sscanf(queue->name, "wq%u.%u", &device, &number) == 2 && device < site.plan.ndevices)
		fd = open_queue(device, number);
	pthread_mutex_unlock(&site.lock);
	return fd;
}

static struct dsa_client *
client_of(int fd)
{
	return site.opens[fd - FD_FIRST].client;
}

static void
sink_movdir64b(void *cookie, const void *desc)
{
	dsa_client_movdir64b(cookie, desc);
}

static bool
sink_enqcmd(void *cookie, const void *desc)
{
	return dsa_client_enqcmd(cookie, desc);
}

static int
site_map(int fd, void **ret_portal)
{
	if (is_ours(fd)) {
		const struct trap_sink sink = { sink_movdir64b, sink_enqcmd, client_of(fd) };

		return site.plan.has_portal ? trap_portal_create(&sink, ret_portal) : -EPERM;
	}
	return __real_idxd_kernel_door.door_map(fd, ret_portal);
}

static void
site_unmap(int fd, void *portal)
{
	if (!is_ours(fd))
		__real_idxd_kernel_door.door_unmap(fd, portal);
	else if (!trap_portal_destroy(portal))
		abort();
}

static ssize_t
site_write(int fd, const void *descs, size_t len)
{
	if (!is_ours(fd))
		return __real_idxd_kernel_door.door_write(fd, descs, len);
	return dsa_client_write(client_of(fd), descs, len);
}

static void
site_close(int fd)
{
	if (!is_ours(fd)) {
		__real_idxd_kernel_door.door_close(fd);
		return;
	}
	/* It waits for what is under way, and others may go on meanwhile. */
	dsa_client_close(client_of(fd));
	pthread_mutex_lock(&site.lock);
	site.opens[fd - FD_FIRST].client = NULL;
	unhold();
	pthread_mutex_unlock(&site.lock);
}

/* What the processor has does not matter at the site: the trap does it. */
static bool
site_has_portal(bool is_shared)
{
	return site.maker != 0 || __real_idxd_kernel_door.door_has_portal(is_shared);
}

const struct idxd_door __wrap_idxd_kernel_door = {
	.door_survey = dmover_queues_survey,
	.door_open = site_open,
	.door_map = site_map,
	.door_unmap = site_unmap,
	.door_write = site_write,
	.door_close = site_close,
	.door_has_portal = site_has_portal,
};
