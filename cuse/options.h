/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the command line of dmoverd. */
#ifndef CUSE_OPTIONS_H
#define CUSE_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/core.h"
#include "cuse/log.h"
#include "cuse/ways.h"

enum dmio_front_choice { DMIO_FRONT_AUTO, DMIO_FRONT_CUSE, DMIO_FRONT_FUSE };

enum dmio_action {
	DMIO_SERVE,
	DMIO_LIST_ENGINES,
	DMIO_DOCTOR,
	DMIO_SHOW_VERSION,
	DMIO_SHOW_HELP,
};

struct dmio_options {
	enum dmio_action action;
	enum dmio_front_choice front;
	const char *path; /* where callers open the device */
	mode_t mode;      /* of the node or file */
	bool is_foreground;
	bool is_json; /* with DMIO_LIST_ENGINES and DMIO_DOCTOR */
	enum dmio_posted_choice posted;
	enum dmio_log_level log_level;
	const char *dsa_sysfs, *dsa_dev; /* NULL: the system's */
	char dsa_args[512];              /* of both; ->core.engine_args points here */
	struct dmover_core_options core;
};

/* Not to be copied.  -EINVAL: WHY tells what is wrong with the command line.  Strings stay argv's. */
int dmio_options_parse(struct dmio_options *options, int argc, char **argv, char *why, size_t len);

/* The text of --help. */
extern const char dmio_help[];

#endif /* CUSE_OPTIONS_H */
