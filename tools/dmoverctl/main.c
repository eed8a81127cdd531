/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: dmoverctl, the administrator's tool of dmoverd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/dmoverctl/diagnosis.h"
#include "tools/dmoverctl/options.h"

#define EXIT_BAD   1
#define EXIT_USAGE 2

/* Colours are for a terminal that knows them, and whose user does not mind. */
static bool
likes_colours(void)
{
	const char *term = getenv("TERM"), *never = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0 &&
	       (never == NULL || never[0] == '\0');
}

/* What was printed must have got there. */
static int
flush_output(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return 0;
	perror("dmoverctl: standard output");
	return -EIO;
}

static int
run_doctor(const struct ctl_options *options)
{
	const struct ctl_host host = { .root = options->root };
	char sysfs[CTL_PATH_SIZE], dev[CTL_PATH_SIZE];
	const struct queues_roots roots = {
		.sysfs = options->dsa_sysfs != NULL ? options->dsa_sysfs
						    : ctl_host_path(&host, QUEUES_SYSFS, sysfs),
		.dev = options->dsa_dev != NULL ? options->dsa_dev
						: ctl_host_path(&host, QUEUES_DEV, dev),
		.is_image = options->root[0] != '\0',
	};
	const struct ctl_report_style style = {
		.is_all = options->is_all,
		.is_coloured = likes_colours(),
	};
	struct ctl_diagnosis diagnosis;
	int status = EXIT_BAD;

	if (ctl_diagnosis_init(&diagnosis, &host, &roots) < 0) {
		fprintf(stderr, "dmoverctl: no memory\n");
		return EXIT_BAD;
	}
	if (options->is_json)
		ctl_json_write(&diagnosis, stdout);
	else
		ctl_report_write(&diagnosis, &style, stdout);
	if (ctl_diagnosis_is_good(&diagnosis))
		status = 0;
	ctl_diagnosis_fini(&diagnosis);
	return flush_output() < 0 ? EXIT_BAD : status;
}

int
main(int argc, char **argv)
{
	struct ctl_options options;
	char why[256];

	if (ctl_options_parse(&options, argc, argv, why, sizeof(why)) < 0) {
		fprintf(stderr, "dmoverctl: %s (--help shows them)\n", why);
		return EXIT_USAGE;
	}
	switch (options.action) {
	case CTL_SHOW_HELP:
		fputs(ctl_help, stdout);
		return flush_output() < 0 ? EXIT_BAD : 0;
	case CTL_SHOW_VERSION:
		printf("dmoverctl %s\n", DMOVER_VERSION);
		return flush_output() < 0 ? EXIT_BAD : 0;
	case CTL_DOCTOR:
		break;
	}
	return run_doctor(&options);
}
