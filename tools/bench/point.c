/* SPDX-License-Identifier: BSD-2-Clause */
/* point.c: points and their values as text. */
#include "tools/bench/point.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the axes are called, what they hold, and the value that goes without saying. */
static const struct {
	const char *name;
	uint64_t min, max, usual;
	const char *words[3]; /* instead of numbers */
} axes[BENCH_NAXES] = {
	[BENCH_FUNCTION] = { .name = "function" },
	[BENCH_PAGES] = { .name = "pages", .words = { "4K", "2M" } },
	[BENCH_FOOTPRINT] = { .name = "footprint", .words = { "hot", "cold" } },
	[BENCH_ALIGN] = { .name = "align", .max = 4095 },
	[BENCH_IOVECS] = { .name = "iovecs", .min = 1, .max = 1024, .usual = 1 },
	[BENCH_SESSIONS] = { .name = "sessions", .min = 1, .max = 64, .usual = 1 },
	[BENCH_DEPTH] = { .name = "depth", .min = 1, .max = 1024, .usual = 1 },
	[BENCH_BATCH] = { .name = "batch", .min = 1, .max = 1024, .usual = 1 },
	[BENCH_SIZE] = { .name = "size", .min = 1, .max = (uint64_t)1 << 30 },
};

const char *
bench_axis_name(enum bench_axis axis)
{
	return axes[axis].name;
}

static int
parse_function(const char *text, uint64_t *ret_value)
{
	for (unsigned i = 0; dmover_function_at(i) != NULL; i++) {
		if (strcmp(dmover_function_at(i)->dfn_name, text) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* N and what is behind its digits. */
static int
parse_digits(const char *text, uint64_t *ret_n, const char **ret_end)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*ret_n = strtoull(text, &end, 10);
	*ret_end = end;
	return errno == 0 ? 0 : -EINVAL;
}

int
bench_size_parse(const char *text, uint64_t max, uint64_t *ret_size)
{
	static const char units[] = "KMG";
	const char *unit, *end;
	unsigned shift = 0;
	uint64_t n;

	if (parse_digits(text, &n, &end) < 0)
		return -EINVAL;
	unit = *end != '\0' ? strchr(units, *end) : NULL;
	if (unit != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
	}
	if (*end != '\0' || n > max >> shift)
		return -EINVAL;
	*ret_size = n << shift;
	return 0;
}

static int
parse_number(enum bench_axis axis, const char *text, uint64_t *ret_value)
{
	const char *end = "";
	uint64_t n;
	int err = axis == BENCH_SIZE ? bench_size_parse(text, axes[axis].max, &n)
				     : parse_digits(text, &n, &end);

	if (err < 0 || *end != '\0' || n < axes[axis].min || n > axes[axis].max)
		return -EINVAL;
	*ret_value = n;
	return 0;
}

int
bench_axis_parse(enum bench_axis axis, const char *text, uint64_t *ret_value)
{
	if (axis == BENCH_FUNCTION)
		return parse_function(text, ret_value);
	if (axes[axis].words[0] == NULL)
		return parse_number(axis, text, ret_value);
	for (unsigned i = 0; axes[axis].words[i] != NULL; i++) {
		if (strcmp(axes[axis].words[i], text) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *
bench_axis_text(enum bench_axis axis, uint64_t value, char *text, size_t len)
{
	static const char *const units[] = { "", "K", "M", "G" };
	unsigned unit = 0;

	if (axis == BENCH_FUNCTION) {
		snprintf(text, len, "%s", dmover_function_at((unsigned)value)->dfn_name);
		return text;
	}
	if (axes[axis].words[0] != NULL) {
		snprintf(text, len, "%s", axes[axis].words[value]);
		return text;
	}
	while (axis == BENCH_SIZE && unit < 3 && value > 0 && value % 1024 == 0) {
		value /= 1024;
		unit++;
	}
	snprintf(text, len, "%llu%s", (unsigned long long)value, units[unit]);
	return text;
}

const struct dmover_function *
bench_point_function(const struct bench_point *point)
{
	return dmover_function_at((unsigned)point->value[BENCH_FUNCTION]);
}

size_t
bench_point_slots(const struct bench_point *point)
{
	return point->value[BENCH_SESSIONS] * point->value[BENCH_DEPTH] * point->value[BENCH_BATCH];
}

const char *
bench_point_text(const struct bench_point *point, char *text, size_t len)
{
	char function[DMOVER_FUNC_NAME_MAX], size[32];
	int at;

	bench_axis_text(BENCH_FUNCTION, point->value[BENCH_FUNCTION], function, sizeof(function));
	bench_axis_text(BENCH_SIZE, point->value[BENCH_SIZE], size, sizeof(size));
	at =
	    snprintf(text, len, "%s %s %s", point->is_direct ? "direct" : "device", function, size);
	for (int axis = BENCH_FUNCTION + 1; axis < BENCH_SIZE; axis++) {
		char value[32];

		if (point->value[axis] == axes[axis].usual || at < 0 || (size_t)at >= len)
			continue;
		bench_axis_text((enum bench_axis)axis, point->value[axis], value, sizeof(value));
		at += snprintf(text + at, len - (size_t)at, " %s=%s", axes[axis].name, value);
	}
	return text;
}
