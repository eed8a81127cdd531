/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: the command line of dmoverd. */
#include "cuse/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char dmio_help[] =
    "usage: dmoverd [options]\n"
    "Serves /dev/dmoverio, NetBSD's hardware-assisted data mover interface.\n"
    "\n"
    "  --front=auto|cuse|fuse   character device, or a file mounted over the path (auto)\n"
    "  --path=PATH              where callers open it (/dev/dmoverio)\n"
    "  --mode=MODE              its permissions, octal (0666)\n"
    "  --foreground             stay in the foreground\n"
    "  --engine=auto|cycle|NAME[:ARGS]  use this one, or all in turn (auto: the best)\n"
    "  --calibration=FILE       measured speeds; written when it is missing\n"
    "  --list-engines [--json]  print the engines with their measured speeds, and exit\n"
    "  --doctor [--json]        print what works on this machine, what not, and the cure\n"
    "  --dsa-sysfs=DIR, --dsa-dev=DIR   where Intel DSA work queues are found\n"
    "  --workers=N              threads that move large requests (number of processors)\n"
    "  --hold-limit=SIZE        a write that moves no more is executed at once (256K)\n"
    "  --queue-depth=N          requests of a session not yet read (1024)\n"
    "  --max-sessions=N         sessions open at once (16384)\n"
    "  --max-sessions-per-uid=N   of one user (12288)\n"
    "  --stage-limit=SIZE       daemon memory for callers' bytes and descriptors (64M)\n"
    "  --uid-threads=N          threads inside one user's memory at once (workers + 1)\n"
    "  --posted=auto|handle     ways to the memory of callers who were answered (auto)\n"
    "  --log-level=error|warning|info|debug   (warning)\n"
    "  --version, --help\n"
    "\n"
    "SIZE takes K, M or G.  Try: dmoverd --foreground --front=fuse --path=/tmp/dmoverio\n";

enum option_id {
	OPT_FRONT = 256,
	OPT_PATH,
	OPT_MODE,
	OPT_FOREGROUND,
	OPT_ENGINE,
	OPT_WORKERS,
	OPT_HOLD_LIMIT,
	OPT_QUEUE_DEPTH,
	OPT_LIST_ENGINES,
	OPT_CALIBRATION,
	OPT_JSON,
	OPT_VERSION,
	OPT_LOG_LEVEL,
	OPT_HELP,
	OPT_MAX_SESSIONS,
	OPT_MAX_SESSIONS_PER_UID,
	OPT_STAGE_LIMIT,
	OPT_UID_THREADS,
	OPT_POSTED,
	OPT_DOCTOR,
	OPT_DSA_SYSFS,
	OPT_DSA_DEV,
};

static const struct option long_options[] = {
	{ "front", required_argument, NULL, OPT_FRONT },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "foreground", no_argument, NULL, OPT_FOREGROUND },
	{ "engine", required_argument, NULL, OPT_ENGINE },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "hold-limit", required_argument, NULL, OPT_HOLD_LIMIT },
	{ "queue-depth", required_argument, NULL, OPT_QUEUE_DEPTH },
	{ "list-engines", no_argument, NULL, OPT_LIST_ENGINES },
	{ "calibration", required_argument, NULL, OPT_CALIBRATION },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "max-sessions", required_argument, NULL, OPT_MAX_SESSIONS },
	{ "max-sessions-per-uid", required_argument, NULL, OPT_MAX_SESSIONS_PER_UID },
	{ "stage-limit", required_argument, NULL, OPT_STAGE_LIMIT },
	{ "uid-threads", required_argument, NULL, OPT_UID_THREADS },
	{ "posted", required_argument, NULL, OPT_POSTED },
	{ "doctor", no_argument, NULL, OPT_DOCTOR },
	{ "dsa-sysfs", required_argument, NULL, OPT_DSA_SYSFS },
	{ "dsa-dev", required_argument, NULL, OPT_DSA_DEV },
	{ NULL, 0, NULL, 0 },
};

/* An option that takes a number, and where it goes. */
struct number {
	int id;
	bool is_size; /* with K, M or G behind it, into a size_t; else into an unsigned */
	unsigned long long min, max;
	size_t offset; /* in struct dmover_core_options */
};

