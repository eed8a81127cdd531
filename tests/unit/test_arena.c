/* SPDX-License-Identifier: BSD-2-Clause */
/* test_arena.c: bounded staging memory, and who waits for it. */
#include "unit.h"

#include <errno.h>

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
	tcase_add_test(tc, one_that_is_put_back_goes_on_with_all_that_wait);
	return tc;
}
