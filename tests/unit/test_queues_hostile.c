/* SPDX-License-Identifier: BSD-2-Clause */
/* test_queues_hostile.c: the survey of DSA work queues in trees that no driver would make. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "queue_tree.h"
#include "surveyed.h"

static const char *const unread[] = { "dsa0/version", "dsa0/pasid_enabled", "dsa0/state",
	"wq0.0/state", "wq0.0/type", "wq0.0/driver_name", "wq0.0/mode", "wq0.0/group_id",
	"group0.0/engines", "wq0.0/size", "wq0.0/threshold" };

/* What is in the file nobody knows: no cure can be right. */
START_TEST(an_attribute_that_cannot_be_read_is_said_to_be_so)
{
	const struct queue_finding *obstacle;

	tree_take_away(unread[_i]);
	ck_assert_int_eq(mkfifo(tree_path(unread[_i]), 0600), 0);
	survey(QUEUES_MAX);
	obstacle = dmover_queue_obstacle(survey_queues);
	ck_assert_ptr_nonnull(obstacle);
	same_text(obstacle->file, unread[_i]);
	ck_assert_msg(strstr(obstacle->why, "cannot be read") != NULL, "%s", obstacle->why);
	same_text(obstacle->cure, "");
	if (!unit_drop_privileges())
		return;
	survey(QUEUES_MAX);
	unit_regain_privileges();
	obstacle = dmover_queue_obstacle(survey_queues);
	ck_assert_msg(strstr(obstacle->why, "may not read") != NULL, "%s", obstacle->why);
}
END_TEST

static bool
is_printable(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len < size;
}

START_TEST(a_path_of_any_bytes_is_told_as_text)
{
	const struct queues_roots roots = { .sysfs = "/nonexistent/\033[31m\xff" };

	same_int(dmover_queues_survey(&roots, survey_queues, QUEUES_MAX, &survey_lack), 0);
	ck_assert(is_printable(survey_lack.why, sizeof(survey_lack.why)));
	ck_assert_ptr_nonnull(strstr(survey_lack.why, "/nonexistent/?[31m?: not there"));
}
END_TEST

static const char *const files[] = { "dsa0/version", "dsa0/state", "dsa0/pasid_enabled",
	"dsa0/cmd_status", "dsa0/gen_cap", "dsa0/op_cap", "dsa0/max_transfer_size",
	"dsa0/max_batch_size", "dsa0/numa_node", "dsa0/dsacaps", "wq0.0/state", "wq0.0/type",
	"wq0.0/driver_name", "wq0.0/mode", "wq0.0/name", "wq0.0/group_id", "wq0.0/size",
	"wq0.0/threshold", "wq0.0/max_transfer_size", "wq0.0/max_batch_size",
	"wq0.0/block_on_fault", "wq0.0/op_config", "wq0.0/clients", "group0.0/engines" };

enum { BAD_NOISE, BAD_BYTES, BAD_NUMBER, BAD_EMPTY, BAD_FOLDER, BAD_PIPE, BAD_WAYS };

/* What no driver would write. */
static void
put_bad(const char *name, unsigned way)
{
	static char noise[1 << 20];
	uint32_t seed = 1;

	remove(tree_path(name));
	switch (way) {
	case BAD_NOISE:
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (char)unit_random(&seed, 256);
		tree_put_bytes(name, noise, sizeof(noise));
		break;
	case BAD_BYTES:
		tree_put_bytes(name, "enabled\0\xff\x1b[31m", 13);
		break;
	case BAD_NUMBER:
		tree_put_bytes(name, "18446744073709551615", 20);
		break;
	case BAD_EMPTY:
		tree_put_bytes(name, "", 0);
		break;
	case BAD_FOLDER:
		tree_put_folder(name);
		break;
	default:
		ck_assert_int_eq(mkfifo(tree_path(name), 0600), 0);
	}
}

static void
survey_is_sane(void)
{
	same_int(survey(QUEUES_MAX), 1);
	for (unsigned i = 0; i < survey_queues->nfindings; i++) {
		const struct queue_finding *finding = &survey_queues->findings[i];

		ck_assert(is_printable(finding->file, sizeof(finding->file)));
		ck_assert(is_printable(finding->value, sizeof(finding->value)));
		ck_assert(is_printable(finding->why, sizeof(finding->why)));
		ck_assert(is_printable(finding->cure, sizeof(finding->cure)));
	}
	ck_assert(is_printable(survey_queues->label, sizeof(survey_queues->label)));
	ck_assert_uint_le(survey_queues->max_batch, 65536);
	ck_assert_uint_le(survey_queues->nfindings, QUEUES_FINDINGS);
}

/* One file after the other, and in the end all of them. */
START_TEST(hostile_files_are_harmless)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (unsigned way = 0; way < BAD_WAYS; way++) {
			put_bad(files[i], way);
			survey_is_sane();
		}
	holds(!survey_queues->is_usable);
}
END_TEST

TCase *
unit_queues_hostile(void)
{
	TCase *tc = unit_case("queues hostile");

	tcase_add_checked_fixture(tc, survey_begin, survey_end);
	tcase_add_loop_test(tc, an_attribute_that_cannot_be_read_is_said_to_be_so, 0,
	    (int)(sizeof(unread) / sizeof(unread[0])));
	tcase_add_test(tc, a_path_of_any_bytes_is_told_as_text);
	tcase_add_test(tc, hostile_files_are_harmless);
	return tc;
}
