/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_fuse.c: a folder with one regular file for each queue, where there is no CUSE.
 *
 * Calls come as they do from a character device: no page cache, no position, and no lock among writers
 * of which one may wait.  close(2) asks by FLUSH, for it does not wait for RELEASE.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/dsa/front.h"

#ifndef FOPEN_STREAM
#define FOPEN_STREAM (1 << 4)
#endif

#ifndef FOPEN_NOFLUSH
#define FOPEN_NOFLUSH (1 << 5)
#endif

#define FIRST_INO    (FUSE_ROOT_ID + 1) /* of queue 0 */
#define ATTR_SECONDS 3600.0
#define WRITE_MAX    (128u << 10)

static struct site *
site_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct handle *
handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static unsigned
nqueues(const struct site *site)
{
	return dsa_model_options(site->node->model)->nqueues;
}

static bool
node_stat(const struct site *site, fuse_ino_t ino, struct stat *st)
{
	const bool is_root = ino == FUSE_ROOT_ID;

	if (!is_root && (ino < FIRST_INO || ino - FIRST_INO >= nqueues(site)))
		return false;
	*st = (struct stat){
		.st_ino = ino,
		.st_mode = is_root ? S_IFDIR | 0755 : S_IFREG | site->node->options.mode,
		.st_nlink = is_root ? 2 : 1,
		.st_uid = geteuid(),
		.st_gid = getegid(),
	};
	return true;
}

static void
dir_init(void *userdata, struct fuse_conn_info *conn)
{
	conn->max_write = WRITE_MAX;
	conn->want &=
	    ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
	front_ready(userdata);
}

static void
dir_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .attr_timeout = ATTR_SECONDS };
	char known[32];

	for (unsigned i = 0; parent == FUSE_ROOT_ID && i < nqueues(site_of(req)); i++) {
		front_name(site_of(req), i, known);
		if (strcmp(name, known) != 0)
			continue;
		entry.ino = FIRST_INO + i;
		entry.entry_timeout = ATTR_SECONDS;
		node_stat(site_of(req), entry.ino, &entry.attr);
		fuse_reply_entry(req, &entry);
		return;
	}
	fuse_reply_err(req, ENOENT);
}

static void
node_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (node_stat(site_of(req), ino, &st))
		fuse_reply_attr(req, &st, ATTR_SECONDS);
	else
		fuse_reply_err(req, ENOENT);
}

/* Truncation means nothing to a device; the rest is not for callers to change. */
static void
node_setattr(
    fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	(void)attr;
	if ((to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0)
		fuse_reply_err(req, EPERM);
	else
		node_getattr(req, ino, fi);
}

/* All of it in one answer: there are few, and whoever asks behind the end gets none. */
static void
dir_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	char buf[1024], name[32];
	struct stat st;
	size_t used = 0;

	(void)ino, (void)fi;
	for (unsigned i = 0; off == 0 && i < nqueues(site_of(req)); i++) {
		front_name(site_of(req), i, name);
		node_stat(site_of(req), FIRST_INO + i, &st);
		used += fuse_add_direntry(req, buf + used, sizeof(buf) - used, name, &st, i + 1);
	}
	fuse_reply_buf(req, buf, used <= size ? used : 0);
}

/*
 * The serving process' own files are not asked about: were it killed, the kernel would close them after
 * the last thread that could answer has ended, and wait for ever.
 */
static uint32_t
flush_flag(const struct handle *handle)
{
	return handle->process == getpid() ? FOPEN_NOFLUSH : 0;
}

static void
node_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct calls *calls = &site_of(req)->node->calls;
	struct fuse_open_out out;
	struct handle *handle;
	int err = calls_open(calls, (unsigned)(ino - FIRST_INO), fuse_req_ctx(req)->pid, &handle);

	(void)fi;
	if (err < 0) {
		fuse_reply_err(req, -err);
		return;
	}
	/* Not through fuse_reply_open(), which knows no STREAM. */
	out = (struct fuse_open_out){
		.fh = (uintptr_t)handle,
		.open_flags =
		    FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE | FOPEN_STREAM | flush_flag(handle),
	};
	if (fuse_reply_buf(req, (const char *)&out, sizeof(out)) == -ENOENT)
		calls_release(calls, handle); /* the caller was interrupted: no RELEASE will come */
}

static void
node_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	calls_flush(&site_of(req)->node->calls, handle_of(fi));
	fuse_reply_err(req, 0);
}

static void
node_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	calls_release(&site_of(req)->node->calls, handle_of(fi));
	fuse_reply_err(req, 0);
}

/* The driver has no read(2). */
static void
node_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino, (void)size, (void)off, (void)fi;
	fuse_reply_err(req, EINVAL);
}

static void
node_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	fuse_reply_err(req, EINVAL);
}

static void
node_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
    struct fuse_file_info *fi)
{
	struct calls *calls = &site_of(req)->node->calls;
	const ssize_t n = calls_write(calls, handle_of(fi), fuse_req_ctx(req)->pid, buf, size);

	(void)ino, (void)off;
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void
node_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct calls *calls = &site_of(req)->node->calls;

	(void)ino;
	fuse_reply_poll(req, calls_poll(calls, handle_of(fi), fuse_req_ctx(req)->pid, ph));
}

static const struct fuse_lowlevel_ops dir_ops = {
	.init = dir_init,
	.lookup = dir_lookup,
	.getattr = node_getattr,
	.setattr = node_setattr,
	.readdir = dir_readdir,
	.open = node_open,
	.flush = node_flush,
	.release = node_release,
	.read = node_read,
	.fsync = node_fsync,
	.write = node_write,
	.poll = node_poll,
};

/*
 * What models that were killed have left over the folder.  Not stat(2): attributes that the kernel
 * still remembers hide that nobody answers.
 */
static void
unmount_dead(const char *dir)
{
	struct statfs st;

	while (statfs(dir, &st) != 0 && errno == ENOTCONN)
		if (umount2(dir, MNT_DETACH) != 0)
			return;
}

int
front_fuse_start(struct site *site, char *why, size_t len)
{
	const char *dir = site->node->dir;
	char program[] = "dsa-model", own[] = "-ofsname=dsa-model,default_permissions";
	char all[] = "-ofsname=dsa-model,default_permissions,allow_other";
	/* Only root may let other users in. */
	char *argv[] = { program, geteuid() == 0 ? all : own, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);

	if (access("/dev/fuse", R_OK | W_OK) != 0) {
		snprintf(why, len, "/dev/fuse: %s", strerror(errno));
		return -ENODEV;
	}
	unmount_dead(dir);
	site->se = fuse_session_new(&args, &dir_ops, sizeof(dir_ops), site);
	fuse_opt_free_args(&args);
	if (site->se == NULL || fuse_session_mount(site->se, dir) != 0) {
		snprintf(why, len, "%s: cannot mount there (run as root, or install fuse3)", dir);
		return -EPERM;
	}
	site->is_mounted = true;
	return 0;
}

void
front_fuse_stop(struct site *site)
{
	if (site->is_mounted)
		fuse_session_unmount(site->se);
	if (site->se != NULL)
		fuse_session_destroy(site->se);
}
