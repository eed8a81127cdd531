/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the command line of dmoverctl. */
#ifndef TOOLS_DMOVERCTL_OPTIONS_H
#define TOOLS_DMOVERCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum ctl_action { CTL_SHOW_HELP, CTL_SHOW_VERSION, CTL_DOCTOR };

/* Strings are the command line's. */
struct ctl_options {
	enum ctl_action action;
	bool is_json;
	bool is_all;
	const char *root;      /* "": this machine */
	const char *dsa_sysfs; /* NULL: below the root */
	const char *dsa_dev;   /* NULL: below the root */
};

extern const char ctl_help[];

/* 0; or -EINVAL, and WHY says which word is bad. */
int ctl_options_parse(struct ctl_options *ret, int argc, char *const *argv, char *why, size_t len);

#endif /* TOOLS_DMOVERCTL_OPTIONS_H */
