/* SPDX-License-Identifier: BSD-2-Clause */
/* test_tree.c: what the files say about a model, before and after something happens to it. */
#include "tests/dsa/test_site.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/dsa/tree.h"

struct place {
	char root[64];
	struct dsa_model *model;
	struct dsa_tree *tree;
};

static void
changed(void *cookie)
{
	struct place *place = cookie;

	ck_assert_int_eq(dsa_tree_update(place->tree), 0);
}

static void
place_open(struct place *place, struct dsa_model_options options)
{
	char why[200] = "";

	scratch_make(place->root, sizeof(place->root));
	options.changed = changed;
	options.cookie = place;
	ck_assert_int_eq(dsa_model_create(&options, &place->model, why, sizeof(why)), 0);
	ck_assert_msg(
	    dsa_tree_create(place->model, place->root, &place->tree, why, sizeof(why)) == 0, "%s",
	    why);
}

static void
place_close(struct place *place)
{
	dsa_model_destroy(place->model);
	ck_assert_int_eq(rmdir(place->root), 0);
}

/* The file's text is WANTED and a line's end. */
static void
says(const struct place *place, const char *file, const char *wanted)
{
	char path[200], text[300] = "", line[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", place->root, file);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	fclose(f);
	snprintf(line, sizeof(line), "%s\n", wanted);
	text[0] = (char)seen((uint8_t)text[0]);
	ck_assert_msg(strcmp(text, line) == 0, "%s: %s", file, text);
}

START_TEST(a_tree_tells_of_the_device)
{
	struct place place;
	char pid[32];

	place_open(&place, (struct dsa_model_options){ .number = 2 });
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	says(&place, "dsa2/state", "enabled");
	says(&place, "dsa2/version", "0x100");
	says(&place, "dsa2/pasid_enabled", "1");
	says(&place, "dsa2/gen_cap", "0x815f000f");
	says(&place, "dsa2/model", pid);
	says(&place, "dsa2/op_cap",
	    "00000000,00000000,00000000,00000000,00000000,00000000,00000000,0003023d");
	says(&place, "group2.0/engines", "engine2.0 engine2.1 engine2.2 engine2.3");
	says(&place, "group2.0/work_queues", "wq2.0");
	says(&place, "dsa2/wq2.0/state", "enabled");
	dsa_tree_destroy(place.tree);
	place_close(&place);
}
END_TEST

START_TEST(a_tree_tells_of_dsa_3)
{
	struct place place;

	place_open(
	    &place, (struct dsa_model_options){
			.version = DSA_VERSION_3, .no_overlap = true, .no_cache_control = true });
	says(&place, "dsa0/version", "0x300");
	says(&place, "dsa0/gen_cap", "0x815f0001");
	says(&place, "dsa0/op_cap",
	    "00000000,00000000,00000000,00000000,00000000,00000000,00000000,0203023f");
	says(&place, "dsa0/dsacaps", "0000000000000000,002000000000000f,0000000000000000");
	dsa_tree_destroy(place.tree);
	place_close(&place);
}
END_TEST

START_TEST(a_tree_tells_of_the_queues)
{
	const struct dsa_model_options options = {
		.nqueues = 2,
		.queues = {
			{ .size = 64, .threshold = 48, .name = "first", .max_batch = 7 },
			{ .is_dedicated = true, .max_transfer = 65536, .may_block_on_fault = true,
			    .disabled_ops = UINT64_C(1) << 0x10 },
		},
	};
	struct place place;

	place_open(&place, options);
	says(&place, "wq0.0/mode", "shared");
	says(&place, "wq0.0/size", "64");
	says(&place, "wq0.0/threshold", "48");
	says(&place, "wq0.0/name", "first");
	says(&place, "wq0.0/max_batch_size", "7");
	says(&place, "wq0.0/max_transfer_size", "2097152");
	says(&place, "wq0.0/block_on_fault", "0");
	says(&place, "wq0.0/type", "user");
	says(&place, "wq0.0/driver_name", "user");
	says(&place, "wq0.0/group_id", "0");
	says(&place, "wq0.1/mode", "dedicated");
	says(&place, "wq0.1/threshold", "0");
	says(&place, "wq0.1/max_transfer_size", "65536");
	says(&place, "wq0.1/block_on_fault", "1");
	says(&place, "wq0.1/op_config",
	    "00000000,00000000,00000000,00000000,00000000,00000000,00000000,0002023d");
	dsa_tree_destroy(place.tree);
	place_close(&place);
}
END_TEST

START_TEST(a_tree_follows_the_model)
{
	struct place place;

	place_open(&place, (struct dsa_model_options){ .nqueues = 2 });
	dsa_model_disable(place.model, 1);
	says(&place, "wq0.0/state", "enabled");
	says(&place, "wq0.1/state", "disabled");
	dsa_model_enable(place.model, 1);
	says(&place, "wq0.1/state", "enabled");
	dsa_model_halt(place.model);
	says(&place, "dsa0/state", "halted");
	says(&place, "wq0.0/state", "disabled");
	dsa_model_reset(place.model);
	says(&place, "dsa0/state", "enabled");
	says(&place, "wq0.0/state", "disabled");
	dsa_tree_destroy(place.tree);
	place_close(&place);
}
END_TEST

START_TEST(a_tree_tells_who_has_a_queue_open)
{
	const struct dsa_memory memory = dsa_memory_process(getpid());
	struct dsa_client *client[2];
	struct place place;

	place_open(&place, (struct dsa_model_options){ .nqueues = 2 });
	says(&place, "wq0.1/clients", "0");
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(dsa_client_open(place.model, 1, &memory, &client[i]), 0);
	ck_assert_int_eq(dsa_tree_update(place.tree), 0);
	says(&place, "wq0.0/clients", "0");
	says(&place, "wq0.1/clients", "2");
	says(&place, "dsa0/clients", "2");
	dsa_client_close(client[0]);
	ck_assert_int_eq(dsa_tree_update(place.tree), 0);
	says(&place, "wq0.1/clients", "1");
	dsa_client_close(client[1]);
	dsa_tree_destroy(place.tree);
	place_close(&place);
}
END_TEST

START_TEST(models_share_a_tree_unless_their_numbers_are_equal)
{
	struct dsa_model_options options = { .number = 1 };
	struct dsa_model *other;
	struct dsa_tree *tree;
	struct place place;
	char why[200] = "";

	place_open(&place, (struct dsa_model_options){ .number = 0 });
	ck_assert_int_eq(dsa_model_create(&options, &other, why, sizeof(why)), 0);
	ck_assert_int_eq(dsa_tree_create(other, place.root, &tree, why, sizeof(why)), 0);
	says(&place, "wq1.0/state", "enabled");
	dsa_tree_destroy(tree);
	dsa_model_destroy(other);
	options.number = 0;
	ck_assert_int_eq(dsa_model_create(&options, &other, why, sizeof(why)), 0);
	ck_assert_int_eq(dsa_tree_create(other, place.root, &tree, why, sizeof(why)), -EEXIST);
	ck_assert_str_ne(why, "");
	says(&place, "wq0.0/state", "enabled");
	dsa_model_destroy(other);
	dsa_tree_destroy(place.tree);
	place_close(&place);
}
END_TEST

TCase *
test_tree(void)
{
	TCase *tcase = tcase_create("tree");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_tree_tells_of_the_device);
	tcase_add_test(tcase, a_tree_tells_of_dsa_3);
	tcase_add_test(tcase, a_tree_tells_of_the_queues);
	tcase_add_test(tcase, a_tree_follows_the_model);
	tcase_add_test(tcase, a_tree_tells_who_has_a_queue_open);
	tcase_add_test(tcase, models_share_a_tree_unless_their_numbers_are_equal);
	return tcase;
}
