/* SPDX-License-Identifier: BSD-2-Clause */
/* value.c: JSON text as a tree of values (RFC 8259); what needs an escape is kept as '?'. */
#include "tools/bench/value.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

struct reader {
	const char *at;
	unsigned depth;
};

static struct bench_value *read_value(struct reader *reader);

static void
skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\r\n");
}

/* True, and behind it, when TEXT comes next. */
static bool
take(struct reader *reader, const char *text)
{
	skip_blanks(reader);
	if (strncmp(reader->at, text, strlen(text)) != 0)
		return false;
	reader->at += strlen(text);
	return true;
}

/*
 * A string behind its first quote; NULL when it does not end, or memory does.  A backslash and a
 * character stand for that character if it could not stand there by itself, and else for a '?'.
 */
static char *
read_string(struct reader *reader)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t len = 0, n = 0;
	char *text;

	while (reader->at[len] != '"' && reader->at[len] != '\0')
		len += reader->at[len] == '\\' && reader->at[len + 1] != '\0' ? 2 : 1;
	if (reader->at[len] == '\0')
		return NULL;
	text = malloc(len + 1);
	for (const char *end = reader->at + len; text != NULL && reader->at < end;) {
		char c = *reader->at++;

		if (c == '\\') {
			c = *reader->at++;
			if (strchr("\"\\/bfnrtu", c) == NULL ||
			    (c == 'u' && strspn(reader->at, digits) < 4)) {
				free(text);
				return NULL;
			}
			reader->at += c == 'u' ? 4 : 0;
			c = strchr("\"\\/", c) != NULL ? c : '?';
		}
		text[n++] = c;
	}
	if (text == NULL)
		return NULL;
	reader->at++;
	text[n] = '\0';
	return text;
}

/* Elements up to CLOSE; false when they do not end there. */
static bool
read_children(struct reader *reader, struct bench_value *parent, const char *close)
{
	struct bench_value **end = &parent->first;

	if (++reader->depth > DEPTH_MAX)
		return false;
	if (take(reader, close)) {
		reader->depth--;
		return true;
	}
	do {
		char *name = NULL;

		if (parent->type == BENCH_OBJECT) {
			name = take(reader, "\"") ? read_string(reader) : NULL;
			if (name == NULL || !take(reader, ":")) {
				free(name);
				return false;
			}
		}
		*end = read_value(reader);
		if (*end == NULL) {
			free(name);
			return false;
		}
		(*end)->name = name;
		end = &(*end)->next;
	} while (take(reader, ","));
	reader->depth--;
	return take(reader, close);
}

static bool
read_number(struct reader *reader, double *ret)
{
	char *end;

	if (strchr("-0123456789", *reader->at) == NULL || *reader->at == '\0')
		return false;
	*ret = strtod(reader->at, &end);
	if (end == reader->at)
		return false;
	reader->at = end;
	return true;
}

static bool
fill_value(struct reader *reader, struct bench_value *value)
{
	skip_blanks(reader);
	if (take(reader, "{")) {
		value->type = BENCH_OBJECT;
		return read_children(reader, value, "}");
	}
	if (take(reader, "[")) {
		value->type = BENCH_ARRAY;
		return read_children(reader, value, "]");
	}
	if (take(reader, "\"")) {
		value->type = BENCH_STRING;
		value->string = read_string(reader);
		return value->string != NULL;
	}
	if (take(reader, "null"))
		return true;
	if (take(reader, "true") || take(reader, "false")) {
		value->type = reader->at[-2] == 'u' ? BENCH_TRUE : BENCH_FALSE;
		return true;
	}
	value->type = BENCH_NUMBER;
	return read_number(reader, &value->number);
}

static struct bench_value *
read_value(struct reader *reader)
{
	struct bench_value *value = calloc(1, sizeof(*value));

	if (value != NULL && !fill_value(reader, value)) {
		bench_value_free(value);
		return NULL;
	}
	return value;
}

struct bench_value *
bench_value_parse(const char *text)
{
	struct reader reader = { .at = text };
	struct bench_value *value = read_value(&reader);

	skip_blanks(&reader);
	if (value != NULL && *reader.at != '\0') {
		bench_value_free(value);
		return NULL;
	}
	return value;
}

void
bench_value_free(struct bench_value *value)
{
	while (value != NULL) {
		struct bench_value *next = value->next;

		bench_value_free(value->first);
		free(value->name);
		free(value->string);
		free(value);
		value = next;
	}
}

const struct bench_value *
bench_value_member(const struct bench_value *value, const char *name)
{
	const struct bench_value *member =
	    value != NULL && value->type == BENCH_OBJECT ? value->first : NULL;

	while (member != NULL && strcmp(member->name, name) != 0)
		member = member->next;
	return member;
}

const char *
bench_value_text(const struct bench_value *value)
{
	return value != NULL && value->type == BENCH_STRING ? value->string : "";
}
