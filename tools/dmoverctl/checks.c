/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.c: what the doctor looked at, with what it found and what would mend it. */
#include "tools/dmoverctl/checks.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct ctl_check *
ctl_checks_add(
    struct ctl_checks *checks, enum ctl_section section, const char *id, const char *what)
{
	struct ctl_check *check = &checks->at[checks->n];

	assert(checks->n < CTL_CHECKS_MAX);
	checks->n++;
	*check = (struct ctl_check){ .section = section, .id = id, .what = what };
	return check;
}

static void
tidy(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void
ctl_check_found(struct ctl_check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(check->value, sizeof(check->value), format, args);
	va_end(args);
	tidy(check->value);
}

void
ctl_check_blame(
    struct ctl_check *check, enum ctl_verdict verdict, const char *why, const char *cure)
{
	check->verdict = verdict;
	snprintf(check->why, sizeof(check->why), "%s", why);
	snprintf(check->cure, sizeof(check->cure), "%s", cure);
	tidy(check->why);
	tidy(check->cure);
}

const struct ctl_check *
ctl_checks_find(const struct ctl_checks *checks, const char *id)
{
	for (unsigned i = 0; i < checks->n; i++)
		if (strcmp(checks->at[i].id, id) == 0)
			return &checks->at[i];
	return NULL;
}

bool
ctl_checks_pass(const struct ctl_checks *checks, const char *id)
{
	const struct ctl_check *check = ctl_checks_find(checks, id);

	return check != NULL && check->verdict != CTL_BAD;
}

const char *
ctl_section_name(enum ctl_section section)
{
	static const char *const names[CTL_NSECTIONS] = {
		[CTL_FRONT] = "Front ends",
		[CTL_MEMORY] = "Memory of callers",
		[CTL_URING] = "io_uring",
		[CTL_MACHINE] = "Machine",
		[CTL_DSA] = "Intel DSA",
	};

	return names[section];
}

const char *
ctl_verdict_name(enum ctl_verdict verdict)
{
	switch (verdict) {
	case CTL_GOOD:
		return "good";
	case CTL_NOTE:
		return "note";
	default:
		return "bad";
	}
}
