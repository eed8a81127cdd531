/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.c: start, serve, stop.
 *
 * 1. a front end is chosen, 2. the core starts, 3. the front end opens its channel, 4. the loop
 * listens, 5. the kernel agrees, and the device is published; stop goes the other way.
 */
#include "cuse/server.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cuse/front.h"
#include "cuse/loop.h"
#include "cuse/memory.h"
#include "cuse/notify.h"

#define READY_SECONDS 10 /* for the kernel's answer */

#define FILES_KEPT 96 /* for the device, the engines, and the latest posters */

struct server {
	const struct dmio_options *options;
	struct dmover_core core;
	struct dmio_device device;
	struct dmio_front front;
	struct dmio_loop *loop;
};

void
dmio_front_ready(struct dmio_front *front)
{
	pthread_mutex_lock(&front->lock);
	front->is_ready = true;
	pthread_cond_signal(&front->changed);
	pthread_mutex_unlock(&front->lock);
}

/* Loop thread: the kernel has ended the session.  The main thread sits in sigwait(). */
static void
front_ended(void *arg)
{
	struct dmio_front *front = arg;

	pthread_mutex_lock(&front->lock);
	front->is_ended = true;
	pthread_cond_signal(&front->changed);
	pthread_mutex_unlock(&front->lock);
	kill(getpid(), SIGTERM);
}

/* The first that works, or the one that was asked for. */
static int
choose_front(const struct dmio_options *options, const struct dmio_front_ops **ret_ops)
{
	char why[2][256] = { "", "" };

	if (options->front != DMIO_FRONT_FUSE && dmio_front_cuse.probe(options, why[0], 256) == 0) {
		*ret_ops = &dmio_front_cuse;
		return 0;
	}
	if (options->front != DMIO_FRONT_CUSE && dmio_front_fuse.probe(options, why[1], 256) == 0) {
		if (options->front == DMIO_FRONT_AUTO)
			dmio_log(DMIO_LOG_WARNING, "a file instead of a device: %s", why[0]);
		*ret_ops = &dmio_front_fuse;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (why[i][0] != '\0')
			dmio_log(DMIO_LOG_ERROR, "no front end: %s", why[i]);
	return -ENODEV;
}

/* Whether this process may reach its callers' memory at all, and how. */
static int
find_ways(enum dmio_posted_choice choice, struct dmio_ways *ret_ways)
{
	char line[512];

	if (dmio_ways_probe(choice, ret_ways, line, sizeof(line)) < 0) {
		dmio_log(DMIO_LOG_ERROR, "callers' memory: %s", line);
		return -EPERM;
	}
	if (ret_ways->is_limited)
		dmio_log(DMIO_LOG_WARNING, "callers' memory: %s", ret_ways->why);
	dmio_ways_format(ret_ways, line, sizeof(line));
	dmio_log(DMIO_LOG_INFO, "caller memory: %s", line);
	return 0;
}

/* Posted writes hold three files each. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* As many as leave files for everything else. */
static unsigned
posts_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > UINT_MAX)
		return 0;
	if (limit.rlim_cur < FILES_KEPT + DMIO_POSTED_FILES)
		return 1;
	return (unsigned)(limit.rlim_cur - FILES_KEPT) / DMIO_POSTED_FILES;
}

/* Until the kernel agrees to serve, or not. */
static int
wait_ready(struct dmio_front *front)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += READY_SECONDS;
	pthread_mutex_lock(&front->lock);
	while (!front->is_ready && !front->is_ended && err == 0)
		err = pthread_cond_timedwait(&front->changed, &front->lock, &until);
	err = front->is_ready && !front->is_ended ? 0 : -EIO;
	pthread_mutex_unlock(&front->lock);
	return err;
}

static int
start_front(struct server *server, char *why, size_t len)
{
	struct dmio_front *front = &server->front;
	int err = front->ops->start(front, why, len);

	if (err < 0)
		return err;
	err = dmio_loop_start(front->se, &server->core, front_ended, front, &server->loop);
	if (err < 0) {
		snprintf(why, len, "cannot start a thread: %s", strerror(-err));
		return err;
	}
	if (wait_ready(front) < 0) {
		snprintf(
		    why, len, "%s: the kernel does not agree to serve it", server->options->path);
		return -EIO;
	}
	return front->ops->publish(front, why, len);
}

static void
wait_for_signal(void)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &signo);
	dmio_log(DMIO_LOG_INFO, "stopping: %s", strsignal(signo));
}

