/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd.c: the idxd engine over software devices, which do wrong whatever a device can do wrong.
 *
 * Callers see right bytes and no error, in time; the counters show what happened.  The engine's answers
 * when nothing is wrong are looked at by the suites for all engines, over the same devices.
 */
#include <stdio.h>
#include <stdlib.h>

#include "idxd_suites.h"
#include "idxd_tree.h"

const char *const idxd_ways[IDXD_WAYS] = {
	[WAY_WRITE_SHARED] = "write,shared,v1",
	[WAY_WRITE_DEDICATED] = "write,dedicated,v2",
	[WAY_PORTAL_SHARED] = "portal,shared,v1",
	[WAY_PORTAL_DEDICATED] = "portal,dedicated,v3",
};

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("idxd");

	printf("--seed=%u\n", rig_seed);
	suite_add_tcase(suite, make_knobs());
	suite_add_tcase(suite, make_losses());
	suite_add_tcase(suite, make_limits());
	suite_add_tcase(suite, make_random());
	return suite;
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/dmover-idxd-XXXXXX";
	int status;

	if (mkdtemp(folder) == NULL || setenv("TMPDIR", folder, 1) < 0) {
		perror(folder);
		return EXIT_FAILURE;
	}
	status = rig_main(argc, argv, make_suite);
	/* What failed tests have left, too. */
	idxd_tree_remove(folder);
	return status;
}
