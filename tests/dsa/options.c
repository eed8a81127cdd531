/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: the command line, and the list of queues. */
#include "tests/dsa/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char help[] =
    "usage: dsa-model [option ...] DIR [-- COMMAND [ARGUMENT ...]]\n"
    "\n"
    "An Intel DSA device in software, for tests: DIR/sysfs tells of it as /sys/bus/dsa/devices\n"
    "does, and DIR/dev/wqN.M are its queues' nodes, which take descriptors by write(2).\n"
    "Runs COMMAND and ends with its status; without one, runs until SIGINT or SIGTERM.\n"
    "\n"
    "  --queues=LIST     one entry for each queue: shared or dedicated, then any of\n"
    "                    :size=N :threshold=N :transfer=BYTES :batch=N :name=TEXT :bof\n"
    "                    :without=OPCODE     (default: shared:size=16)\n"
    "  --device=N        dsaN and wqN.M (0)\n"
    "  --version-of=V    DSA 1, 2 or 3 (1)\n"
    "  --no-overlap      overlapping copies are refused\n"
    "  --no-cache        the cache control flag is refused\n"
    "  --fault=SPEC      what goes wrong; see dsa-model(1)\n"
    "  --mode=OCTAL      of the nodes (0600)\n"
    "  --cuse            character devices through /dev/cuse, not files through /dev/fuse\n"
    "  --stats[=FILE]    counters at the end, or on SIGUSR1 (standard error)\n"
    "  --help, --version\n"
    "\n"
    "example: dsa-model --queues=shared,dedicated:size=8 --fault=copy:fault=4096:every=3 \\\n"
    "             /tmp/dsa -- sh -c 'ls $DSA_SYSFS_PATH $DSA_DEV_PATH'\n";

enum {
	OPT_QUEUES = 256,
	OPT_DEVICE,
	OPT_VERSION_OF,
	OPT_NO_OVERLAP,
	OPT_NO_CACHE,
	OPT_FAULT,
	OPT_MODE,
	OPT_CUSE,
	OPT_STATS,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option longs[] = {
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "version-of", required_argument, NULL, OPT_VERSION_OF },
	{ "no-overlap", no_argument, NULL, OPT_NO_OVERLAP },
	{ "no-cache", no_argument, NULL, OPT_NO_CACHE },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "cuse", no_argument, NULL, OPT_CUSE },
	{ "stats", optional_argument, NULL, OPT_STATS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

void
options_help(FILE *out)
{
	fputs(help, out);
}

static int
parse_number(const char *text, int base, unsigned long most, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, base);
	if (errno != 0 || end == text || *end != '\0' || strchr("+- \t", text[0]) != NULL ||
	    *ret > most)
		return -EINVAL;
	return 0;
}

/* A number that is not 0, for which the model has a default. */
static int
parse_limit(const char *text, unsigned long most, unsigned *ret)
{
	unsigned long number;
	int err = text != NULL ? parse_number(text, 10, most, &number) : -EINVAL;

	if (err < 0 || number == 0)
		return -EINVAL;
	*ret = (unsigned)number;
	return 0;
}

static int
parse_name(const char *text, struct dsa_queue_options *queue)
{
	if (text == NULL || text[0] == '\0' || strlen(text) >= sizeof(queue->name))
		return -EINVAL;
	memcpy(queue->name, text, strlen(text) + 1);
	return 0;
}

/* An opcode's number, which the queue then refuses. */
static int
parse_without(const char *text, struct dsa_queue_options *queue)
{
	unsigned long opcode;

	if (text == NULL || parse_number(text, 0, DSA_OP_COUNT - 1, &opcode) < 0)
		return -EINVAL;
	queue->disabled_ops |= UINT64_C(1) << opcode;
	return 0;
}

static int
parse_word(const char *word, const char *value, struct dsa_queue_options *queue)
{
	if (strcmp(word, "size") == 0)
		return parse_limit(value, DSA_SIZE_MAX, &queue->size);
	if (strcmp(word, "threshold") == 0)
		return parse_limit(value, DSA_SIZE_MAX, &queue->threshold);
	if (strcmp(word, "transfer") == 0)
		return parse_limit(value, DSA_TRANSFER_MAX, &queue->max_transfer);
	if (strcmp(word, "batch") == 0)
		return parse_limit(value, DSA_BATCH_MAX, &queue->max_batch);
	if (strcmp(word, "name") == 0)
		return parse_name(value, queue);
	if (strcmp(word, "without") == 0)
		return parse_without(value, queue);
	if (strcmp(word, "bof") != 0 || value != NULL)
		return -EINVAL;
	queue->may_block_on_fault = true;
	return 0;
}

