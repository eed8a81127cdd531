/* SPDX-License-Identifier: BSD-2-Clause */
/* front.c: what the two front ends of dmoverd need: /dev/cuse, /dev/fuse, and the right to mount. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tools/dmoverctl/examine.h"

/* A node of a driver that may be a module. */
struct node {
	const char *path;   /* "/dev/cuse" */
	const char *module; /* "cuse" */
	const char *packages;
	unsigned minor; /* of major 10 */
};

static const struct node cuse = {
	.path = "/dev/cuse",
	.module = "cuse",
	.packages = "install this kernel's extra modules (linux-modules-extra, "
		    "kernel-modules-extra), boot a kernel with CONFIG_CUSE, or take --front=fuse",
	.minor = 203,
};
static const struct node fuse = {
	.path = "/dev/fuse",
	.module = "fuse",
	.packages = "boot a kernel with CONFIG_FUSE_FS",
	.minor = 229,
};

/* LIST ("modules.dep") of the running kernel names the module. */
static bool
is_listed(const struct ctl_host *host, const struct node *node, const char *list)
{
	char file[256], word[32];
	struct utsname kernel;

	if (uname(&kernel) != 0)
		return false;
	snprintf(file, sizeof(file), "/lib/modules/%.64s/%s", kernel.release, list);
	snprintf(word, sizeof(word), "%s.ko", node->module);
	return ctl_host_mentions(host, file, word);
}

/* True when this kernel's modules are in sight: in a container, they are often not. */
static bool
sees_modules(const struct ctl_host *host)
{
	char file[256];
	struct utsname kernel;

	if (uname(&kernel) != 0)
		return false;
	snprintf(file, sizeof(file), "/lib/modules/%.64s/modules.dep", kernel.release);
	return ctl_host_has(host, file);
}

/* No node, or none that answers: no driver, or a driver and no node. */
static void
blame_driver(const struct ctl_host *host, const struct node *node, struct ctl_check *check)
{
	char why[256], cure[256];

	if (ctl_host_mentions(host, "/proc/misc", node->module)) {
		snprintf(cure, sizeof(cure), "mknod -m 600 %s c 10 %u", node->path, node->minor);
		snprintf(why, sizeof(why),
		    "the kernel has the driver, but there is no node here; a container is started "
		    "with --device=%s",
		    node->path);
		ctl_check_blame(check, CTL_BAD, why, cure);
	} else if (is_listed(host, node, "modules.dep")) {
		snprintf(cure, sizeof(cure), "modprobe %s", node->module);
		ctl_check_blame(check, CTL_BAD, "the module is installed, and not loaded", cure);
	} else if (sees_modules(host) && !is_listed(host, node, "modules.builtin")) {
		ctl_check_blame(check, CTL_BAD, "this kernel has no such module", node->packages);
	} else {
		snprintf(why, sizeof(why),
		    "no driver; this kernel's modules are not in sight: a container needs it on "
		    "the host, and --device=%s",
		    node->path);
		snprintf(cure, sizeof(cure), "modprobe %s", node->module);
		ctl_check_blame(check, CTL_BAD, why, cure);
	}
}

/* The node is there, and opening it fails. */
static void
blame_node(int err, struct ctl_check *check)
{
	if (err == ENOTTY)
		ctl_check_blame(check, CTL_BAD, "it is no character device",
		    "remove it, and load the module again");
	else if (err == EPERM)
		ctl_check_blame(check, CTL_BAD,
		    "the device cgroup of the container or of the unit forbids it",
		    "--device for the container, DeviceAllow= for the unit");
	else if (err == ELOOP || err == ENOTDIR)
		ctl_check_blame(check, CTL_BAD, "the path leads to no device", "");
	else if (err != EACCES)
		ctl_check_blame(check, CTL_BAD, "its driver does not let itself be opened", "");
	else if (geteuid() != 0)
		ctl_check_blame(check, CTL_BAD, "this user may not open it", "run dmoverd as root");
	else
		ctl_check_blame(check, CTL_BAD,
		    "root may not open it: a mount with nodev, or a security module", "");
}

