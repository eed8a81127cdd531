/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_fuse.c: the device as one file, mounted over the path, where there is no /dev/cuse.
 *
 * The file is its file system's root.  Calls reach us as they do from a character device:
 * no page cache (DIRECT_IO), no file position and so no lock that a blocked read would keep from
 * writers (STREAM), no inode lock among writers (PARALLEL_DIRECT_WRITES, which the kernel grants
 * below the file's size only: so the file claims to be as large as a 32-bit program can open).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse/front.h"

#ifndef FOPEN_STREAM
#define FOPEN_STREAM (1 << 4)
#endif
#ifndef FOPEN_PARALLEL_DIRECT_WRITES
#define FOPEN_PARALLEL_DIRECT_WRITES (1 << 6)
#endif

#define FILE_SIZE    ((off_t)INT32_MAX)
#define ATTR_SECONDS 3600.0

static struct dmio_front *
front_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct dmio_call
call_of(fuse_req_t req, const struct fuse_file_info *fi, off_t off)
{
	return (struct dmio_call){
		.device = front_of(req)->device,
		.req = req,
		.session = (struct dmover_session *)(uintptr_t)fi->fh,
		.is_nonblocking = (fi->flags & O_NONBLOCK) != 0,
		.is_continued = off != 0,
	};
}

static void
file_init(void *userdata, struct fuse_conn_info *conn)
{
	conn->max_write = DMIO_WRITE_MAX;
	conn->want &=
	    ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	/* One submitted by io_submit(2) holds its thread, too: none returns before its answer. */
	conn->want &= ~(unsigned)FUSE_CAP_ASYNC_DIO;
	conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
	dmio_front_ready(userdata);
}

static void
file_stat(const struct dmio_front *front, struct stat *st)
{
	*st = (struct stat){
		.st_ino = FUSE_ROOT_ID,
		.st_mode = S_IFREG | front->options->mode,
		.st_nlink = 1,
		.st_uid = geteuid(),
		.st_gid = getegid(),
		.st_size = FILE_SIZE,
	};
}

static void
file_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)ino, (void)fi;
	file_stat(front_of(req), &st);
	fuse_reply_attr(req, &st, ATTR_SECONDS);
}

/* Truncation, as by O_TRUNC, means nothing to a device; the rest is not for callers to change. */
static void
file_setattr(
    fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	(void)attr;
	if ((to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0)
		dmio_answer_error(req, -EPERM);
	else
		file_getattr(req, ino, fi);
}

static void
file_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct dmio_device *device = front_of(req)->device;
	struct dmover_session *session;
	struct fuse_open_out out;
	int err = dmio_open(device, req, &session);

	(void)ino, (void)fi;
	if (err < 0) {
		dmio_answer_error(req, err);
		return;
	}
	/* Not through fuse_reply_open(), which knows no STREAM. */
	out = (struct fuse_open_out){
		.fh = (uintptr_t)session,
		.open_flags = FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE | FOPEN_STREAM |
			      FOPEN_PARALLEL_DIRECT_WRITES,
	};
	if (fuse_reply_buf(req, (const char *)&out, sizeof(out)) == -ENOENT)
		dmio_release(
		    device, session); /* the caller was interrupted: no release will come */
}

static void
file_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	dmio_release(front_of(req)->device, (struct dmover_session *)(uintptr_t)fi->fh);
	dmio_answer_error(req, 0);
}

static void
file_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino, (void)fi;
	dmio_answer_error(req, 0);
}

/* As a character device answers. */
static void
file_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	dmio_answer_error(req, -EINVAL);
}

/*
 * A read without a lock owner is a page fault on a private mapping of the file, perhaps one that
 * this very process runs into on its way through a caller's buffer: it must not take responses.
 */
static void
file_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct dmio_call call = call_of(req, fi, off);

	(void)ino;
	if (fi->lock_owner == 0)
		dmio_answer_error(req, -EIO);
	else
		dmio_read(&call, size);
}

static void
file_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
    struct fuse_file_info *fi)
{
	struct dmio_call call = call_of(req, fi, off);

