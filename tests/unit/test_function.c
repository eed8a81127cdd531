/* SPDX-License-Identifier: BSD-2-Clause */
/* test_function.c: the table of functions, against dmover(9)'s. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include <dev/dmover/dmover.h>

/* Name, kind, inputs, bytes of the immediate in and out, output. */
static const struct {
	const char *name;
	enum dmover_kind kind;
	unsigned ninputs, immediate_in, immediate_out;
	bool has_output;
} expected[] = {
	{ "zero", DMOVER_KIND_ZERO, 0, 0, 0, true },
	{ "fill8", DMOVER_KIND_FILL8, 0, 1, 0, true },
	{ "copy", DMOVER_KIND_COPY, 1, 0, 0, true },
	{ "iscsi-crc32c", DMOVER_KIND_CRC32C, 1, 4, 4, false },
};

START_TEST(functions_take_and_give_what_the_manual_says)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct dmover_function *func = dmover_function_find(expected[i].name);

		ck_assert_ptr_nonnull(func);
		same_int(func->dfn_kind, expected[i].kind);
		same_size(func->dfn_ninputs, expected[i].ninputs);
		same_size(func->dfn_immediate_in, expected[i].immediate_in);
		same_size(func->dfn_immediate_out, expected[i].immediate_out);
		same_int(func->dfn_has_output, expected[i].has_output);
	}
}
END_TEST

START_TEST(xor_comes_with_2_to_16_inputs)
{
	char name[8];

	for (unsigned n = 0; n <= 20; n++) {
		const struct dmover_function *func;

		snprintf(name, sizeof(name), "xor%u", n);
		func = dmover_function_find(name);
		holds((func != NULL) == (n >= 2 && n <= 16));
		if (func == NULL)
			continue;
		same_size(func->dfn_ninputs, n);
		same_int(func->dfn_kind, DMOVER_KIND_XOR);
		holds(func->dfn_has_output && !func->dfn_uniform && func->dfn_join == NULL);
	}
}
END_TEST

START_TEST(names_are_taken_whole)
{
	holds(dmover_function_find("") == NULL);
	holds(dmover_function_find("cop") == NULL);
	holds(dmover_function_find("copy ") == NULL);
	holds(dmover_function_find("Copy") == NULL);
	holds(dmover_function_find("xor02") == NULL);
}
END_TEST

START_TEST(the_table_can_be_walked_to_its_end)
{
	unsigned n = 0;

	for (; dmover_function_at(n) != NULL; n++) {
		const struct dmover_function *func = dmover_function_at(n);

		holds(dmover_function_find(func->dfn_name) == func);
		holds(strlen(func->dfn_name) < DMOVER_FUNC_NAME_MAX);
		holds(func->dfn_ninputs <= DMOVER_INPUTS_MAX);
	}
	same_size(n, 19);
	holds(dmover_function_at(n + 1) == NULL);
}
END_TEST

TCase *
unit_function(void)
{
	TCase *tc = unit_case("function");

	tcase_add_test(tc, functions_take_and_give_what_the_manual_says);
	tcase_add_test(tc, xor_comes_with_2_to_16_inputs);
	tcase_add_test(tc, names_are_taken_whole);
	tcase_add_test(tc, the_table_can_be_walked_to_its_end);
	return tc;
}
