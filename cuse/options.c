/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: the command line of dmoverd. */
#include "cuse/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
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
    "  --engine=auto|NAME[:ARGS]  use this engine for all that it can do (auto)\n"
    "  --list-engines           print the engines with their measured speeds, and exit\n"
    "  --workers=N              threads that move large requests (number of processors)\n"
    "  --hold-limit=SIZE        a write that moves no more is executed at once (256K)\n"
    "  --queue-depth=N          requests of a session not yet read (1024)\n"
    "  --max-sessions=N         sessions open at once (16384)\n"
    "  --max-sessions-per-uid=N   of one user (12288)\n"
    "  --stage-limit=SIZE       daemon memory for callers' bytes and descriptors (64M)\n"
    "  --uid-threads=N          threads inside one user's memory at once (workers + 1)\n"
    "  --log-level=error|warning|info|debug   (warning)\n"
    "  --version, --help\n"
    "\n"
    "SIZE takes K, M or G.  Example:\n"
    "  dmoverd --foreground --front=fuse --path=/tmp/dmoverio --log-level=info\n";

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
	OPT_VERSION,
	OPT_LOG_LEVEL,
	OPT_HELP,
	OPT_MAX_SESSIONS,
	OPT_MAX_SESSIONS_PER_UID,
	OPT_STAGE_LIMIT,
	OPT_UID_THREADS,
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
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "max-sessions", required_argument, NULL, OPT_MAX_SESSIONS },
	{ "max-sessions-per-uid", required_argument, NULL, OPT_MAX_SESSIONS_PER_UID },
	{ "stage-limit", required_argument, NULL, OPT_STAGE_LIMIT },
	{ "uid-threads", required_argument, NULL, OPT_UID_THREADS },
	{ NULL, 0, NULL, 0 },
};

/* A whole number in [min, max], in BASE; with K, M or G behind it when HAS_UNIT. */
static int
parse_number(const char *text, int base, bool has_unit, unsigned long long min,
    unsigned long long max, unsigned long long *ret)
{
	static const char units[] = "KMG";
	unsigned long long n;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, base);
	if (errno != 0 || end == text)
		return -EINVAL;
	if (has_unit && *end != '\0' && strchr(units, *end) != NULL) {
		unsigned shift = 10 * (unsigned)(strchr(units, *end) - units + 1);

		if (n > ULLONG_MAX >> shift)
			return -EINVAL;
		n <<= shift;
		end++;
	}
	if (*end != '\0' || n < min || n > max)
		return -EINVAL;
	*ret = n;
	return 0;
}

/* The place of TEXT in NAMES, which NULL ends. */
static int
parse_choice(const char *text, const char *const *names, int *ret)
{
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int
set_size(const char *arg, unsigned long long min, unsigned long long max, size_t *ret)
{
	unsigned long long n;
	int err = parse_number(arg, 10, true, min, max, &n);

	if (err == 0)
		*ret = (size_t)n;
	return err;
}

static int
set_count(const char *arg, unsigned max, unsigned *ret)
{
	unsigned long long n;
	int err = parse_number(arg, 10, false, 1, max, &n);

	if (err == 0)
		*ret = (unsigned)n;
	return err;
}

static int
set_limit(struct dmover_core_options *core, int id, const char *arg)
{
	switch (id) {
	case OPT_WORKERS:
		return set_count(arg, 256, &core->workers);
	case OPT_QUEUE_DEPTH:
		return set_count(arg, 65536, &core->queue_depth);
	case OPT_MAX_SESSIONS:
		return set_count(arg, 1u << 20, &core->max_sessions);
	case OPT_MAX_SESSIONS_PER_UID:
		return set_count(arg, 1u << 20, &core->max_sessions_per_uid);
	case OPT_UID_THREADS:
		return set_count(arg, 256, &core->uid_threads);
	case OPT_HOLD_LIMIT:
		return set_size(arg, 0, DMOVER_HOLD_MAX, &core->hold_limit);
	case OPT_STAGE_LIMIT:
		return set_size(arg, 8u << 20, 1ull << 40, &core->stage_limit);
	default:
		return -EINVAL;
	}
}

static int
set_option(struct dmio_options *options, int id, const char *arg)
{
	static const char *const fronts[] = { "auto", "cuse", "fuse", NULL };
	static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
	unsigned long long mode;
	int choice, err;

	switch (id) {
	case OPT_FRONT:
		err = parse_choice(arg, fronts, &choice);
		options->front = err == 0 ? (enum dmio_front_choice)choice : options->front;
		return err;
	case OPT_LOG_LEVEL:
		err = parse_choice(arg, levels, &choice);
		options->log_level = err == 0 ? (enum dmio_log_level)choice : options->log_level;
		return err;
	case OPT_MODE:
		err = parse_number(arg, 8, false, 0, 0777, &mode);
		options->mode = err == 0 ? (mode_t)mode : options->mode;
		return err;
	case OPT_PATH:
		options->path = arg;
		return arg[0] == '/' && arg[strlen(arg) - 1] != '/' ? 0 : -EINVAL;
	case OPT_ENGINE:
		options->core.engine = arg;
		return 0;
	default:
		return set_limit(&options->core, id, arg);
	}
}

int
dmio_options_parse(struct dmio_options *options, int argc, char **argv, char *why, size_t len)
{
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
		else if (id == OPT_FOREGROUND)
			options->is_foreground = true;
		else if (set_option(options, id, optarg) < 0) {
			snprintf(why, len, "--%s=%s: bad value", long_options[at].name, optarg);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		snprintf(why, len, "%s: options only", argv[optind]);
		return -EINVAL;
	}
	return 0;
}