#define COUNT(id, member, max)                                                                     \
	{                                                                                          \
		id, false, 1, max, offsetof(struct dmover_core_options, member)                    \
	}
#define SIZE(id, member, min, max)                                                                 \
	{                                                                                          \
		id, true, min, max, offsetof(struct dmover_core_options, member)                   \
	}

static const struct number numbers[] = {
	COUNT(OPT_WORKERS, workers, 256),
	COUNT(OPT_QUEUE_DEPTH, queue_depth, 65536),
	COUNT(OPT_MAX_SESSIONS, max_sessions, 1u << 20),
	COUNT(OPT_MAX_SESSIONS_PER_UID, max_sessions_per_uid, 1u << 20),
	COUNT(OPT_UID_THREADS, uid_threads, 256),
	SIZE(OPT_HOLD_LIMIT, hold_limit, 0, DMOVER_HOLD_MAX),
	SIZE(OPT_STAGE_LIMIT, stage_limit, 8u << 20, 1ull << 40),
};

/*
 * A whole number in BASE; with K, M or G behind it when HAS_UNIT.  -EINVAL: it is none; -ERANGE: it
 * is larger than any number here.
 */
static int
parse_number(const char *text, int base, bool has_unit, unsigned long long *ret)
{
	static const char units[] = "KMG";
	unsigned long long n;
	unsigned shift = 0;
	bool is_huge;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, base);
	is_huge = errno == ERANGE;
	if (end == text)
		return -EINVAL;
	if (has_unit && *end != '\0' && strchr(units, toupper((unsigned char)*end)) != NULL)
		shift = 10 * (unsigned)(strchr(units, *end++) - units + 1);
	if (*end != '\0')
		return -EINVAL;
	if (is_huge || n > ULLONG_MAX >> shift)
		return -ERANGE;
	*ret = n << shift;
	return 0;
}

/* A bound as a person would write it: with the largest unit that leaves a whole number. */
static void
format_bound(const struct number *number, unsigned long long n, char *text, size_t len)
{
	static const char units[] = "\0KMG";
	unsigned unit = 0;

	while (number->is_size && unit < 3 && n >= 1024 && n % 1024 == 0) {
		n /= 1024;
		unit++;
	}
	snprintf(text, len, "%llu%.1s", n, &units[unit]);
}

/* WHY gets the bound that was passed, if one was. */
static int
set_number(struct dmover_core_options *core, const struct number *number, const char *arg,
    char *why, size_t len)
{
	unsigned long long n = 0;
	int err = parse_number(arg, 10, number->is_size, &n);
	bool is_above = err == -ERANGE || n > number->max;
	char bound[32];

	if (err == -EINVAL)
		return err;
	if (is_above || n < number->min) {
		format_bound(number, is_above ? number->max : number->min, bound, sizeof(bound));
		snprintf(why, len, " (at %s %s)", is_above ? "most" : "least", bound);
		return -EINVAL;
	}
	if (number->is_size)
		*(size_t *)((char *)core + number->offset) = (size_t)n;
	else
		*(unsigned *)((char *)core + number->offset) = (unsigned)n;
	return 0;
}

/* The place of TEXT in NAMES, which NULL ends. */
static int
parse_choice(const char *text, const char *const *names, int *ret, char *why, size_t len)
{
	size_t used;

	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	used = (size_t)snprintf(why, len, " (one of:");
	for (int i = 0; names[i] != NULL && used < len; i++)
		used += (size_t)snprintf(why + used, len - used, " %s", names[i]);
	if (used < len)
		snprintf(why + used, len - used, ")");
	return -EINVAL;
}

static int
set_limit(struct dmover_core_options *core, int id, const char *arg, char *why, size_t len)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].id == id)
			return set_number(core, &numbers[i], arg, why, len);
	return -EINVAL;
}

