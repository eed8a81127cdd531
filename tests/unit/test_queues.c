/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_queues.c: what the survey of DSA work queues finds in trees that are made for it.
 *
 * The good tree is that of one device with a shared queue, as the driver idxd shows it; each test
 * changes what it is about.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engines/queues.h"
#include "queue_tree.h"
#include "surveyed.h"

#define OPCODE_REDUCE 0x19

static const struct queue_finding *
finding_of(const char *what)
{
	for (unsigned i = 0; i < survey_queues->nfindings; i++)
		if (strcmp(survey_queues->findings[i].what, what) == 0)
			return &survey_queues->findings[i];
	ck_abort_msg("no finding \"%s\"", what);
	return NULL;
}

START_TEST(a_good_queue_is_usable_and_known_in_all)
{
	same_int(survey(QUEUES_MAX), 1);
	holds(survey_queues->is_usable);
	ck_assert_ptr_null(dmover_queue_obstacle(survey_queues));
	same_text(survey_queues->name, "wq0.0");
	same_text(survey_queues->device, "dsa0");
	same_text(survey_queues->label, "dmover");
	holds(strstr(survey_queues->node, "/nodes/wq0.0") != NULL);
	same_int(survey_queues->version, 0x100);
	holds(survey_queues->is_shared && !survey_queues->is_model);
	same_int(survey_queues->size, 16);
	same_int(survey_queues->threshold, 12);
	same_size(survey_queues->max_transfer, 2097152);
	same_int(survey_queues->max_batch, 32);
	holds(survey_queues->may_overlap && survey_queues->has_cache_control);
	holds(!survey_queues->may_block_on_fault && !survey_queues->has_xor);
	same_int(survey_queues->numa_node, 1);
	same_size(survey_queues->ops[0], 0x1003003ff);
	holds(dmover_queue_allows(survey_queues, 3) && !dmover_queue_allows(survey_queues, 0x18));
}
END_TEST

/* One file of the good tree made bad, and what must be named before all else. */
static const struct trouble {
	const char *file, *text; /* NULL: taken away */
	const char *what, *why, *cure;
} troubles[] = {
	{ "dsa0/version", "0", "it is a DSA", "no DSA", "" },
	{ "dsa0/version", "one", "it is a DSA", "no DSA", "" },
	{ "dsa0/pasid_enabled", "0", "it shares addresses (PASID)", "scalable mode",
	    "intel_iommu=on,sm_on" },
	{ "dsa0/pasid_enabled", NULL, "it shares addresses (PASID)", "scalable mode",
	    "intel_iommu=on,sm_on" },
	{ "dsa0/state", "disabled", "the device is enabled", "off", "enable-device dsa0" },
	{ "dsa0/state", "halted", "the device is enabled", "hardware stopped", "modprobe idxd" },
	{ "dsa0/state", "unknown", "the device is enabled", "no state", "enable-device dsa0" },
	{ "wq0.0/state", "disabled", "the queue is enabled", "off", "enable-wq dsa0/wq0.0" },
	{ "wq0.0/state", NULL, "the queue is enabled", "off", "enable-wq dsa0/wq0.0" },
	{ "wq0.0/type", "none", "it is for programs", "not configured",
	    "-m shared -y user -n dmover -d user" },
	{ "wq0.0/type", "kernel", "it is for programs", "kernel has it",
	    "disable-wq dsa0/wq0.0; accel-config config-wq dsa0/wq0.0 -y user" },
	{ "wq0.0/driver_name", "dmaengine", "its driver is \"user\"", "another driver",
	    "-d user; accel-config enable-wq dsa0/wq0.0" },
	{ "wq0.0/driver_name", "", "its driver is \"user\"", "none", "-d user" },
	{ "wq0.0/mode", "private", "shared or dedicated", "neither", "-m shared -t 16;" },
	{ "wq0.0/group_id", "-1", "it is in a group", "in none",
	    "disable-device dsa0; accel-config config-wq dsa0/wq0.0 -g 0; "
	    "accel-config enable-device dsa0" },
	{ "wq0.0/group_id", "10000", "it is in a group", "in none", "-g 0" },
	{ "group0.0/engines", "", "the group has an engine", "no engine",
	    "disable-device dsa0; accel-config config-engine dsa0/engine0.0 -g 0; "
	    "accel-config enable-device dsa0; accel-config enable-wq dsa0/wq0.0" },
	{ "wq0.0/size", "0", "it has entries", "nothing", "-s 16" },
	{ "wq0.0/size", "99999999999999999999", "it has entries", "nothing", "-s 16" },
	{ "wq0.0/threshold", "0", "programs may fill it (threshold)", "may not", "-t 16" },
	{ "wq0.0/threshold", "17", "programs may fill it (threshold)", "larger", "-t 16" },
	{ "wq0.0/op_config", "0", "operations that help here", "leaves MEMMOVE", "op_config" },
	{ "nodes/wq0.0", NULL, "this process may open it", "container", "--device=" },
};

