/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: the command line of dmover-bench. */
#include "tools/bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bench/inside.h"

#define MEMORY_MAX (SIZE_MAX / 4) /* of --memory: sums of it do not overflow */

const char bench_help[] =
    "usage: dmover-bench [options]\n"
    "Measures dmoverd and its engines as ratios to what must be paid at least, in one run.\n"
    "\n"
    "  --quick                less of all, in half a minute     --list    what would run\n"
    "  --bars                 the rows that the project promises, each with its bar\n"
    "  --direct, --device     only engines without the device, only the device\n"
    "  --functions=LIST  --sizes=LIST  --iovecs=LIST  --batch=LIST  --depth=LIST\n"
    "  --sessions=LIST  --align=LIST  --footprint=hot,cold  --pages=4K,2M\n"
    "                         what to vary: every combination is measured\n"
    "  --engines=LIST         auto and names, as dmoverd takes them (all that work here)\n"
    "  --path=PATH            a running daemon's path, instead of daemons of our own\n"
    "  --daemon-pid=PID       its process, for its processor time\n"
    "  --dmoverd=PATH         the daemon to start (the one beside this program, or in PATH)\n"
    "  --threads=N            workers of the daemons, threads of the floor (processors)\n"
    "  --rounds=N  --seconds=S   rounds in turn, and seconds in all, for each engine\n"
    "  --memory=SIZE          buffers at most (a quarter of what is free)\n"
    "  --verify               check every byte that was moved\n"
    "  --round-trip=thread|process   who serves the bare FUSE file of the floor (thread)\n"
    "  --json[=FILE]  --csv[=FILE]  --report=FILE.html   results for programs, and as plots\n"
    "  --compare=OLD.json [NEW.json]   1 when a ratio fell by more than 10 per cent\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 good; 1 below a bar, fallen, wrong bytes, or not measured; 2 bad options.\n"
    "Example: dmover-bench --device --functions=copy --sizes=4K,64K --batch=1,64 --report=x.html\n";

enum option_id {
	OPT_AXIS = 256, /* and the axis */
	OPT_QUICK = OPT_AXIS + BENCH_NAXES,
	OPT_BARS,
	OPT_LIST,
	OPT_DIRECT,
	OPT_DEVICE,
	OPT_ENGINES,
	OPT_PATH,
	OPT_DAEMON_PID,
	OPT_DMOVERD,
	OPT_THREADS,
	OPT_ROUNDS,
	OPT_SECONDS,
	OPT_MEMORY,
	OPT_VERIFY,
	OPT_ROUND_TRIP,
	OPT_JSON,
	OPT_CSV,
	OPT_REPORT,
	OPT_COMPARE,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "functions", required_argument, NULL, OPT_AXIS + BENCH_FUNCTION },
	{ "sizes", required_argument, NULL, OPT_AXIS + BENCH_SIZE },
	{ "iovecs", required_argument, NULL, OPT_AXIS + BENCH_IOVECS },
	{ "batch", required_argument, NULL, OPT_AXIS + BENCH_BATCH },
	{ "depth", required_argument, NULL, OPT_AXIS + BENCH_DEPTH },
	{ "sessions", required_argument, NULL, OPT_AXIS + BENCH_SESSIONS },
	{ "align", required_argument, NULL, OPT_AXIS + BENCH_ALIGN },
	{ "footprint", required_argument, NULL, OPT_AXIS + BENCH_FOOTPRINT },
	{ "pages", required_argument, NULL, OPT_AXIS + BENCH_PAGES },
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "bars", no_argument, NULL, OPT_BARS },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "direct", no_argument, NULL, OPT_DIRECT },
	{ "device", no_argument, NULL, OPT_DEVICE },
	{ "engines", required_argument, NULL, OPT_ENGINES },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "daemon-pid", required_argument, NULL, OPT_DAEMON_PID },
	{ "dmoverd", required_argument, NULL, OPT_DMOVERD },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ "round-trip", required_argument, NULL, OPT_ROUND_TRIP },
	{ "json", optional_argument, NULL, OPT_JSON },
	{ "csv", optional_argument, NULL, OPT_CSV },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "compare", required_argument, NULL, OPT_COMPARE },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* The next word of a list with commas; NULL at the end, or when it does not fit. */
