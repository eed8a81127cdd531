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
#include <fcntl.h>
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

/* A thread that serves the nodes. */
static void
clients_changed(void *cookie)
{
	struct program *p = cookie;

	pthread_mutex_lock(&p->lock);
	if (p->is_up)
		dsa_tree_update(p->tree);
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
		.changed = clients_changed,
		.cookie = p,
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
	if (err == 0) {
		set_up(p, true);
		clients_changed(p); /* who came before */
	}
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

static bool
has_stats_file(const struct program *p)
{
	return p->options.stats != NULL && strcmp(p->options.stats, "-") != 0;
}

/* That it cannot be written is to be known before the command has run. */
static int
try_stats(const struct program *p, char *why, size_t len)
{
	int fd;

	if (!has_stats_file(p))
		return 0;
	fd = open(p->options.stats, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0) {
		snprintf(why, len, "%.200s: %s", p->options.stats, strerror(errno));
		return -EIO;
	}
	close(fd);
	return 0;
}

static int
write_stats(const struct program *p)
{
	FILE *out = has_stats_file(p) ? fopen(p->options.stats, "we") : stderr;
	bool is_bad = out == NULL;

	if (out != NULL) {
		report_print(p->model, out);
		is_bad = ferror(out) != 0;
	}
	if (out != NULL && out != stderr)
		is_bad = fclose(out) != 0 || is_bad;
	if (is_bad)
		fprintf(stderr, "dsa-model: %s: %s\n",
		    has_stats_file(p) ? p->options.stats : "standard error", strerror(errno));
	return is_bad ? -EIO : 0;
}

static void
on_usr1(void *arg)
{
	write_stats(arg);
}

/* What was printed must have got there. */
static int
flush_output(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return 0;
	fprintf(stderr, "dsa-model: standard output: %s\n", strerror(errno));
	return -EIO;
}

static int
run(struct program *p, const sigset_t *old)
{
	pid_t pid = 0;
	int err, status;

	if (p->options.command == NULL) {
		printf("DSA_SYSFS_PATH=%s DSA_DEV_PATH=%s\n", p->sysfs.path, p->dev.path);
		printf("--dsa-sysfs=%s --dsa-dev=%s\n", p->sysfs.path, p->dev.path);
		if (flush_output() < 0)
			return 1;
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
	status = command_wait(pid, on_usr1, p);
	if (p->options.stats != NULL && write_stats(p) < 0 && status == 0)
		status = 1;
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
		return flush_output() < 0;
	}
	if (p.options.has_version) {
		printf("dsa-model %s\n", DMOVER_VERSION);
		return flush_output() < 0;
	}
	pthread_mutex_init(&p.lock, NULL);
	command_keep_signals(&old);
	err = try_stats(&p, why, sizeof(why));
	if (err == 0)
		err = start(&p, why, sizeof(why));
	status = err < 0 ? complain(err, why) : run(&p, &old);
	stop(&p);
	pthread_mutex_destroy(&p.lock);
	return status;
}