START_TEST(each_condition_is_named_with_its_cure)
{
	const struct trouble *trouble = &troubles[_i];
	const struct queue_finding *obstacle;

	if (trouble->text != NULL)
		tree_put(trouble->file, trouble->text);
	else
		tree_take_away(trouble->file);
	same_int(survey(QUEUES_MAX), 1);
	holds(!survey_queues->is_usable);
	obstacle = dmover_queue_obstacle(survey_queues);
	ck_assert_ptr_nonnull(obstacle);
	same_text(obstacle->what, trouble->what);
	ck_assert_msg(strstr(obstacle->why, trouble->why) != NULL, "why: %s", obstacle->why);
	ck_assert_msg(strstr(obstacle->cure, trouble->cure) != NULL, "cure: %s", obstacle->cure);
	if (trouble->text == NULL)
		return;
	if (strncmp(trouble->what, "operations", 10) != 0)
		same_text(obstacle->value, trouble->text);
}
END_TEST

/* A queue that nobody configured has everything wrong; its type says why. */
START_TEST(the_root_of_several_troubles_comes_first)
{
	tree_put("dsa0/state", "disabled");
	tree_put("wq0.0/state", "disabled");
	tree_put("wq0.0/type", "none");
	tree_put("wq0.0/size", "0");
	tree_put("wq0.0/group_id", "-1");
	tree_take_away("nodes/wq0.0");
	survey(QUEUES_MAX);
	same_text(dmover_queue_obstacle(survey_queues)->what, "it is for programs");
	tree_put("dsa0/pasid_enabled", "0");
	survey(QUEUES_MAX);
	same_text(dmover_queue_obstacle(survey_queues)->what, "it shares addresses (PASID)");
}
END_TEST

static const struct {
	const char *status, *words, *cure;
} commands[] = {
	{ "0x80060000", "no threshold", "-t 16; accel-config enable-wq dsa0/wq0.0" },
	{ "0x800c0000", "scalable mode", "sm_on" },
	{ "0x80110000", "scalable mode", "sm_on" },
	{ "0x80030000", "in no group", "-g 0" },
	{ "0x80040000", "no name", "-n dmover" },
	{ "0x800e0000", "no entries", "-s 16" },
	{ "0x800d0000", "no queue of the device is configured", "-m shared" },
	{ "0x80200000", "no driver_name", "-d user" },
	{ "0x80000020", "device is not enabled", "enable-device dsa0" },
	{ "0x16", "no engine",
	    "config-engine dsa0/engine0.0 -g 0; accel-config enable-device dsa0; "
	    "accel-config enable-wq dsa0/wq0.0" },
	{ "0x80990000", "unknown code", "enable-wq dsa0/wq0.0" },
};

START_TEST(what_the_last_command_said_is_told_in_words)
{
	const struct queue_finding *obstacle;

	tree_put("wq0.0/state", "disabled");
	tree_put("dsa0/cmd_status", commands[_i].status);
	survey(QUEUES_MAX);
	obstacle = dmover_queue_obstacle(survey_queues);
	ck_assert_ptr_nonnull(obstacle);
	same_text(obstacle->what, "the queue is enabled");
	ck_assert_msg(strstr(obstacle->why, commands[_i].words) != NULL, "%s", obstacle->why);
	ck_assert_msg(strstr(obstacle->why, commands[_i].status) != NULL, "%s", obstacle->why);
	ck_assert_msg(strstr(obstacle->cure, commands[_i].cure) != NULL, "%s", obstacle->cure);
}
END_TEST

