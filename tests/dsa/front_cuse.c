/* SPDX-License-Identifier: BSD-2-Clause */
/* front_cuse.c: one character device for each queue. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cuse_lowlevel.h>

#include "tests/dsa/front.h"

#define SYSFS     "/sys/class/cuse/"
#define WRITE_MAX (128u << 10)

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

static void
dev_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = WRITE_MAX;
}

static void
dev_init_done(void *userdata)
{
	front_ready(userdata);
}

static void
dev_open(fuse_req_t req, struct fuse_file_info *fi)
{
	struct site *site = site_of(req);
	struct calls *calls = &site->node->calls;
	struct handle *handle;
	int err = calls_open(calls, site->queue, fuse_req_ctx(req)->pid, &handle);

	if (err < 0) {
		fuse_reply_err(req, -err);
		return;
	}
	fi->fh = (uintptr_t)handle;
	fi->direct_io = 1;
	fi->nonseekable = 1;
	if (fuse_reply_open(req, fi) == -ENOENT)
		calls_release(calls, handle); /* the caller was interrupted: no RELEASE will come */
}

static void
dev_release(fuse_req_t req, struct fuse_file_info *fi)
{
	calls_release(&site_of(req)->node->calls, handle_of(fi));
	fuse_reply_err(req, 0);
}

static void
dev_write(fuse_req_t req, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct calls *calls = &site_of(req)->node->calls;
	const ssize_t n = calls_write(calls, handle_of(fi), fuse_req_ctx(req)->pid, buf, size);

	(void)off;
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_write(req, (size_t)n);
}

/* The driver has no read(2). */
static void
dev_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)size, (void)off, (void)fi;
	fuse_reply_err(req, EINVAL);
}

static void
dev_poll(fuse_req_t req, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct calls *calls = &site_of(req)->node->calls;

	fuse_reply_poll(req, calls_poll(calls, handle_of(fi), fuse_req_ctx(req)->pid, ph));
}

static const struct cuse_lowlevel_ops dev_ops = {
	.init = dev_init,
	.init_done = dev_init_done,
	.open = dev_open,
	.release = dev_release,
	.read = dev_read,
	.write = dev_write,
	.poll = dev_poll,
};

/* The kernel's name for it: several models may run, so that of the process is part of it. */
static void
device_name(const struct site *site, char name[64])
{
	char queue[32];

	front_name(site, site->queue, queue);
	snprintf(name, 64, "dsa-model-%d-%s", (int)getpid(), queue);
}

static void
node_path(const struct site *site, char path[PATH_MAX])
{
	char name[32];

	front_name(site, site->queue, name);
	snprintf(path, PATH_MAX, "%s/%s", site->node->dir, name);
}

int
front_cuse_start(struct site *site, char *why, size_t len)
{
	char name[64], devname[80], path[32], program[] = "dsa-model", *argv[] = { program, NULL };
	const char *info[] = { devname };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct cuse_info ci = { .dev_info_argc = 1, .dev_info_argv = info };
	int fd;

	device_name(site, name);
	snprintf(devname, sizeof(devname), "DEVNAME=%s", name);
	site->se = cuse_lowlevel_new(&args, &ci, &dev_ops, site);
	fuse_opt_free_args(&args);
	if (site->se == NULL) {
		snprintf(why, len, "libfuse does not start a session");
		return -ENOMEM;
	}
	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, len, "/dev/cuse: %s", strerror(errno));
		return -ENODEV;
	}
	/* "Mounting" on an open file only hands that to the session. */
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	if (fuse_session_mount(site->se, path) != 0) {
		close(fd);
		snprintf(why, len, "/dev/cuse: libfuse does not take it");
		return -EINVAL;
	}
	site->is_mounted = true;
	return 0;
}

static bool
device_number(const struct site *site, dev_t *ret_dev)
{
	char name[64], path[128];
	unsigned major_number, minor_number;
	bool is_known;
	FILE *f;

	device_name(site, name);
	snprintf(path, sizeof(path), SYSFS "%s/dev", name);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	is_known = fscanf(f, "%u:%u", &major_number, &minor_number) == 2;
	fclose(f);
	if (is_known)
		*ret_dev = makedev(major_number, minor_number);
	return is_known;
}

int
front_cuse_publish(struct site *site, char *why, size_t len)
{
	char path[PATH_MAX];
	dev_t dev = 0;

	node_path(site, path);
	if (!device_number(site, &dev)) {
		snprintf(why, len, "%s: the kernel did not register the device", path);
		return -EIO;
	}
	if (mknod(path, S_IFCHR | 0600, dev) != 0) {
		snprintf(why, len, "%s: cannot make it: %s", path, strerror(errno));
		return -errno;
	}
	site->has_made = true;
	if (chmod(path, site->node->options.mode) != 0) {
		snprintf(why, len, "%s: cannot set its mode: %s", path, strerror(errno));
		return -errno;
	}
	return 0;
}

void
front_cuse_stop(struct site *site)
{
	char path[PATH_MAX];

	node_path(site, path);
	if (site->has_made)
		unlink(path);
	if (site->se != NULL)
		fuse_session_destroy(site->se);
}
