/* SPDX-License-Identifier: BSD-2-Clause */
/* dsa.c: DSA devices on the PCI bus, their driver, and what their queues need of the machine. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/dmoverctl/examine.h"

#define BUS         "/sys/bus/pci/devices"
#define INTEL       0x8086
#define DEVICES_MAX 16 /* of which one line each is printed */

/* The devices that the driver idxd knows as DSA. */
static const long known[] = { 0x0b25, 0x11fb, 0x1212 };

static long
read_id(const struct ctl_host *host, const char *address, const char *file)
{
	char path[CTL_PATH_SIZE], text[16];

	snprintf(path, sizeof(path), BUS "/%.32s/%s", address, file);
	if (ctl_host_read(host, path, text, sizeof(text)) <= 0)
		return -1;
	return strtol(text, NULL, 16);
}

/* "0000:6a:01.0" and nothing else: it goes into commands. */
static bool
is_address(const char *name)
{
	static const char pattern[] = "xxxx:xx:xx.x";

	for (size_t i = 0; i < sizeof(pattern); i++)
		if (pattern[i] == 'x' ? !isxdigit((unsigned char)name[i]) : name[i] != pattern[i])
			return false;
	return true;
}

static bool
is_driver(const char *name)
{
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				 "_-")] == '\0';
}

static bool
is_dsa(const struct ctl_host *host, const char *address)
{
	long device;

	if (read_id(host, address, "vendor") != INTEL)
		return false;
	device = read_id(host, address, "device");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (device == known[i])
			return true;
	return false;
}

/* The name of the driver that has the device; "": none; "?": one that no driver has. */
static void
find_driver(const struct ctl_host *host, const char *address, char *name, size_t size)
{
	char file[128], path[CTL_PATH_SIZE], target[CTL_PATH_SIZE] = "";
	const char *last;

	snprintf(file, sizeof(file), BUS "/%.32s/driver", address);
	if (readlink(ctl_host_path(host, file, path), target, sizeof(target) - 1) < 0)
		target[0] = '\0';
	last = strrchr(target, '/');
	last = last != NULL ? last + 1 : target;
	snprintf(name, size, "%.31s", strlen(last) < size && is_driver(last) ? last : "?");
}

static void
look_at_device(const struct ctl_host *host, const char *address, struct ctl_checks *checks)
{
	struct ctl_check *check =
	    ctl_checks_add(checks, CTL_DSA, "dsa.device", "device on the PCI bus");
	char driver[32], cure[256];

	find_driver(host, address, driver, sizeof(driver));
	ctl_check_found(
	    check, "%.31s: %s", address, driver[0] != '\0' ? driver : "no driver has it");
	if (strcmp(driver, "idxd") == 0)
		return;
	if (driver[0] == '\0') {
		ctl_check_blame(check, CTL_NOTE, "the driver is not loaded, or it gave up (dmesg)",
		    "modprobe idxd");
		return;
	}
	if (driver[0] == '?') {
		ctl_check_blame(check, CTL_NOTE, "its driver's name is none that a driver has", "");
		return;
	}
	snprintf(cure, sizeof(cure),
	    "echo %.31s >/sys/bus/pci/drivers/%s/unbind; echo %.31s "
	    ">/sys/bus/pci/drivers/idxd/bind",
	    address, driver, address);
	ctl_check_blame(check, CTL_NOTE, "another driver has it, so it has no work queues", cure);
}

static unsigned
look_at_bus(const struct ctl_host *host, struct ctl_checks *checks)
{
	char path[CTL_PATH_SIZE];
	struct dirent **entries = NULL;
	unsigned found = 0;
	int n = scandir(ctl_host_path(host, BUS, path), &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (is_address(entries[i]->d_name) && is_dsa(host, entries[i]->d_name) &&
		    found++ < DEVICES_MAX)
			look_at_device(host, entries[i]->d_name, checks);
		free(entries[i]);
	}
	free(entries);
	return found;
}

/* What the boot asked for; a kernel may also be built to do it unasked, so a queue says more. */
static void
look_at_iommu(const struct ctl_host *host, bool has_queue, struct ctl_check *check)
{
	char text[4096], *word, *rest = text;

	ctl_host_read(host, "/proc/cmdline", text, sizeof(text));
	while ((word = strsep(&rest, " \n")) != NULL)
		if (strncmp(word, "intel_iommu=", 12) == 0) {
			ctl_check_found(check, "%s", word);
			if (strstr(word, "sm_on") != NULL)
				return;
		}
	if (check->value[0] == '\0')
		ctl_check_found(check, "no intel_iommu= on the command line");
	if (has_queue)
		return;
	ctl_check_blame(check, CTL_NOTE,
	    "most kernels share addresses with devices only when they are asked to",
	    "boot Linux with intel_iommu=on,sm_on");
}

static void
look_at_flags(const struct ctl_host *host, struct ctl_check *check)
{
	static const char *const names[] = { "movdir64b", "enqcmd", "waitpkg" };
	char text[64] = "";
	int len = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ctl_host_mentions(host, "/proc/cpuinfo", names[i]))
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s",
			    len > 0 ? " " : "", names[i]);
	ctl_check_found(check, "%s", text[0] != '\0' ? text : "none");
	if (strstr(text, "movdir64b") == NULL || strstr(text, "enqcmd") == NULL)
		ctl_check_blame(
		    check, CTL_NOTE, "descriptors go by write(2) to some kinds of queues", "");
}

static void
look_at_tool(const struct ctl_host *host, struct ctl_check *check)
{
	const bool is_there = ctl_host_has(host, "/usr/bin/accel-config") ||
			      ctl_host_has(host, "/usr/sbin/accel-config") ||
			      ctl_host_has(host, "/usr/local/bin/accel-config");

	ctl_check_found(check, is_there ? "installed" : "not installed");
	if (!is_there)
		ctl_check_blame(check, CTL_NOTE,
		    "dmoverd does not need it; the commands below that configure queues do",
		    "apt-get install accel-config");
}

void
ctl_examine_dsa(
    const struct ctl_host *host, const struct ctl_queue_counts *counts, struct ctl_checks *checks)
{
	unsigned ndevices = look_at_bus(host, checks);
	struct ctl_check *check;

	if (ndevices == 0) {
		check = ctl_checks_add(checks, CTL_DSA, "dsa.device", "device on the PCI bus");
		ctl_check_found(check, "none");
		ctl_check_blame(check, CTL_NOTE,
		    counts->all == 0
			? "no such hardware, or it is off in the BIOS: other engines do its work"
			: "the queues below are of a device that is not on the bus here",
		    "");
		if (counts->all == 0)
			return;
	}
	look_at_iommu(host, counts->usable > 0,
	    ctl_checks_add(checks, CTL_DSA, "dsa.iommu", "scalable mode of the IOMMU"));
	look_at_flags(
	    host, ctl_checks_add(checks, CTL_DSA, "dsa.instructions", "instructions for portals"));
	look_at_tool(host, ctl_checks_add(checks, CTL_DSA, "dsa.tool", "accel-config"));
}
