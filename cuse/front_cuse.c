/* SPDX-License-Identifier: BSD-2-Clause */
/* front_cuse.c: the device as a character device, through /dev/cuse. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cuse_lowlevel.h>

#include "cuse/front.h"
#include "cuse/log.h"

#define SYSFS "/sys/class/cuse"

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
dev_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = DMIO_WRITE_MAX;
}

static void
dev_init_done(void *userdata)
{
	dmio_front_ready(userdata);
}

static void
dev_open(fuse_req_t req, struct fuse_file_info *fi)
{
	struct dmio_device *device = front_of(req)->device;
	struct dmover_session *session;
	int err = dmio_open(device, req, &session);

	if (err < 0) {
		dmio_answer_error(req, err);
		return;
	}
	fi->fh = (uintptr_t)session;
	fi->direct_io = 1;
	fi->nonseekable = 1;
	if (fuse_reply_open(req, fi) == -ENOENT)
		dmio_release(
		    device, session); /* the caller was interrupted: no release will come */
}

static void
dev_release(fuse_req_t req, struct fuse_file_info *fi)
{
	dmio_release(front_of(req)->device, (struct dmover_session *)(uintptr_t)fi->fh);
	dmio_answer_error(req, 0);
}

static void
dev_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct dmio_call call = call_of(req, fi, off);

	dmio_read(&call, size);
}

static void
dev_write(fuse_req_t req, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct dmio_call call = call_of(req, fi, off);

	dmio_write(&call, (const uint8_t *)buf, size);
}

static void
dev_ioctl(fuse_req_t req, int cmd, void *arg, struct fuse_file_info *fi, unsigned int flags,
    const void *in, size_t in_size, size_t out_size)
{
	struct dmio_call call = call_of(req, fi, 0);

	(void)arg, (void)out_size;
	dmio_ioctl(&call, (unsigned)cmd, flags, in, in_size);
}

static void
dev_poll(fuse_req_t req, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct dmio_call call = call_of(req, fi, 0);

	dmio_poll(&call, ph);
}

static const struct cuse_lowlevel_ops dev_ops = {
	.init = dev_init,
	.init_done = dev_init_done,
	.open = dev_open,
	.release = dev_release,
	.read = dev_read,
	.write = dev_write,
	.ioctl = dev_ioctl,
	.poll = dev_poll,
};

/* The device's name: the last part of the path. */
static const char *
name_of(const struct dmio_options *options)
{
	const char *slash = strrchr(options->path, '/');

	return slash != NULL ? slash + 1 : options->path;
}

static int
dev_probe(const struct dmio_options *options, char *why, size_t len)
{
	(void)options;
	if (access("/dev/cuse", R_OK | W_OK) == 0)
		return 0;
	if (errno == ENOENT)
		snprintf(why, len, "/dev/cuse: no such device (modprobe cuse)");
	else
		snprintf(why, len, "/dev/cuse: %s (run as root)", strerror(errno));
	return -ENODEV;
}

/* The kernel refuses a name in use, and a path in use would be taken away at the end. */
static int
check_free(const struct dmio_options *options, char *why, size_t len)
{
	char sysfs[256];
	struct stat st;

	snprintf(sysfs, sizeof(sysfs), SYSFS "/%s", name_of(options));
	if (lstat(sysfs, &st) == 0 || lstat(options->path, &st) == 0) {
		snprintf(why, len, "%s: busy: there is one already (stop its owner, or --path)",
		    options->path);
		return -EBUSY;
	}
	return 0;
}

static struct fuse_session *
session_new(struct dmio_front *front)
{
	char devname[256], program[] = "dmoverd", *argv[] = { program, NULL };
	const char *info[] = { devname };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct cuse_info ci = { .dev_info_argc = 1, .dev_info_argv = info };
	struct fuse_session *se;

	snprintf(devname, sizeof(devname), "DEVNAME=%s", name_of(front->options));
	se = cuse_lowlevel_new(&args, &ci, &dev_ops, front);
	fuse_opt_free_args(&args);
	return se;
}

static int
dev_start(struct dmio_front *front, char *why, size_t len)
{
	char fd_path[32];
	int fd, err = check_free(front->options, why, len);

	if (err < 0)
		return err;
	front->se = session_new(front);
	if (front->se == NULL) {
		snprintf(why, len, "libfuse does not start a session");
		return -ENOMEM;
	}
	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, len, "/dev/cuse: %s", strerror(errno));
		return -errno;
	}
	/* "Mounting" on an open file only hands that to the session. */
	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", fd);
	if (fuse_session_mount(front->se, fd_path) != 0) {
		close(fd);
		snprintf(why, len, "/dev/cuse: libfuse does not take it");
		return -EINVAL;
	}
	front->is_mounted = true;
	return 0;
}

/* The kernel's number of the device. */
static int
device_number(const struct dmio_options *options, dev_t *ret_dev)
{
	char path[256], text[32] = "";
	unsigned major_number, minor_number;
	FILE *f;

	snprintf(path, sizeof(path), SYSFS "/%s/dev", name_of(options));
	f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	if (fgets(text, sizeof(text), f) == NULL ||
	    sscanf(text, "%u:%u", &major_number, &minor_number) != 2) {
		fclose(f);
		return -EINVAL;
	}
	fclose(f);
	*ret_dev = makedev(major_number, minor_number);
	return 0;
}

/* devtmpfs has made the node in /dev, for root alone; elsewhere it is ours to make. */
static int
dev_publish(struct dmio_front *front, char *why, size_t len)
{
	const char *path = front->options->path;
	mode_t mode = front->options->mode;
	struct stat st;
	dev_t dev = 0;

	if (device_number(front->options, &dev) < 0) {
		snprintf(
		    why, len, "%s: the kernel did not register the device (dmesg may tell)", path);
		return -EIO;
	}
	if (stat(path, &st) != 0) {
		if (mknod(path, S_IFCHR | 0600, dev) != 0) {
			snprintf(why, len, "%s: cannot make it: %s", path, strerror(errno));
			return -errno;
		}
		front->has_made = true;
	} else if (!S_ISCHR(st.st_mode) || st.st_rdev != dev) {
		snprintf(why, len, "%s: something else is there", path);
		return -EBUSY;
	}
	if (chmod(path, mode) != 0) {
		snprintf(why, len, "%s: cannot set its mode: %s", path, strerror(errno));
		return -errno;
	}
	return 0;
}

static void
dev_stop(struct dmio_front *front)
{
	if (front->has_made)
		unlink(front->options->path);
}

const struct dmio_front_ops dmio_front_cuse = {
	.name = "cuse",
	.probe = dev_probe,
	.start = dev_start,
	.publish = dev_publish,
	.stop = dev_stop,
};
