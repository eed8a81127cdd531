/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: the command line of dmoverctl. */
#include "tools/dmoverctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

const char ctl_help[] =
    "usage: dmoverctl doctor [options]\n"
    "Tells what dmoverd needs here, what is missing, and the commands that mend it: front ends,\n"
    "the memory of callers, io_uring, limits, and each work queue of Intel DSA devices.\n"
    "\n"
    "  --json             for programs\n"
    "  --all              every condition of every queue, also of those nobody configured\n"
    "  --dsa-sysfs=DIR    where the queues' attributes are (/sys/bus/dsa/devices)\n"
    "  --dsa-dev=DIR      where the queues' nodes are (/dev/dsa)\n"
    "  --root=DIR         look at /dev, /etc, /lib, /proc, /sys and /usr below DIR\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 dmoverd can work here; 1 it cannot; 2 bad options.\n"
    "Example: sudo dmoverctl doctor\n";

enum option_id { OPT_JSON = 256, OPT_ALL, OPT_SYSFS, OPT_DEV, OPT_ROOT, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "dsa-sysfs", required_argument, NULL, OPT_SYSFS },
	{ "dsa-dev", required_argument, NULL, OPT_DEV },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool
take(struct ctl_options *options, int id)
{
	switch (id) {
	case OPT_JSON:
		options->is_json = true;
		return true;
	case OPT_ALL:
		options->is_all = true;
		return true;
	case OPT_SYSFS:
		options->dsa_sysfs = optarg;
		return optarg[0] != '\0';
	case OPT_DEV:
		options->dsa_dev = optarg;
		return optarg[0] != '\0';
	case OPT_ROOT:
		options->root = optarg;
		return true;
	case OPT_VERSION:
		options->action = CTL_SHOW_VERSION;
		return true;
	case OPT_HELP:
		options->action = CTL_SHOW_HELP;
		return true;
	default:
		return false;
	}
}

int
ctl_options_parse(struct ctl_options *ret, int argc, char *const *argv, char *why, size_t len)
{
	int id;

	*ret = (struct ctl_options){ .action = CTL_DOCTOR, .root = "" };
	optind = 0;
	opterr = 0;
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take(ret, id)) {
			snprintf(why, len, "%s: not understood", argv[optind - 1]);
			return -EINVAL;
		}
	if (ret->action != CTL_DOCTOR)
		return 0;
	if (optind == argc) {
		snprintf(why, len, "no command");
		return -EINVAL;
	}
	if (strcmp(argv[optind], "doctor") != 0 || optind + 1 != argc) {
		snprintf(why, len, "%s: not understood",
		    argv[strcmp(argv[optind], "doctor") == 0 ? optind + 1 : optind]);
		return -EINVAL;
	}
	return 0;
}