	(void)ino;
	dmio_write(&call, (const uint8_t *)buf, size);
}

static void
file_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg, struct fuse_file_info *fi,
    unsigned flags, const void *in, size_t in_size, size_t out_size)
{
	struct dmio_call call = call_of(req, fi, 0);

	(void)ino, (void)arg, (void)out_size;
	dmio_ioctl(&call, cmd, flags, in, in_size);
}

static void
file_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct dmio_call call = call_of(req, fi, 0);

	(void)ino;
	dmio_poll(&call, ph);
}

static const struct fuse_lowlevel_ops file_ops = {
	.init = file_init,
	.getattr = file_getattr,
	.setattr = file_setattr,
	.open = file_open,
	.release = file_release,
	.flush = file_flush,
	.fsync = file_fsync,
	.read = file_read,
	.write = file_write,
	.ioctl = file_ioctl,
	.poll = file_poll,
};

static int
file_probe(const struct dmio_options *options, char *why, size_t len)
{
	(void)options;
	if (access("/dev/fuse", R_OK | W_OK) == 0)
		return 0;
	if (errno == ENOENT)
		snprintf(why, len, "/dev/fuse: no such device (modprobe fuse)");
	else
		snprintf(
		    why, len, "/dev/fuse: %s (run as root, or get access to it)", strerror(errno));
	return -ENODEV;
}

/* A file to mount over.  What stands at the path already must be an empty file. */
static int
make_path(struct dmio_front *front, char *why, size_t len)
{
	const char *path = front->options->path;
	struct stat st;
	int fd;

	if (lstat(path, &st) == 0) {
		if (S_ISREG(st.st_mode) && st.st_size == 0)
			return 0;
		if (S_ISREG(st.st_mode) && st.st_size == FILE_SIZE)
			snprintf(why, len,
			    "%s: busy: a dmoverd serves it (stop that one, or --path)", path);
		else
			snprintf(why, len,
			    "%s: there is something else already (remove it, or --path)", path);
		return -EBUSY;
	}
	if (errno == ENOTCONN && umount2(path, MNT_DETACH) == 0) {
		/* What a dmoverd left that was killed: the file under it was made by that one. */
		front->has_made = true;
		return 0;
	}
	if (errno == ENOTCONN || errno == EPERM) {
		snprintf(why, len, "%s: a dead dmoverd's mount is there (umount %s)", path, path);
		return -EBUSY;
	}
	fd = open(path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(why, len, "%s: cannot make it: %s (--path names another place)", path,
		    strerror(errno));
		return -errno;
	}
	close(fd);
	front->has_made = true;
	return 0;
}

static int
file_start(struct dmio_front *front, char *why, size_t len)
{
	/* Only root may let other users in. */
	char program[] = "dmoverd", own[] = "-ofsname=dmoverio,default_permissions";
	char all[] = "-ofsname=dmoverio,default_permissions,allow_other";
	char *argv[] = { program, geteuid() == 0 ? all : own, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);
	int err = make_path(front, why, len);

	if (err < 0)
		return err;
	front->se = fuse_session_new(&args, &file_ops, sizeof(file_ops), front);
	fuse_opt_free_args(&args);
	if (front->se == NULL) {
		snprintf(why, len, "libfuse does not start a session");
		return -ENOMEM;
	}
	if (fuse_session_mount(front->se, front->options->path) != 0) {
		snprintf(why, len, "%s: cannot mount there (run as root, or install fuse3)",
		    front->options->path);
		return -EPERM;
	}
	front->is_mounted = true;
	return 0;
}

static int
file_publish(struct dmio_front *front, char *why, size_t len)
{
	(void)front, (void)why, (void)len;
	return 0;
}

static void
file_stop(struct dmio_front *front)
{
	if (front->is_mounted)
		fuse_session_unmount(front->se);
	if (front->has_made)
		unlink(front->options->path);
}

const struct dmio_front_ops dmio_front_fuse = {
	.name = "fuse",
	.probe = file_probe,
	.start = file_start,
	.publish = file_publish,
	.stop = file_stop,
};