START_TEST(a_dedicated_queue_needs_no_threshold_but_its_one_opener)
{
	const struct queue_finding *finding;

	tree_put("wq0.0/mode", "dedicated");
	tree_put("wq0.0/threshold", "0");
	tree_put("wq0.0/clients", "1");
	survey(QUEUES_MAX);
	holds(survey_queues->is_usable && !survey_queues->is_shared);
	for (unsigned i = 0; i < survey_queues->nfindings; i++)
		ck_assert_ptr_null(strstr(survey_queues->findings[i].what, "threshold"));
	finding = finding_of("nobody else has it open");
	holds(!finding->is_good && !finding->is_needed);
}
END_TEST

START_TEST(what_old_kernels_do_not_tell_is_no_obstacle)
{
	tree_take_away("wq0.0/driver_name");
	tree_take_away("wq0.0/op_config");
	tree_take_away("wq0.0/max_transfer_size");
	tree_take_away("wq0.0/max_batch_size");
	tree_take_away("wq0.0/clients");
	tree_take_away("dsa0/cmd_status");
	tree_take_away("dsa0/numa_node");
	tree_put("dsa0/op_cap", "0x1003f03ff 0x0 0x0 0x0 ");
	survey(QUEUES_MAX);
	holds(survey_queues->is_usable);
	same_size(survey_queues->ops[0], 0x1003f03ff);
	same_size(survey_queues->max_transfer, 2097152);
	same_int(survey_queues->max_batch, 32);
	same_int(survey_queues->numa_node, -1);
	tree_take_away("dsa0/op_cap");
	survey(QUEUES_MAX);
	holds(survey_queues->is_usable && dmover_queue_allows(survey_queues, 0x10));
}
END_TEST

START_TEST(limits_are_those_of_the_queue_and_of_its_device)
{
	tree_put("wq0.0/max_transfer_size", "4294967296");
	tree_put("dsa0/max_transfer_size", "2147483648");
	tree_put("wq0.0/max_batch_size", "16");
	tree_put("wq0.0/block_on_fault", "1");
	survey(QUEUES_MAX);
	same_size(survey_queues->max_transfer, 2147483648);
	same_int(survey_queues->max_batch, 16);
	holds(survey_queues->may_block_on_fault);
	holds(!finding_of("faults are told, not waited for")->is_good);
	holds(survey_queues->is_usable);
}
END_TEST

START_TEST(xor_needs_reduce_and_its_capabilities)
{
	const char *caps = "0000000000000000,0020000000000001,0000000000000000";

	tree_put("dsa0/version", "0x300");
	tree_put("dsa0/op_cap", tree_bits(1, 0x023f03ff));
	tree_put("wq0.0/op_config", tree_bits(1, 0x023f03ff));
	tree_put("dsa0/dsacaps", caps);
	survey(QUEUES_MAX);
	holds(survey_queues->has_xor && dmover_queue_allows(survey_queues, OPCODE_REDUCE));
	/* No bytes, no exclusive or, masked, an older device. */
	tree_put("dsa0/dsacaps", "0000000000000000,0020000000000002,0000000000000000");
	survey(QUEUES_MAX);
	holds(!survey_queues->has_xor);
	tree_put("dsa0/dsacaps", "0000000000000000,001f000000000001,0000000000000000");
	survey(QUEUES_MAX);
	holds(!survey_queues->has_xor);
	tree_put("dsa0/dsacaps", caps);
	tree_put("wq0.0/op_config", tree_bits(1, 0x003f03ff));
	survey(QUEUES_MAX);
	holds(!survey_queues->has_xor);
	tree_put("wq0.0/op_config", tree_bits(1, 0x023f03ff));
	tree_put("dsa0/version", "0x200");
	survey(QUEUES_MAX);
	holds(!survey_queues->has_xor && survey_queues->is_usable);
}
END_TEST

static const struct {
	const char *text;
	uint64_t first, last; /* of the four words, lowest first */
} sets[] = {
	{ "80000000,00000000,00000000,00000000,00000000,00000000,00000001,000003ff", 0x1000003ff,
	    UINT64_C(0x8000000000000000) },
	{ "8000000000000000,0,0,00000001000003ff", 0x1000003ff, UINT64_C(0x8000000000000000) },
	{ "1000003ff", 0x1000003ff, 0 },
	{ "0x1000003ff 0 0 0x1", 0x1000003ff, 1 },
};

