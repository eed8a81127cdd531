/* SPDX-License-Identifier: BSD-2-Clause */
/* test_core.c: the middle layer is started and stopped as one. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "fake.h"
#include "rig.h"

START_TEST(the_defaults_are_those_of_the_manual)
{
	struct dmover_core_options options;

	dmover_core_defaults(&options);
	same_text(options.engine, "auto");
	holds(options.workers > 0);
	same_size(options.uid_threads, 0);
	same_size(options.queue_depth, 1024);
	same_size(options.max_sessions, 16384);
	same_size(options.max_sessions_per_uid, 12288);
	same_size(options.hold_limit, 256 << 10);
	same_size(options.stage_limit, 64 << 20);
}
END_TEST

START_TEST(a_core_works_from_start_to_stop)
{
	const struct fake_plan plans[] = { { "copy", 1000, 3 } };
	struct dmover_core_options options;
	struct dmover_session *session;
	struct dmover_account *account;
	struct dmover_response response;
	struct fake_caller caller;
	struct dmover_batch *batch;
	struct dmover_core core;
	char why[200] = "";

	dmover_core_defaults(&options);
	options.workers = 2;
	same_int(dmover_core_init(&core, &options, why, sizeof(why)), 0);
	same_size(core.options.uid_threads, 3);
	same_size(core.accounts.limits.bytes, options.stage_limit / 2);
	account = dmover_account_get(&core.accounts, 1);
	session = rig_session(account, "copy", 10);
	caller_init(&caller, 4096);
	batch = caller_build(&caller, plans, 1);
	same_int(dmover_session_reserve(session, 1), 1);
	batch->bat_session = dmover_session_ref(session);
	batch->bat_account = dmover_account_ref(account);
	batch->bat_space = dmover_space_ref(&caller.fake.space);
	dmover_stage_post(&core.stage, batch);
	same_size(rig_responses(session, &response, 1), 1);
	same_int(response.rsp_error, 0);
	dmover_session_close(session);
	dmover_account_put(account);
	holds(dmover_core_stop(&core));
	dmover_core_fini(&core);
	caller_fini(&caller);
}
END_TEST

START_TEST(a_core_without_its_engine_does_not_start_and_tells_why)
{
	struct dmover_core_options options;
	struct dmover_core core;
	char why[200] = "";

	dmover_core_defaults(&options);
	options.engine = "nonsense";
	same_int(dmover_core_init(&core, &options, why, sizeof(why)), -EINVAL);
	holds(why[0] != '\0');
	options.engine = "fault:every=0";
	why[0] = '\0';
	same_int(dmover_core_init(&core, &options, why, sizeof(why)), -EINVAL);
	holds(strstr(why, "every") != NULL);
}
END_TEST

TCase *
unit_core(void)
{
	TCase *tc = unit_case("core");

	tcase_add_test(tc, the_defaults_are_those_of_the_manual);
	tcase_add_test(tc, a_core_works_from_start_to_stop);
	tcase_add_test(tc, a_core_without_its_engine_does_not_start_and_tells_why);
	return tc;
}
