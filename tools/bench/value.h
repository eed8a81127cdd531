/* SPDX-License-Identifier: BSD-2-Clause */
/* value.h: JSON text as a tree of values. */
#ifndef TOOLS_BENCH_VALUE_H
#define TOOLS_BENCH_VALUE_H

#include <stddef.h>

enum bench_value_type {
	BENCH_NULL,
	BENCH_FALSE,
	BENCH_TRUE,
	BENCH_NUMBER,
	BENCH_STRING,
	BENCH_ARRAY,
	BENCH_OBJECT
};

struct bench_value {
	enum bench_value_type type;
	char *name;   /* of a member of an object; else NULL */
	char *string; /* of a string */
	double number;
	struct bench_value *first, *next; /* elements or members; the sibling behind */
};

/* The tree of a whole text, which NUL ends; NULL when it is not JSON, or nested very deeply. */
struct bench_value *bench_value_parse(const char *text);
/* NULL is allowed. */
void bench_value_free(struct bench_value *value);

/* The member of an object, or NULL: also when VALUE is NULL or no object. */
const struct bench_value *bench_value_member(const struct bench_value *value, const char *name);

/* The text of a string, or "". */
const char *bench_value_text(const struct bench_value *value);

#endif /* TOOLS_BENCH_VALUE_H */