START_TEST(a_set_of_operations_is_read_as_each_kernel_prints_it)
{
	tree_take_away("wq0.0/op_config");
	tree_put("dsa0/op_cap", sets[_i].text);
	survey(QUEUES_MAX);
	same_size(survey_queues->ops[0], sets[_i].first);
	same_size(survey_queues->ops[3], sets[_i].last);
}
END_TEST

START_TEST(queues_come_in_the_order_of_their_numbers)
{
	tree_put_device("dsa2", "group2.0");
	tree_put_device("dsa10", "group10.0");
	tree_put_queue("wq10.0");
	tree_put_queue("wq2.3");
	tree_put_queue("wq0.7");
	tree_put_queue("wq2.10");
	same_int(survey(QUEUES_MAX), 5);
	same_text(survey_queues[1].name, "wq0.7");
	same_text(survey_queues[2].name, "wq2.3");
	same_text(survey_queues[3].name, "wq2.10");
	same_text(survey_queues[4].name, "wq10.0");
	holds(survey_queues[4].is_usable);
	/* The first ones of them. */
	memset(survey_queues, 0, QUEUES_MAX * sizeof(*survey_queues));
	same_int(survey(2), 5);
	same_text(survey_queues[1].name, "wq0.7");
	same_text(survey_queues[2].name, "");
	same_int(survey(0), 5);
}
END_TEST

START_TEST(other_devices_and_names_are_passed_over)
{
	tree_put_queue("wq1.0"); /* of an IAX: there is no dsa1 */
	tree_put_folder("iax1");
	tree_put_folder("wq0.00");
	tree_put_folder("wq0.1x");
	tree_put_folder("wq0.-1");
	tree_put_folder("wq99999.1");
	tree_put_folder("engine0.0");
	tree_put("dsa7", "a file where a device should be");
	tree_put_folder("wq7.0");
	same_int(survey(QUEUES_MAX), 1);
	same_text(survey_queues->name, "wq0.0");
}
END_TEST

START_TEST(a_lack_of_queues_is_explained)
{
	const struct queues_roots nowhere = { .sysfs = "/nonexistent/dsa", .dev = "/nonexistent" };

	same_int(dmover_queues_survey(&nowhere, survey_queues, QUEUES_MAX, &survey_lack), 0);
	ck_assert_ptr_nonnull(strstr(survey_lack.why, "/nonexistent/dsa: not there"));
	ck_assert_ptr_nonnull(strstr(survey_lack.cure, "modprobe idxd"));
	tree_move("wq0.0", "hidden");
	same_int(survey(QUEUES_MAX), 0);
	ck_assert_ptr_nonnull(strstr(survey_lack.why, "no work queue"));
	tree_move("dsa0", "hidden2");
	same_int(survey(QUEUES_MAX), 0);
	ck_assert_ptr_nonnull(strstr(survey_lack.why, "no DSA device"));
}
END_TEST

START_TEST(a_node_without_permission_is_refused)
{
	const struct queue_finding *obstacle;

	ck_assert_int_eq(chmod(tree_path("nodes/wq0.0"), 0000), 0);
	if (unit_drop_privileges()) {
		survey(QUEUES_MAX);
		unit_regain_privileges();
		/* Nobody cannot read the attributes either, which are the tree's owner's. */
		obstacle = finding_of("this process may open it");
		same_text(obstacle->value, strerror(EACCES));
		holds(!obstacle->is_good && obstacle->is_needed);
		ck_assert_ptr_nonnull(strstr(obstacle->cure, "root"));
	}
	tree_take_away("nodes/wq0.0");
	tree_put_folder("nodes/wq0.0");
	survey(QUEUES_MAX);
	obstacle = dmover_queue_obstacle(survey_queues);
	ck_assert_ptr_nonnull(obstacle);
	same_text(obstacle->value, "(no device)");
}
END_TEST