/* The idxd engine takes both folders in one list. */
static int
set_dsa(struct dmio_options *options, int id, const char *arg, char *why, size_t len)
{
	size_t size = sizeof(options->dsa_args);
	int n;

	snprintf(why, len, " (an absolute path without a comma)");
	if (arg == NULL || arg[0] != '/' || strchr(arg, ',') != NULL)
		return -EINVAL;
	if (id == OPT_DSA_SYSFS)
		options->dsa_sysfs = arg;
	else
		options->dsa_dev = arg;
	n = snprintf(options->dsa_args, size, "idxd:%s%s%s%s%s",
	    options->dsa_sysfs != NULL ? "sysfs=" : "",
	    options->dsa_sysfs != NULL ? options->dsa_sysfs : "",
	    options->dsa_sysfs != NULL && options->dsa_dev != NULL ? "," : "",
	    options->dsa_dev != NULL ? "dev=" : "",
	    options->dsa_dev != NULL ? options->dsa_dev : "");
	options->core.engine_args = options->dsa_args;
	return n >= 0 && (size_t)n < size ? 0 : -EINVAL;
}

/* WHY gets more than that the value is bad, if there is more to say. */
static int
set_option(struct dmio_options *options, int id, const char *arg, char *why, size_t len)
{
	static const char *const fronts[] = { "auto", "cuse", "fuse", NULL };
	static const char *const ways[] = { "auto", "handle", NULL };
	static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
	unsigned long long mode;
	int choice, err;

	switch (id) {
	case OPT_FRONT:
		err = parse_choice(arg, fronts, &choice, why, len);
		options->front = err == 0 ? (enum dmio_front_choice)choice : options->front;
		return err;
	case OPT_LOG_LEVEL:
		err = parse_choice(arg, levels, &choice, why, len);
		options->log_level = err == 0 ? (enum dmio_log_level)choice : options->log_level;
		return err;
	case OPT_POSTED:
		err = parse_choice(arg, ways, &choice, why, len);
		options->posted = err == 0 ? (enum dmio_posted_choice)choice : options->posted;
		return err;
	case OPT_MODE:
		err = parse_number(arg, 8, false, &mode);
		if (err < 0 || mode > 0777)
			return -EINVAL;
		options->mode = (mode_t)mode;
		return 0;
	case OPT_PATH:
		options->path = arg;
		if (arg[0] == '/' && arg[strlen(arg) - 1] != '/')
			return 0;
		snprintf(why, len, " (an absolute path)");
		return -EINVAL;
	case OPT_ENGINE:
		options->core.engine = arg;
		return 0;
	case OPT_CALIBRATION:
		options->core.calibration = arg;
		if (arg[0] == '/') /* the daemon leaves its folder */
			return 0;
		snprintf(why, len, " (an absolute path)");
		return -EINVAL;
	case OPT_DSA_SYSFS:
	case OPT_DSA_DEV:
		return set_dsa(options, id, arg, why, len);
	default:
		return set_limit(&options->core, id, arg, why, len);
	}
}

int
dmio_options_parse(struct dmio_options *options, int argc, char **argv, char *why, size_t len)
{
	char more[64] = "";
	int id, at = 0, before;

	*options = (struct dmio_options){
		.path = "/dev/dmoverio", .mode = 0666, .log_level = DMIO_LOG_WARNING
	};
	dmover_core_defaults(&options->core);
	optind = 1;
	opterr = 0;
	/* "+": what is no option ends the options, and nothing is put in another order. */
	while (before = optind, (id = getopt_long(argc, argv, "+", long_options, &at)) != -1) {
		if (id == '?') {
			snprintf(
			    why, len, "%s: unknown option, or its value is missing", argv[before]);
			return -EINVAL;
		}
		if (id == OPT_HELP)
			options->action = DMIO_SHOW_HELP;
		else if (id == OPT_VERSION)
			options->action = DMIO_SHOW_VERSION;
		else if (id == OPT_LIST_ENGINES)
			options->action = DMIO_LIST_ENGINES;
		else if (id == OPT_DOCTOR)
			options->action = DMIO_DOCTOR;
		else if (id == OPT_JSON)
			options->is_json = true;
		else if (id == OPT_FOREGROUND)
			options->is_foreground = true;
		else if (set_option(options, id, optarg, more, sizeof(more)) < 0) {
			snprintf(
			    why, len, "--%s=%s: bad value%s", long_options[at].name, optarg, more);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		snprintf(why, len, "%s: options only", argv[optind]);
		return -EINVAL;
	}
	if (options->is_json && options->action == DMIO_SERVE) {
		snprintf(why, len, "--json: goes with --list-engines or --doctor");
		return -EINVAL;
	}
	return 0;
}
