/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: dsa-model: a DSA device in software, for as long as a command runs.
 *
 *	1. DIR, DIR/sysfs and DIR/dev are made where they are not there.
 *	2. The model is made, its tree written and its nodes put up.
 *	3. The command runs, with DSA_SYSFS_PATH and DSA_DEV_PATH in its environment; or a signal is awaited.
 *	4. All of it is taken away again, folders that were there before excepted.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/dsa/command.h"
#include "tests/dsa/node.h"
#include "tests/dsa/options.h"
#include "tests/dsa/report.h"
#include "tests/dsa/tree.h"

struct folder {
	char path[PATH_MAX];
	bool is_ours;
};

struct program {
	struct options options;
	struct folder base, sysfs, dev;
	struct dsa_model *model;
	struct dsa_tree *tree;
	struct dsa_node *node;
	pthread_mutex_t lock;
	bool is_up; /* (lock) tree and node may be told of changes */
};

/* Ends with 2 for what should have been written otherwise. */
static int
complain(int err, const char *why)
{
	fprintf(stderr, "dsa-model: %s\n", why);
	return err == -EINVAL ? 2 : 1;
}

/* Absolute: the command may be elsewhere. */
static int
folder_make(struct folder *folder, const char *dir, const char *name, char *why, size_t len)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s%s", dir, name[0] != '\0' ? "/" : "", name) >=
	    (int)sizeof(path)) {
		snprintf(why, len, "%.100s...: too long", dir);
		return -ENAMETOOLONG;
	}
	folder->is_ours = mkdir(path, 0755) == 0;
	if ((!folder->is_ours && errno != EEXIST && errno != ENOTCONN) ||
	    (name[0] == '\0' && realpath(path, folder->path) == NULL)) {
		snprintf(why, len, "%.200s: %s", path, strerror(errno));
		return -errno;
	}
	if (name[0] != '\0')
		memcpy(folder->path, path, strlen(path) + 1);
	return 0;
}

static int
folders_make(struct program *p, char *why, size_t len)
{
	int err = folder_make(&p->base, p->options.dir, "", why, len);

	if (err == 0)
		err = folder_make(&p->sysfs, p->base.path, "sysfs", why, len);
	return err == 0 ? folder_make(&p->dev, p->base.path, "dev", why, len) : err;
}

static void
folder_remove(const struct folder *folder)
{
	if (folder->is_ours)
		rmdir(folder->path);
}

/* The device's thread, or an administrator. */
static void
model_changed(void *cookie)
{
	struct program *p = cookie;

	pthread_mutex_lock(&p->lock);
	if (p->is_up) {
		dsa_tree_update(p->tree);
		dsa_node_wake(p->node);
	}
	pthread_mutex_unlock(&p->lock);
}

static void
set_up(struct program *p, bool is_up)
{
	pthread_mutex_lock(&p->lock);
	p->is_up = is_up;
	pthread_mutex_unlock(&p->lock);
}

static int
start(struct program *p, char *why, size_t len)
{
	const struct dsa_node_options node = {
		.dir = p->dev.path,
		.mode = p->options.mode,
		.is_cuse = p->options.is_cuse,
	};
	int err;

	p->options.model.changed = model_changed;
	p->options.model.cookie = p;
	err = dsa_model_create(&p->options.model, &p->model, why, len);
	if (err == 0)
		err = folders_make(p, why, len);
	if (err == 0)
		err = dsa_tree_create(p->model, p->sysfs.path, &p->tree, why, len);
	if (err == 0)
		err = dsa_node_open(p->model, &node, &p->node, why, len);
	if (err == 0)
		set_up(p, true);
	return err;
}

static void
stop(struct program *p)
{
	set_up(p, false);
	dsa_node_close(p->node);
	dsa_tree_destroy(p->tree);
	dsa_model_destroy(p->model);
	folder_remove(&p->dev);
	folder_remove(&p->sysfs);
	folder_remove(&p->base);
}

static void
print_stats(void *arg)
{
	struct program *p = arg;
	const char *path = p->options.stats;
	FILE *out = path == NULL || strcmp(path, "-") == 0 ? stderr : fopen(path, "we");

	if (out == NULL) {
		fprintf(stderr, "dsa-model: %s: %s\n", path, strerror(errno));
		return;
	}
	report_print(p->model, out);
	if (out != stderr)
		fclose(out);
}

static int
run(struct program *p, const sigset_t *old)
{
	pid_t pid = 0;
	int err, status;

	if (p->options.command == NULL) {
		printf("DSA_SYSFS_PATH=%s DSA_DEV_PATH=%s\n", p->sysfs.path, p->dev.path);
		printf("--dsa-sysfs=%s --dsa-dev=%s\n", p->sysfs.path, p->dev.path);
		fflush(stdout);
	} else {
		setenv("DSA_SYSFS_PATH", p->sysfs.path, 1);
		setenv("DSA_DEV_PATH", p->dev.path, 1);
		err = command_start(p->options.command, old, &pid);
		if (err < 0) {
			fprintf(
			    stderr, "dsa-model: %s: %s\n", p->options.command[0], strerror(-err));
			return err == -ENOENT ? 127 : 126;
		}
	}
	status = command_wait(pid, print_stats, p);
	if (p->options.stats != NULL)
		print_stats(p);
	return status;
}

int
main(int argc, char **argv)
{
	static struct program p;
	char why[300] = "";
	sigset_t old;
	int err, status;

	if (options_parse(argc, argv, &p.options, why, sizeof(why)) < 0) {
		fprintf(stderr, "dsa-model: %s (--help tells more)\n", why);
		return 2;
	}
	if (p.options.has_help) {
		options_help(stdout);
		return 0;
	}
	if (p.options.has_version) {
		printf("dsa-model %s\n", DMOVER_VERSION);
		return 0;
	}
	pthread_mutex_init(&p.lock, NULL);
	command_keep_signals(&old);
	err = start(&p, why, sizeof(why));
	status = err < 0 ? complain(err, why) : run(&p, &old);
	stop(&p);
	pthread_mutex_destroy(&p.lock);
	return status;
}