START_TEST(a_node_that_does_not_answer_is_no_matter_of_permission)
{
	const struct queue_finding *obstacle;

	tree_take_away("nodes/wq0.0");
	ck_assert_int_eq(symlink("wq0.0", tree_path("nodes/wq0.0")), 0);
	survey(QUEUES_MAX);
	obstacle = dmover_queue_obstacle(survey_queues);
	ck_assert_ptr_nonnull(obstacle);
	same_text(obstacle->value, strerror(ELOOP));
	ck_assert_ptr_nonnull(strstr(obstacle->why, "does not answer"));
	same_text(obstacle->cure, "");
}
END_TEST

START_TEST(a_model_says_that_it_is_one)
{
	tree_put("dsa0/model", "1");
	survey(QUEUES_MAX);
	holds(survey_queues->is_model);
}
END_TEST

START_TEST(a_file_is_the_node_of_a_model_or_of_an_image_alone)
{
	survey_is_here = true;
	survey(QUEUES_MAX);
	holds(!survey_queues->is_usable);
	same_text(dmover_queue_obstacle(survey_queues)->value, "(no device)");
	tree_put("dsa0/model", "1");
	survey(QUEUES_MAX);
	holds(survey_queues->is_usable);
	survey_is_here = false;
}
END_TEST

START_TEST(a_name_may_look_like_an_error)
{
	tree_put("wq0.0/name", "(none)");
	survey(QUEUES_MAX);
	same_text(survey_queues->label, "(none)");
	holds(finding_of("it has a name")->is_good);
}
END_TEST

START_TEST(a_threshold_that_is_advised_fits_the_queue)
{
	tree_put("wq0.0/size", "8");
	tree_put("wq0.0/mode", "private");
	survey(QUEUES_MAX);
	ck_assert_ptr_nonnull(
	    strstr(dmover_queue_obstacle(survey_queues)->cure, "-m shared -t 8;"));
	tree_put("wq0.0/type", "none");
	survey(QUEUES_MAX);
	ck_assert_ptr_nonnull(strstr(dmover_queue_obstacle(survey_queues)->cure, "-s 8 -t 8 "));
	tree_put("wq0.0/type", "user");
	tree_put("wq0.0/mode", "shared");
	tree_put("wq0.0/threshold", "9");
	survey(QUEUES_MAX);
	holds(strstr(dmover_queue_obstacle(survey_queues)->cure, "-t 8;") != NULL);
}
END_TEST

TCase *
unit_queues(void)
{
	TCase *tc = unit_case("queues");

	tcase_add_checked_fixture(tc, survey_begin, survey_end);
	tcase_add_test(tc, a_good_queue_is_usable_and_known_in_all);
	tcase_add_loop_test(tc, each_condition_is_named_with_its_cure, 0,
	    (int)(sizeof(troubles) / sizeof(troubles[0])));
	tcase_add_test(tc, the_root_of_several_troubles_comes_first);
	tcase_add_loop_test(tc, what_the_last_command_said_is_told_in_words, 0,
	    (int)(sizeof(commands) / sizeof(commands[0])));
	tcase_add_test(tc, a_dedicated_queue_needs_no_threshold_but_its_one_opener);
	tcase_add_test(tc, what_old_kernels_do_not_tell_is_no_obstacle);
	tcase_add_test(tc, limits_are_those_of_the_queue_and_of_its_device);
	tcase_add_test(tc, xor_needs_reduce_and_its_capabilities);
	tcase_add_loop_test(tc, a_set_of_operations_is_read_as_each_kernel_prints_it, 0,
	    (int)(sizeof(sets) / sizeof(sets[0])));
	tcase_add_test(tc, queues_come_in_the_order_of_their_numbers);
	tcase_add_test(tc, other_devices_and_names_are_passed_over);
	tcase_add_test(tc, a_lack_of_queues_is_explained);
	tcase_add_test(tc, a_node_without_permission_is_refused);
	tcase_add_test(tc, a_node_that_does_not_answer_is_no_matter_of_permission);
	tcase_add_test(tc, a_model_says_that_it_is_one);
	tcase_add_test(tc, a_file_is_the_node_of_a_model_or_of_an_image_alone);
	tcase_add_test(tc, a_name_may_look_like_an_error);
	tcase_add_test(tc, a_threshold_that_is_advised_fits_the_queue);
	return tc;
}