/* What was done, and by whom. */
/* What engines have opened, and how that is now. */
static void
log_engines(struct dmover_core *core)
{
	for (unsigned i = 0; i < core->dispatch.nlanes; i++) {
		const struct dmover_lane *lane = &core->dispatch.lanes[i];
		char text[256] = "";

		if (lane->lane_engine->eng_describe != NULL)
			lane->lane_engine->eng_describe(lane->lane_state, text, sizeof(text));
		if (text[0] != '\0')
			dmio_log(DMIO_LOG_INFO, "engine %s: %s", lane->lane_engine->eng_name, text);
	}
}

static void
log_stats(struct dmover_core *core)
{
	char line[256];

	dmover_stats_format(&core->stats, line, sizeof(line));
	dmio_log(DMIO_LOG_INFO, "%s", line);
	log_engines(core);
	for (unsigned i = 0; i < core->dispatch.nlanes; i++) {
		uint64_t requests = atomic_load(&core->stats.st_engines[i].requests);

		if (requests > 0)
			dmio_log(DMIO_LOG_INFO, "engine %s: requests=%ju bytes=%ju",
			    core->dispatch.lanes[i].lane_engine->eng_name, (uintmax_t)requests,
			    (uintmax_t)atomic_load(&core->stats.st_engines[i].bytes));
	}
}

/* False: a thread is stuck in a caller's memory. */
static bool
stop(struct server *server)
{
	struct dmio_front *front = &server->front;
	bool is_clean;

	dmio_close_all(&server->device);
	is_clean = dmio_loop_stop(server->loop);
	dmio_close_all(&server->device); /* those that were opened meanwhile */
	is_clean = is_clean && dmover_core_stop(&server->core);
	log_stats(&server->core);
	if (is_clean)
		dmio_end_all(&server->device);
	front->ops->stop(front);
	if (!is_clean)
		return false;
	if (front->se != NULL)
		fuse_session_destroy(front->se);
	dmio_device_fini(&server->device);
	dmover_core_fini(&server->core);
	return true;
}

static int
run(struct server *server, void (*on_ready)(void *arg), void *arg)
{
	char why[512] = "";
	int err = start_front(server, why, sizeof(why));

	if (err < 0) {
		dmio_log(DMIO_LOG_ERROR, "%s", why);
	} else {
		printf("dmoverd: ready: %s (%s)\n", server->options->path, server->front.ops->name);
		fflush(stdout);
		on_ready(arg);
		if (dmio_notify("READY=1") < 0)
			dmio_log(DMIO_LOG_WARNING, "the service manager was not told");
		wait_for_signal();
		dmio_notify("STOPPING=1");
	}
	if (!stop(server)) {
		/* Its memory may still be in use by the thread. */
		dmio_log(DMIO_LOG_WARNING,
		    "a thread is stuck in a caller's memory, or a request in a device: leaving it");
		fflush(stdout);
		_exit(err < 0 ? 1 : 0);
	}
	return err < 0 ? 1 : 0;
}

int
dmio_serve(const struct dmio_options *options, void (*on_ready)(void *arg), void *arg)
{
	struct server *server = calloc(1, sizeof(*server));
	struct dmover_core_options core;
	struct dmio_ways ways;
	char why[256] = "";
	int status = 1, err;

	if (server == NULL || choose_front(options, &server->front.ops) < 0 ||
	    find_ways(options->posted, &ways) < 0)
		goto free_server;
	raise_file_limit();
	server->options = options;
	core = options->core;
	core.max_posts = posts_max();
	dmio_posted_own(&ways, &core.own); /* not to be had: measured without it */
	err = dmover_core_init(&server->core, &core, why, sizeof(why));
	dmover_space_unref(core.own);
	if (err < 0) {
		dmio_log(DMIO_LOG_ERROR, "%s", why);
		status = err == -EINVAL ? 2 : 1;
		goto free_server;
	}
	log_engines(&server->core);
	dmio_device_init(&server->device, &server->core);
	server->device.ways = ways;
	server->front.options = options;
	server->front.device = &server->device;
	pthread_mutex_init(&server->front.lock, NULL);
	pthread_cond_init(&server->front.changed, NULL);
	status = run(server, on_ready, arg);
	pthread_cond_destroy(&server->front.changed);
	pthread_mutex_destroy(&server->front.lock);
free_server:
	free(server);
	return status;
}
