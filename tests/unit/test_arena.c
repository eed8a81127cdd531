/* SPDX-License-Identifier: BSD-2-Clause */
/* test_arena.c: bounded staging memory, and who waits for it. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/arena.h"
#include "rig.h"

START_TEST(there_are_as_many_as_the_limit_allows)
{
	struct stage_arena *one, *other;
	struct dmover_arenas arenas;

	dmover_arenas_init(&arenas, NULL, 3 * STAGE_ARENA - 1);
	one = dmover_arena_get(&arenas);
	other = dmover_arena_get(&arenas);
	holds(one != NULL && other != NULL && one != other);
	holds(dmover_arena_get(&arenas) == NULL);
	one->memory[0] = other->memory[STAGE_ARENA - 1] = 1;
	dmover_arena_put(&arenas, one);
	dmover_arena_put(&arenas, other);
	/* The one that was used last is the warm one. */
	holds(dmover_arena_get(&arenas) == other);
	dmover_arena_put(&arenas, other);
	dmover_arenas_fini(&arenas);
}
END_TEST

START_TEST(memory_is_brought_in_before_it_is_handed_out)
{
	struct stage_arena *all[4];
	struct dmover_arenas arenas;

	dmover_arenas_init(&arenas, NULL, 4 * STAGE_ARENA);
	for (unsigned i = 0; i < 4; i++) {
		all[i] = dmover_arena_get(&arenas);
		ck_assert_ptr_nonnull(all[i]);
		same_size((uintptr_t)all[i]->memory % STAGE_ALIGNMENT, 0);
		holds(dmover_space_self.spc_ops->spo_is_resident(
		    &dmover_space_self, all[i]->memory, STAGE_ARENA));
		memset(all[i]->memory, (int)i, STAGE_ARENA);
	}
	for (unsigned i = 0; i < 4; i++) {
		holds(all[i]->memory[0] == i && all[i]->memory[STAGE_ARENA - 1] == i);
		dmover_arena_put(&arenas, all[i]);
	}
	dmover_arenas_fini(&arenas);
}
END_TEST

START_TEST(without_addresses_there_is_no_memory)
{
	struct dmover_arenas arenas;

	dmover_arenas_init(&arenas, NULL, UINT32_MAX * STAGE_ARENA);
	holds(dmover_arena_get(&arenas) == NULL);
	dmover_arenas_fini(&arenas);
}
END_TEST

static sem_t has_run;

static void
run(struct dmover_work *work)
{
	(void)work;
	sem_post(&has_run);
}

START_TEST(one_that_is_put_back_goes_on_with_all_that_wait)
{
	struct dmover_work works[3];
	struct stage_arena *arena;
	struct dmover_arenas none;
	struct rig rig;

	sem_init(&has_run, 0, 0);
	rig_start(&rig, &(struct rig_options){ .workers = 1, .arenas = 1 });
	for (int i = 0; i < 3; i++)
		works[i] = (struct dmover_work){ .wk_run = run, .wk_flow = &rig.account->acc_flow };
	arena = dmover_arena_get(&rig.stage.arenas);
	same_int(dmover_arena_wait(&rig.stage.arenas, &works[0]), 0);
	same_int(dmover_arena_wait(&rig.stage.arenas, &works[1]), 0);
	holds(!unit_try(&has_run));
	dmover_arena_put(&rig.stage.arenas, arena);
	unit_take(&has_run);
	unit_take(&has_run);
	holds(dmover_arena_get(&rig.stage.arenas) == arena);
	dmover_arena_put(&rig.stage.arenas, arena);
	holds(!unit_try(&has_run));
	same_int(dmover_arena_wait(&rig.stage.arenas, &works[2]), -EAGAIN);
	rig_stop(&rig);

	dmover_arenas_init(&none, NULL, STAGE_ARENA - 1);
	holds(dmover_arena_get(&none) == NULL);
	same_int(dmover_arena_wait(&none, &works[2]), -ENOMEM);
	dmover_arenas_fini(&none);
}
END_TEST

TCase *
unit_arena(void)
{
	TCase *tc = unit_case("arena");

	tcase_add_test(tc, there_are_as_many_as_the_limit_allows);
	tcase_add_test(tc, memory_is_brought_in_before_it_is_handed_out);
	tcase_add_test(tc, without_addresses_there_is_no_memory);
	tcase_add_test(tc, one_that_is_put_back_goes_on_with_all_that_wait);
	return tc;
}