static const char *
next_word(const char *list, char *word, size_t len)
{
	size_t n = strcspn(list, ",");

	if (n == 0 || n >= len)
		return NULL;
	memcpy(word, list, n);
	word[n] = '\0';
	return list + n;
}

int
bench_values_parse(
    struct bench_values *values, enum bench_axis axis, const char *list, char *why, size_t len)
{
	char word[64];

	values->n = 0;
	if (axis == BENCH_FUNCTION && strcmp(list, "all") == 0) {
		for (; values->n < BENCH_VALUES_MAX && dmover_function_at(values->n) != NULL;
		     values->n++)
			values->value[values->n] = values->n;
		return 0;
	}
	for (;;) {
		const char *rest = next_word(list, word, sizeof(word));

		if (rest == NULL || values->n == BENCH_VALUES_MAX ||
		    bench_axis_parse(axis, word, &values->value[values->n]) < 0) {
			snprintf(why, len, "%s: no such %s", rest != NULL ? word : list,
			    bench_axis_name(axis));
			return -EINVAL;
		}
		values->n++;
		if (*rest == '\0')
			return 0;
		list = rest + 1;
	}
}

/* "fault:every=2,corrupt" has a comma too: what is no engine's name goes on with the arguments. */
static int
add_engine(struct bench_options *options, const char *word)
{
	const size_t size = sizeof(options->engines[0]);
	char *last = options->nengines > 0 ? options->engines[options->nengines - 1] : NULL;

	if (strcmp(word, "auto") != 0 && bench_engine_find(word) == NULL) {
		if (last == NULL || strchr(last, ':') == NULL ||
		    strlen(last) + strlen(word) + 2 > size)
			return -EINVAL;
		last += strlen(last);
		*last++ = ',';
		memcpy(last, word, strlen(word) + 1);
		return 0;
	}
	if (options->nengines == BENCH_ENGINES_MAX)
		return -EINVAL;
	snprintf(options->engines[options->nengines++], size, "%s", word);
	return 0;
}

static int
parse_engines(struct bench_options *options, const char *list)
{
	char word[sizeof(options->engines[0])];

	options->nengines = 0;
	for (;;) {
		list = next_word(list, word, sizeof(word));
		if (list == NULL || add_engine(options, word) < 0)
			return -EINVAL;
		if (*list == '\0')
			return 0;
		list++;
	}
}

static int
parse_count(const char *text, unsigned long max, unsigned *ret)
{
	unsigned long n;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < 1 || n > max)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

static int
parse_seconds(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && *end == '\0' && *ret > 0 && *ret <= 3600 ? 0 : -EINVAL;
}

static int
set_number(struct bench_options *options, int id, const char *arg)
{
	unsigned n = 0;
	uint64_t size;
	int err;

	switch (id) {
	case OPT_THREADS:
		return parse_count(arg, 64, &options->threads);
	case OPT_ROUNDS:
		return parse_count(arg, 500, &options->rounds);
	case OPT_SECONDS:
		return parse_seconds(arg, &options->seconds);
	case OPT_DAEMON_PID:
		err = parse_count(arg, 1ul << 22, &n);
		options->daemon_pid = (pid_t)n;
		return err;
	case OPT_MEMORY:
		err = bench_size_parse(arg, MEMORY_MAX, &size);
		options->memory = err == 0 ? (size_t)size : 0;
		return err;
	default:
		return -EINVAL;
	}
}

