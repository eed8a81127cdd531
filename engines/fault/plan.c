/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c: the argument string of the fault engine, taken apart. */
#include "plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/table.h"

#define ERRNO_MAX 4095 /* the largest that the kernel reports (include/linux/err.h) */

/* Digits, at least one; *ret_end is what follows them. */
static int
parse_number(const char *text, uint64_t *ret_value, const char **ret_end)
{
	char *end;

	/* strtoull would take a sign and blanks too. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	*ret_end = end;
	return errno != 0 ? -EINVAL : 0;
}

static int
parse_over(const char *value, struct fault_plan *plan)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++) {
		const struct dmover_engine *engine = dmover_engines[i];

		if (strcmp(engine->eng_name, value) != 0)
			continue;
		/* What fault promises of itself, the engine below it must keep. */
		if (engine == &fault_engine || (engine->eng_flags & DMOVER_ENGINE_UIO) ||
		    !(engine->eng_flags & DMOVER_ENGINE_INPLACE))
			return -EINVAL;
		plan->over = engine;
		return 0;
	}
	return -EINVAL;
}

static int
parse_only(const char *value, struct fault_plan *plan)
{
	plan->only = dmover_function_find(value);
	return plan->only == NULL ? -EINVAL : 0;
}

static int
parse_every(const char *value, struct fault_plan *plan)
{
	const char *end;
	int err = parse_number(value, &plan->every, &end);

	return err != 0 || *end != '\0' || plan->every == 0 ? -EINVAL : 0;
}

static int
parse_error(const char *value, struct fault_plan *plan)
{
	static const struct {
		const char *name;
		int error;
	} names[] = { { "EIO", EIO }, { "EFAULT", EFAULT }, { "ENOMEM", ENOMEM } };
	uint64_t number;
	const char *end;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, value) == 0) {
			plan->error = names[i].error;
			return 0;
		}
	}
	if (parse_number(value, &number, &end) != 0 || *end != '\0')
		return -EINVAL;
	if (number == 0 || number > ERRNO_MAX)
		return -EINVAL;
	plan->error = (int)number;
	return 0;
}

static int
parse_delay(const char *value, struct fault_plan *plan)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	uint64_t number;
	const char *unit;

	if (parse_number(value, &number, &unit) != 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, unit) != 0)
			continue;
		if (number == 0 || number > FAULT_DELAY_MAX_NS / units[i].ns)
			return -EINVAL;
		plan->delay_ns = number * units[i].ns;
		return 0;
	}
	return -EINVAL;
}

/* Knobs that are followed by "=VALUE". */
static const struct {
	const char *name;
	int (*parse)(const char *value, struct fault_plan *plan);
	const char *expected;
} valued_knobs[] = {
	{ "over", parse_over, "an engine that takes linear buffers and works in place" },
	{ "only", parse_only, "the name of a function" },
	{ "every", parse_every, "a number from 1" },
	{ "error", parse_error, "EIO, EFAULT, ENOMEM or an errno from 1 to 4095" },
	{ "delay", parse_delay, "a time up to 60s with its unit: ns, us, ms or s" },
};

/* Knobs that stand alone. */
static const struct {
	const char *name;
	size_t offset; /* of a bool in struct fault_plan */
} plain_knobs[] = {
	{ "final", offsetof(struct fault_plan, final) },
	{ "reorder", offsetof(struct fault_plan, reorder) },
	{ "corrupt", offsetof(struct fault_plan, corrupt) },
	{ "again", offsetof(struct fault_plan, again) },
	{ "refuse", offsetof(struct fault_plan, refuse) },
};

static int
parse_valued(const char *name, const char *value, struct fault_plan *plan, char *why, size_t len)
{
	for (size_t i = 0; i < sizeof(valued_knobs) / sizeof(valued_knobs[0]); i++) {
		if (strcmp(valued_knobs[i].name, name) != 0)
			continue;
		if (valued_knobs[i].parse(value, plan) == 0)
			return 0;
		snprintf(why, len, "%s=%s: expected %s", name, value, valued_knobs[i].expected);
		return -EINVAL;
	}
	snprintf(why, len, "%s=: no such knob", name);
	return -EINVAL;
}

static int
parse_plain(const char *name, struct fault_plan *plan, char *why, size_t len)
{
	for (size_t i = 0; i < sizeof(plain_knobs) / sizeof(plain_knobs[0]); i++) {
		if (strcmp(plain_knobs[i].name, name) == 0) {
			*(bool *)((char *)plan + plain_knobs[i].offset) = true;
			return 0;
		}
	}
	snprintf(why, len, "%s: no such knob, or its value is missing", name);
	return -EINVAL;
}

static int
parse_list(char *list, struct fault_plan *plan, char *why, size_t len)
{
	char *name;
	int err = 0;

	while (err == 0 && (name = strsep(&list, ",")) != NULL) {
		char *value = name;

		strsep(&value, "=");
		if (value != NULL)
			err = parse_valued(name, value, plan, why, len);
		else
			err = parse_plain(name, plan, why, len);
	}
	if (err == 0 && plan->final && plan->error == 0) {
		snprintf(why, len, "final: needs error=NAME");
		err = -EINVAL;
	}
	return err;
}

int
fault_plan_parse(const char *args, struct fault_plan *ret_plan, char *why, size_t len)
{
	struct fault_plan plan = { .over = dmover_engines[0], .every = 1 };
	char *list;
	int err;

	if (args != NULL && args[0] != '\0') {
		list = strdup(args);
		if (list == NULL)
			return -ENOMEM;
		err = parse_list(list, &plan, why, len);
		free(list);
		if (err != 0)
			return err;
	}
	*ret_plan = plan;
	return 0;
}
