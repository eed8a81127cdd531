/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: the command line of dmover-run. */
#include "tools/run/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover.h>

#include "preload/path.h"

#define DEPTH_MAX 65536

const char run_help[] =
    "usage: dmover-run [options] [--] PROGRAM [ARGUMENT...]\n"
    "Runs a program with a working /dev/dmoverio, where there is none and nothing is allowed.\n"
    "\n"
    "  --path=PATH          the device's path (/dev/dmoverio)\n"
    "  --way=auto|device|preload|seccomp\n"
    "                       how the program gets it (auto: the first that works for it)\n"
    "  --seccomp            the same as --way=seccomp: static programs, Go, system calls of their "
    "own\n"
    "  --force              not a real device, even if there is one\n"
    "  --engine=SPEC        the engine, as dmoverd takes it (auto)\n"
    "  --fault=LIST         what goes wrong: only=FUNCTION, every=N, error=NAME, final,\n"
    "                       delay=TIME, reorder, corrupt, again, refuse, over=ENGINE;\n"
    "                       copy:EIO is only=copy,error=EIO,final\n"
    "  --queue-depth=N      requests of a session that are not yet read (1024)\n"
    "  --stats              prints at exit what ran where, to the standard error\n"
    "  --trace=FILE         appends a line of JSON for each request: sizes, time, result; no data\n"
    "  --library=FILE       the object to preload (the one that is installed with this program)\n"
    "  --verbose            says which way was chosen, and why\n"
    "  --version, --help\n"
    "\n"
    "Exit status: the program's; 125 when it cannot be served, 126 or 127 when it cannot be run,\n"
    "2 for bad options.\n"
    "Example: dmover-run --fault=EIO,every=100 ./test-error-paths\n";

enum option_id {
	OPT_PATH = 256,
	OPT_WAY,
	OPT_SECCOMP,
	OPT_FORCE,
	OPT_ENGINE,
	OPT_FAULT,
	OPT_QUEUE_DEPTH,
	OPT_STATS,
	OPT_TRACE,
	OPT_LIBRARY,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "path", required_argument, NULL, OPT_PATH },
	{ "way", required_argument, NULL, OPT_WAY },
	{ "seccomp", no_argument, NULL, OPT_SECCOMP },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "engine", required_argument, NULL, OPT_ENGINE },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "queue-depth", required_argument, NULL, OPT_QUEUE_DEPTH },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "library", required_argument, NULL, OPT_LIBRARY },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool
complain(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "dmover-run: --%s=%s: expected %s\n", option, value, expected);
	return false;
}

static bool
parse_way(const char *value, struct run_options *options)
{
	static const char *const names[] = { "auto", "device", "preload", "seccomp" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]) == 0) {
			options->way = (enum run_way)i;
			return true;
		}
	}
	return complain("way", value, "auto, device, preload or seccomp");
}

/* As programs' paths are compared with it: without "." and "..", and with one slash between. */
static bool
parse_path(const char *value, struct run_options *options)
{
	if (value[0] != '/' || !preload_path_normalise(value, options->path) ||
	    options->path[1] == '\0')
		return complain("path", value, "an absolute path");
	return true;
}

static bool
parse_depth(const char *value, struct run_options *options)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || n == 0 ||
	    n > DEPTH_MAX)
		return complain("queue-depth", value, "a number from 1 to 65536");
	options->queue_depth = (unsigned)n;
	return true;
}

static bool
set_engine(struct run_options *options, char *engine)
{
	if (engine != NULL && strlen(engine) >= PRELOAD_ENGINE_MAX) {
		fprintf(stderr, "dmover-run: %.32s...: longer than %d characters\n", engine,
		    PRELOAD_ENGINE_MAX - 1);
		free(engine);
		return false;
	}
	if (options->engine != NULL || engine == NULL) {
		fprintf(stderr, "dmover-run: %s\n",
		    engine == NULL ? strerror(ENOMEM)
				   : "--engine and --fault exclude each other (--fault=over=ENGINE "
				     "names the one below)");
		free(engine);
		return false;
	}
	options->engine = engine;
	return true;
}

/*
 * One word of the list is the fault engine's own; but a function alone means that only its requests
 * are meant, and a name such as EIO alone an error that programs see.
 */