/* Opening does not make a device yet.  Below another root, a file stands for the node. */
static void
look_at_node(const struct ctl_host *host, const struct node *node, struct ctl_check *check)
{
	char path[CTL_PATH_SIZE];
	struct stat st;
	int fd = -1, err = 0;

	if (stat(ctl_host_path(host, node->path, path), &st) != 0)
		err = errno;
	else if (!S_ISCHR(st.st_mode) && (host->root[0] == '\0' || !S_ISREG(st.st_mode)))
		err = ENOTTY;
	else if ((fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)) < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	ctl_check_found(check, "%s", err == 0 ? "can be opened" : strerror(err));
	if (err == ENOENT || err == ENXIO || err == ENODEV)
		blame_driver(host, node, check);
	else if (err != 0)
		blame_node(err, check);
}

void
ctl_examine_cuse(const struct ctl_host *host, struct ctl_checks *checks)
{
	struct ctl_check *check;

	look_at_node(host, &cuse,
	    ctl_checks_add(checks, CTL_FRONT, "cuse.node", "/dev/cuse (--front=cuse)"));
	/* The kernel makes the node for root alone; dmoverd sets its mode. */
	check =
	    ctl_checks_add(checks, CTL_FRONT, "cuse.publish", "its device can be given to users");
	if (ctl_host_is_capable(CAP_FOWNER)) {
		ctl_check_found(check, "yes");
		return;
	}
	ctl_check_found(check, "no CAP_FOWNER");
	ctl_check_blame(
	    check, CTL_BAD, "the new device would be root's alone", "run dmoverd as root");
}

static bool
has_fusermount(const struct ctl_host *host)
{
	static const char *const places[] = { "/usr/bin/fusermount3", "/bin/fusermount3",
		"/usr/local/bin/fusermount3" };
	char path[CTL_PATH_SIZE];
	struct stat st;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (stat(ctl_host_path(host, places[i], path), &st) == 0 &&
		    (st.st_mode & S_ISUID) != 0)
			return true;
	return false;
}

static void
look_at_mounting(const struct ctl_host *host, struct ctl_check *check)
{
	if (ctl_host_is_capable(CAP_SYS_ADMIN)) {
		ctl_check_found(check, "yes");
	} else if (geteuid() != 0 && has_fusermount(host)) {
		ctl_check_found(check, "by fusermount3");
	} else {
		ctl_check_found(check, "no CAP_SYS_ADMIN");
		ctl_check_blame(check, CTL_BAD, "the file cannot be mounted over the path",
		    geteuid() == 0
			? "start the container with --cap-add=SYS_ADMIN --device=/dev/fuse"
			: "run dmoverd as root, or install fuse3, for its fusermount3");
	}
}

/* dmoverd asks for allow_other as root only. */
static void
look_at_others(const struct ctl_host *host, struct ctl_check *check)
{
	bool is_set = false;
	char text[4096], *line, *rest = text;

	if (geteuid() == 0) {
		ctl_check_found(check, "yes");
		return;
	}
	ctl_host_read(host, "/etc/fuse.conf", text, sizeof(text));
	while ((line = strsep(&rest, "\n")) != NULL)
		is_set = is_set || strcmp(line + strspn(line, " \t"), "user_allow_other") == 0;
	ctl_check_found(check, "no (user_allow_other is %s)", is_set ? "set" : "not set");
	ctl_check_blame(check, CTL_NOTE,
	    "without root, dmoverd serves programs of its own user only", "run dmoverd as root");
}

void
ctl_examine_fuse(const struct ctl_host *host, struct ctl_checks *checks)
{
	look_at_node(host, &fuse,
	    ctl_checks_add(checks, CTL_FRONT, "fuse.node", "/dev/fuse (--front=fuse)"));
	look_at_mounting(
	    host, ctl_checks_add(checks, CTL_FRONT, "fuse.mount", "the FUSE file can be mounted"));
	look_at_others(host,
	    ctl_checks_add(checks, CTL_FRONT, "fuse.others", "other users may open that file"));
}
