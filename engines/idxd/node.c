/* SPDX-License-Identifier: BSD-2-Clause */
/* node.c: that a queue can be opened, and by which road descriptors get there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engines/idxd/attribute.h"
#include "engines/idxd/look.h"

/* Of the first user namespace, where privileges are the system's (include/linux/proc_ns.h). */
#define FIRST_USER_NAMESPACE 0xeffffffdu

/* udev may not have made the node under its name: the kernel's own number finds it. */
static void
find_node(struct idxd_look *look)
{
	struct dsa_queue *queue = look->queue;
	char file[64], text[16], other[64];
	uint64_t major_number, minor_number;

	snprintf(queue->node, sizeof(queue->node), "%.200s/%s", look->dev, queue->name);
	if (access(queue->node, F_OK) == 0 || strcmp(look->dev, QUEUES_DEV) != 0)
		return;
	snprintf(file, sizeof(file), "%s/cdev_major", queue->device);
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) < 0 ||
	    !idxd_attribute_number(text, &major_number))
		return;
	snprintf(file, sizeof(file), "%s/cdev_minor", queue->name);
	if (idxd_attribute_read(look->sysfs, file, text, sizeof(text)) < 0 ||
	    !idxd_attribute_number(text, &minor_number))
		return;
	snprintf(other, sizeof(other), "/dev/char/%u:%u", (unsigned)major_number,
	    (unsigned)minor_number);
	if (access(other, F_OK) == 0)
		snprintf(queue->node, sizeof(queue->node), "%s", other);
}

/* It can be copied to a shell as it is. */
static bool
is_plain(const char *path)
{
	return strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    "_-+.,:@/") == strlen(path);
}

static void
blame_missing(const struct idxd_look *look, struct queue_finding *finding)
{
	const char *node = look->queue->node;

	if (!look->is_queue_on) {
		idxd_finding_blame(finding, "it comes when the queue is enabled", "");
		snprintf(
		    finding->cure, sizeof(finding->cure), "accel-config enable-wq %s", look->path);
		return;
	}
	idxd_finding_blame(finding,
	    "the queue is on, but not in this container, or udev does not run (udevadm trigger)",
	    "");
	if (is_plain(node))
		snprintf(finding->cure, sizeof(finding->cure),
		    "start the container with --device=%.120s", node);
}

/* It is there, and cannot be opened. */
static void
blame_error(const struct idxd_look *look, struct queue_finding *finding, int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		idxd_finding_blame(finding,
		    "the node is for its owner and group: a udev rule can let others in",
		    "run dmoverd as root");
		break;
	case ENOTCONN:
		idxd_finding_blame(finding, "the program that served the node is gone", "");
		if (look->queue->is_model && is_plain(look->dev))
			snprintf(
			    finding->cure, sizeof(finding->cure), "umount -l %.120s", look->dev);
		break;
	default:
		idxd_finding_blame(finding, "the node is there, and does not answer", "");
	}
}

/* A model's node is a regular file of a file system in user space, and an image's is any file. */
static bool
is_node(const struct idxd_look *look, mode_t mode)
{
	return S_ISCHR(mode) || (S_ISREG(mode) && (look->queue->is_model || look->is_image));
}

/* Of a model's file the kernel may remember attributes, though nobody answers any more. */
static int
look_at_server(const char *node)
{
	struct statfs st;

	return statfs(node, &st) == 0 ? 0 : errno;
}

static void
look_at_file(struct idxd_look *look)
{
	const char *node = look->queue->node;
	struct queue_finding *finding = idxd_look_add(look, "this process may open it", "yes");
	struct stat st;
	int err = stat(node, &st) == 0 ? 0 : errno;

	snprintf(finding->file, sizeof(finding->file), "%.95s", node);
	finding->is_needed = true;
	if (err == 0 && !is_node(look, st.st_mode)) {
		snprintf(finding->value, sizeof(finding->value), "(no device)");
		idxd_finding_blame(finding, "something else is there", "");
		return;
	}
	if (err == 0 && S_ISREG(st.st_mode) && look->queue->is_model)
		err = look_at_server(node);
	if (err == 0 && faccessat(AT_FDCWD, node, R_OK | W_OK, AT_EACCESS) != 0)
		err = errno;
	finding->is_good = err == 0;
	if (err == 0)
		return;
	snprintf(finding->value, sizeof(finding->value), "%s", strerror(err));
	if (err == ENOENT || err == ENOTDIR) {
		blame_missing(look, finding);
		return;
	}
	blame_error(look, finding, err);
}

/* A dedicated queue has one opener.  It may be this very process. */
static void
look_at_clients(struct idxd_look *look)
{
	struct queue_finding *finding =
	    idxd_look_up(look, "nobody else has it open", look->queue->name, "clients");

	finding->is_good = look->queue->is_shared || idxd_finding_number(finding) <= 0;
	if (!finding->is_good)
		idxd_finding_blame(finding,
		    "a dedicated queue can be opened once: a second open gets EBUSY",
		    "stop the program that has it, or give dmoverd a queue of its own");
}

static bool
has_raw_io(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	struct stat st;

	if (syscall(SYS_capget, &header, data) != 0 ||
	    (data[0].effective & (1u << CAP_SYS_RAWIO)) == 0)
		return false;
	return stat("/proc/self/ns/user", &st) != 0 || st.st_ino == FIRST_USER_NAMESPACE;
}

/* Since CVE-2024-21823 the kernel maps portals for CAP_SYS_RAWIO alone, and takes write(2) from all. */
static void
look_at_portal(struct idxd_look *look)
{
	const bool may = has_raw_io();
	struct queue_finding *finding =
	    idxd_look_add(look, "its portal may be mapped", may ? "yes" : "no CAP_SYS_RAWIO");

	finding->is_good = may;
	if (may)
		return;
	idxd_finding_blame(finding,
	    look->queue->version < 0x200
		? "descriptors go by write(2), which takes no batch from a DSA 1; no error"
		: "descriptors go by write(2): a system call more; no error",
	    "AmbientCapabilities=CAP_SYS_RAWIO in a unit, --cap-add=SYS_RAWIO for a container");
}

void
idxd_look_at_node(struct idxd_look *look)
{
	find_node(look);
	look_at_file(look);
	look_at_clients(look);
	if (!look->queue->is_model) /* which has none */
		look_at_portal(look);
}
