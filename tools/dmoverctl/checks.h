/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.h: what the doctor looked at, with what it found and what would mend it. */
#ifndef TOOLS_DMOVERCTL_CHECKS_H
#define TOOLS_DMOVERCTL_CHECKS_H

#include <stdbool.h>

enum ctl_section { CTL_FRONT, CTL_MEMORY, CTL_URING, CTL_MACHINE, CTL_DSA, CTL_NSECTIONS };

enum ctl_verdict {
	CTL_GOOD,
	CTL_NOTE, /* something is slower, or not there, that dmoverd does without */
	CTL_BAD,  /* what the section is about does not work */
};

struct ctl_check {
	enum ctl_section section;
	enum ctl_verdict verdict;
	const char *id;   /* "cuse.node", for programs */
	const char *what; /* for people */
	char value[96];   /* what was found */
	char why[256];    /* not good: what that means */
	char cure[256];   /* not good: commands, with "; " between them, or what to do; or "" */
};

#define CTL_CHECKS_MAX 64

struct ctl_checks {
	struct ctl_check at[CTL_CHECKS_MAX];
	unsigned n;
};

/*
 * Adds a check, good and without a value.  *CHECKS keeps it.  There is always room for the checks
 * that this program makes.
 */
struct ctl_check *ctl_checks_add(
    struct ctl_checks *checks, enum ctl_section section, const char *id, const char *what);

/* What was found, as printf does.  What is too long is cut; bytes that no text has become '?'. */
void ctl_check_found(struct ctl_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * It is not good: why, and the cure; both may be "".  A cure is commands, or what to do, and not both:
 * commands are copied.
 */
void ctl_check_blame(
    struct ctl_check *check, enum ctl_verdict verdict, const char *why, const char *cure);

/* The check with this id; NULL: there is none. */
const struct ctl_check *ctl_checks_find(const struct ctl_checks *checks, const char *id);

/* The check is there, and not bad. */
bool ctl_checks_pass(const struct ctl_checks *checks, const char *id);

/* "front ends" */
const char *ctl_section_name(enum ctl_section section);

/* "good", "note", "bad" */
const char *ctl_verdict_name(enum ctl_verdict verdict);

#endif /* TOOLS_DMOVERCTL_CHECKS_H */
