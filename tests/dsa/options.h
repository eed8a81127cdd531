/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the command line of dsa-model. */
#ifndef TESTS_DSA_OPTIONS_H
#define TESTS_DSA_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/dsa/model.h"

struct options {
	struct dsa_model_options model;
	const char *dir;
	char **command;    /* NULL-terminated; NULL: none, stay in the foreground */
	const char *stats; /* file; "-": standard error; NULL: none */
	mode_t mode;
	bool is_cuse;
	bool has_help, has_version;
};

/*
 * Parses the command line; strings of it are kept.  -EINVAL: wrong usage, and WHY (LEN bytes with the
 * NUL) says what.
 */
int options_parse(int argc, char **argv, struct options *ret_options, char *why, size_t len);

/*
 * Parses a list of queues, such as "shared,dedicated:size=8", into OPTIONS.  -EINVAL as above; the list
 * is changed.
 */
int options_parse_queues(char *list, struct dsa_model_options *options, char *why, size_t len);

void options_help(FILE *out);

#endif /* TESTS_DSA_OPTIONS_H */