static void
print_fault(FILE *out, const char *word)
{
	if (dmover_function_find(word) != NULL)
		fprintf(out, "only=%s", word);
	else if (word[0] == 'E' && strchr(word, '=') == NULL)
		fprintf(out, "error=%s,final", word);
	else
		fputs(word, out);
}

static bool
parse_fault(const char *value, struct run_options *options)
{
	char *copy = strdup(value), *list = copy, *name, *spec = NULL;
	size_t len;
	FILE *out = open_memstream(&spec, &len);

	if (copy == NULL || out == NULL) {
		free(copy);
		return set_engine(options, NULL);
	}
	fputs("fault:", out);
	while ((name = strsep(&list, ",:")) != NULL) {
		print_fault(out, name);
		fputs(list != NULL ? "," : "", out);
	}
	free(copy);
	if (fclose(out) != 0) {
		free(spec);
		spec = NULL;
	}
	return set_engine(options, spec);
}

/* The program may go to another directory. */
static bool
parse_trace(const char *value, struct run_options *options)
{
	char cwd[PATH_MAX];

	free(options->trace);
	options->trace = NULL;
	if (value[0] == '/')
		options->trace = strdup(value);
	else if (getcwd(cwd, sizeof(cwd)) == NULL ||
		 asprintf(&options->trace, "%s/%s", cwd, value) < 0)
		options->trace = NULL;
	if (options->trace == NULL) {
		fprintf(stderr, "dmover-run: --trace=%s: %s\n", value, strerror(errno));
		return false;
	}
	return strlen(options->trace) < PRELOAD_PATH_MAX ||
	       complain("trace", value, "a shorter path");
}

static bool
apply_value(int id, const char *value, struct run_options *options)
{
	switch (id) {
	case OPT_PATH:
		return parse_path(value, options);
	case OPT_WAY:
		return parse_way(value, options);
	case OPT_ENGINE:
		return set_engine(options, strdup(value));
	case OPT_FAULT:
		options->is_fault = true;
		return parse_fault(value, options);
	case OPT_QUEUE_DEPTH:
		return parse_depth(value, options);
	case OPT_TRACE:
		return parse_trace(value, options);
	case OPT_LIBRARY:
		options->library = value;
		return true;
	default:
		return false;
	}
}

static bool
apply(int id, struct run_options *options)
{
	switch (id) {
	case OPT_SECCOMP:
		options->way = RUN_SECCOMP;
		return true;
	case OPT_FORCE:
		options->is_forced = true;
		return true;
	case OPT_STATS:
		options->has_stats = true;
		return true;
	case OPT_VERBOSE:
		options->is_verbose = true;
		return true;
	default:
		return apply_value(id, optarg, options);
	}
}

/* A real device does what its own daemon was told. */
static bool
fits_device(const struct run_options *options)
{
	const char *other = run_options_need_service(options);

	if (options->way != RUN_DEVICE || other == NULL)
		return true;
	fprintf(stderr, "dmover-run: --way=device and %s exclude each other\n", other);
	return false;
}

const char *
run_options_need_service(const struct run_options *options)
{
	if (options->is_forced)
		return "--force";
	if (options->engine != NULL)
		return options->is_fault ? "--fault" : "--engine";
	if (options->queue_depth != 0)
		return "--queue-depth";
	if (options->trace != NULL)
		return "--trace";
	return options->has_stats ? "--stats" : NULL;
}

enum run_parsed
run_options_parse(int argc, char **argv, struct run_options *ret_options)
{
	int id;

	*ret_options = (struct run_options){ .path = "/dev/dmoverio" };
	/* The first word that is no option is the program; what follows is the program's. */
	while ((id = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		if (id == OPT_HELP)
			return RUN_HELP;
		if (id == OPT_VERSION)
			return RUN_VERSION;
		if (id == '?' || !apply(id, ret_options))
			return RUN_BAD;
	}
	ret_options->argv = argv + optind;
	if (!fits_device(ret_options))
		return RUN_BAD;
	if (optind < argc)
		return RUN_GO;
	fprintf(stderr, "dmover-run: no program (dmover-run --help)\n");
	return RUN_BAD;
}

void
run_options_free(struct run_options *options)
{
	free(options->engine);
	free(options->trace);
}
