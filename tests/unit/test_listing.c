/* SPDX-License-Identifier: BSD-2-Clause */
/* test_listing.c: the table of engines, for people and for programs. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lanes.h"
#include "core/listing.h"

static const char *const kinds[] = { "zero", "fill8", "copy", "iscsi-crc32c", "xor4" };

static char *
list(void (*print)(struct dmover_dispatch *dispatch, FILE *out))
{
	const struct dmover_lanes_options options = { .engine = "auto", .workers = 1 };
	struct dmover_dispatch *dispatch = calloc(1, sizeof(*dispatch));
	struct dmover_stats stats = { 0 };
	char why[200] = "", *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(dmover_lanes_open(dispatch, &stats, &options, why, sizeof(why)), 0);
	if (print != NULL)
		print(dispatch, out);
	else
		dmover_list_engines_json(dispatch, "some \"way\"", out);
	fclose(out);
	dmover_lanes_close(dispatch);
	free(dispatch);
	return text;
}

static void
names_all(const char *text)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		holds(strstr(text, dmover_engines[i]->eng_name) != NULL);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		holds(strstr(text, kinds[i]) != NULL);
}

START_TEST(the_list_names_every_engine_and_every_kind)
{
	char *text = list(dmover_list_engines);

	names_all(text);
	holds(strstr(text, "only by name") != NULL && strchr(text, '[') != NULL);
	free(text);
}
END_TEST

START_TEST(the_list_for_programs_has_the_same)
{
	char *text = list(NULL);
	int depth = 0;

	names_all(text);
	for (const char *p = text; *p != '\0'; p++) {
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
	}
	same_int(depth, 0);
	holds(strstr(text, "\"chosen\": \"") != NULL);
	holds(strstr(text, "\"caller_memory\": \"some \\\"way\\\"\"") != NULL);
	free(text);
}
END_TEST

TCase *
unit_listing(void)
{
	TCase *tc = unit_case("listing");

	tcase_add_test(tc, the_list_names_every_engine_and_every_kind);
	tcase_add_test(tc, the_list_for_programs_has_the_same);
	return tc;
}