static int
parse_queue(char *text, struct dsa_queue_options *queue, char *why, size_t len)
{
	char *word = strsep(&text, ":");

	*queue = (struct dsa_queue_options){ .size = 0 };
	if (strcmp(word, "shared") != 0 && strcmp(word, "dedicated") != 0) {
		snprintf(why, len, "--queues: %s: neither shared nor dedicated",
		    word[0] != '\0' ? word : "nothing");
		return -EINVAL;
	}
	queue->is_dedicated = word[0] == 'd';
	while ((word = strsep(&text, ":")) != NULL) {
		char *value = strchr(word, '=');

		if (value != NULL)
			*value++ = '\0';
		if (parse_word(word, value, queue) < 0) {
			snprintf(why, len, "--queues: %s%s%s: no such word, or a bad value", word,
			    value != NULL ? "=" : "", value != NULL ? value : "");
			return -EINVAL;
		}
	}
	if (queue->is_dedicated && queue->threshold != 0) {
		snprintf(why, len, "--queues: a dedicated queue has no threshold");
		return -EINVAL;
	}
	return 0;
}

int
options_parse_queues(char *list, struct dsa_model_options *options, char *why, size_t len)
{
	char *text;

	options->nqueues = 0;
	while ((text = strsep(&list, ",")) != NULL) {
		int err;

		if (options->nqueues == DSA_QUEUES_MAX) {
			snprintf(why, len, "--queues: %u at most", DSA_QUEUES_MAX);
			return -EINVAL;
		}
		err = parse_queue(text, &options->queues[options->nqueues], why, len);
		if (err < 0)
			return err;
		options->nqueues++;
	}
	return 0;
}

/* An option with a number; the model itself looks at the rest. */
static int
parse_numeric(int option, const char *text, struct options *options)
{
	unsigned long number;

	if (parse_number(text, option == OPT_MODE ? 8 : 10, 0777, &number) < 0)
		return -EINVAL;
	if (option == OPT_MODE)
		options->mode = (mode_t)number;
	else if (option == OPT_DEVICE)
		options->model.number = (unsigned)number;
	else if (number < 1 || number > 3)
		return -EINVAL;
	else
		options->model.version = (enum dsa_version)(number << 8);
	return 0;
}

static int
parse_option(int option, struct options *options, char *why, size_t len)
{
	switch (option) {
	case OPT_QUEUES:
		return options_parse_queues(optarg, &options->model, why, len);
	case OPT_DEVICE:
	case OPT_VERSION_OF:
	case OPT_MODE:
		if (parse_numeric(option, optarg, options) == 0)
			return 0;
		snprintf(why, len, "--%s=%s: not a number that it can be",
		    longs[option - OPT_QUEUES].name, optarg);
		return -EINVAL;
	case OPT_NO_OVERLAP:
		options->model.no_overlap = true;
		return 0;
	case OPT_NO_CACHE:
		options->model.no_cache_control = true;
		return 0;
	case OPT_FAULT:
		options->model.knobs = optarg;
		if (optarg[0] != '\0')
			return 0;
		snprintf(why, len, "--fault: nothing");
		return -EINVAL;
	case OPT_CUSE:
		options->is_cuse = true;
		return 0;
	case OPT_STATS:
		options->stats = optarg != NULL ? optarg : "-";
		return 0;
	case OPT_HELP:
		options->has_help = true;
		return 0;
	default:
		options->has_version = true;
		return 0;
	}
}

int
options_parse(int argc, char **argv, struct options *ret_options, char *why, size_t len)
{
	struct options options = { .dir = NULL };
	int option, err = 0;

	opterr = 0;
	while (err == 0 && (option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		if (option == '?' || option == ':') {
			snprintf(why, len, "%s: %s", argv[optind - 1],
			    option == '?' ? "no such option" : "needs a value");
			return -EINVAL;
		}
		err = parse_option(option, &options, why, len);
	}
	if (err < 0)
		return err;
	if (!options.has_help && !options.has_version) {
		if (optind == argc) {
			snprintf(why, len, "no DIR");
			return -EINVAL;
		}
		options.dir = argv[optind++];
		if (optind < argc && strcmp(argv[optind], "--") == 0)
			optind++;
		if (optind < argc)
			options.command = argv + optind;
	}
	*ret_options = options;
	return 0;
}
