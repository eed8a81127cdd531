/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_model.c: the model against descriptors and records that are written out by hand.
 *
 *	test_dsa_model            the tests
 *	test_dsa_model --break    the same with one bit of all that is looked at flipped: all must fail
 */
#include "tests/dsa/test_site.h"

#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	TCase *(*const makers[])(void) = { test_data, test_rules, test_faults, test_batches,
		test_submit, test_knobs, test_tree, test_node };
	Suite *suite = suite_create("dsa.model");
	SRunner *runner;
	int failed, run;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--break") != 0)) {
		fprintf(stderr, "usage: %s [--break]\n", argv[0]);
		return 2;
	}
	site_is_broken = argc == 2;
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		suite_add_tcase(suite, makers[i]());
	scratch_open();
	runner = srunner_create(suite);
	if (site_is_broken)
		srunner_set_fork_status(runner, CK_FORK); /* what fails leaves things behind */
	srunner_run_all(runner, site_is_broken ? CK_SILENT : CK_ENV);
	failed = srunner_ntests_failed(runner);
	run = srunner_ntests_run(runner);
	if (site_is_broken && failed < run) {
		srunner_print(runner, CK_VERBOSE);
		printf("%d of %d tests do not notice\n", run - failed, run);
	}
	srunner_free(runner);
	scratch_close();
	if (site_is_broken)
		return failed == run;
	return failed > 0;
}