static int
set_text(struct bench_options *options, int id, const char *arg)
{
	switch (id) {
	case OPT_PATH:
		options->path = arg;
		return 0;
	case OPT_DMOVERD:
		options->dmoverd = arg;
		return 0;
	case OPT_JSON:
		options->json = arg != NULL ? arg : "-";
		return 0;
	case OPT_CSV:
		options->csv = arg != NULL ? arg : "-";
		return 0;
	case OPT_REPORT:
		options->report = arg;
		return 0;
	case OPT_COMPARE:
		options->compare = arg;
		return 0;
	case OPT_ROUND_TRIP:
		options->is_served_apart = strcmp(arg, "process") == 0;
		return options->is_served_apart || strcmp(arg, "thread") == 0 ? 0 : -EINVAL;
	case OPT_ENGINES:
		return parse_engines(options, arg);
	default:
		return set_number(options, id, arg);
	}
}

/* Options without a value; false when ID is none of them. */
static bool
set_flag(struct bench_options *options, int id)
{
	switch (id) {
	case OPT_QUICK:
		options->is_quick = true;
		return true;
	case OPT_DIRECT:
		options->is_direct = true;
		return true;
	case OPT_DEVICE:
		options->is_device = true;
		return true;
	case OPT_VERIFY:
		options->is_verifying = true;
		return true;
	case OPT_BARS:
		options->action = BENCH_BARS;
		return true;
	case OPT_LIST:
		options->action = BENCH_LIST;
		return true;
	case OPT_VERSION:
		options->action = BENCH_VERSION;
		return true;
	case OPT_HELP:
		options->action = BENCH_HELP;
		return true;
	default:
		return false;
	}
}

/* What fits together, and the operand. */
static int
finish(struct bench_options *options, int argc, char **argv, char *why, size_t len)
{
	if (optind < argc && options->compare != NULL)
		options->compare_with = argv[optind++];
	if (optind < argc) {
		snprintf(why, len, "%s: options only", argv[optind]);
		return -EINVAL;
	}
	if (options->is_direct && options->is_device) {
		snprintf(why, len, "--direct and --device: one of them");
		return -EINVAL;
	}
	if (options->action == BENCH_BARS && options->compare != NULL) {
		snprintf(
		    why, len, "--bars and --compare: the bars are what bars are compared with");
		return -EINVAL;
	}
	if (options->json != NULL && options->csv != NULL && strcmp(options->json, "-") == 0 &&
	    strcmp(options->csv, "-") == 0) {
		snprintf(why, len, "--json and --csv: one of them to a file");
		return -EINVAL;
	}
	return 0;
}

/* Bytes that can be had without taking them from anybody: caches give theirs back. */
static size_t
free_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t kib = 0;
	char line[128];

	while (file != NULL && kib == 0 && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "MemAvailable: %zu kB", &kib) != 1)
			kib = 0;
	if (file != NULL)
		fclose(file);
	if (kib > 0)
		return kib << 10;
	return (size_t)sysconf(_SC_AVPHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

static void
set_defaults(struct bench_options *options)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct bench_options){ .threads = cpus > 0 ? (unsigned)cpus : 1 };
	if (options->threads > 64)
		options->threads = 64;
	options->memory = free_memory() / 4;
}

int
bench_options_parse(struct bench_options *options, int argc, char **argv, char *why, size_t len)
{
	int id, at = 0, err, before;

	set_defaults(options);
	optind = 1;
	opterr = 0;
	while (before = optind, (id = getopt_long(argc, argv, "+", long_options, &at)) != -1) {
		if (id == '?') {
			snprintf(why, len, "%s: unknown option, or a value too many or few",
			    argv[before]);
			return -EINVAL;
		}
		if (set_flag(options, id))
			continue;
		if (id >= OPT_AXIS && id < OPT_AXIS + BENCH_NAXES) {
			err = bench_values_parse(&options->axes[id - OPT_AXIS],
			    (enum bench_axis)(id - OPT_AXIS), optarg, why, len);
			if (err < 0)
				return err;
		} else if (set_text(options, id, optarg) < 0) {
			snprintf(why, len, "--%s=%s: bad value", long_options[at].name,
			    optarg != NULL ? optarg : "");
			return -EINVAL;
		}
	}
	return finish(options, argc, argv, why, len);
}
