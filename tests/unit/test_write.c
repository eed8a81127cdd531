/* SPDX-License-Identifier: BSD-2-Clause */
/* test_write.c: write(2): held and posted, whole and in part, full queues, slow ways. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define RECORD   ((ssize_t)sizeof(struct dmio_usrreq))
#define RESPONSE ((ssize_t)sizeof(struct dmio_usrresp))
#define LARGE    ((size_t)3 << 20)

static uint8_t *
make_bytes(size_t len, uint32_t seed)
{
	uint8_t *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)unit_random(&seed, 256);
	return bytes;
}

START_TEST(small_writes_are_done_before_their_answer)
{
	uint8_t *in = make_bytes(5000, 1), *out = make_bytes(5000, 2);
	struct dmio_usrresp response;
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 9, out, in, 5000);
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	same_bytes(in, out, 5000);
	same_int(kernel_read(&kernel, &response, 1, true), RESPONSE);
	same_int(response.resp_error, 0);
	same_size(atomic_load(&kernel.core.stats.st_held), 1);
	same_size(atomic_load(&kernel.core.stats.st_posted), 0);
	kernel_stop(&kernel);
	free(in);
	free(out);
}
END_TEST

START_TEST(large_writes_are_posted_and_done_while_the_reader_waits)
{
	uint8_t *in = make_bytes(LARGE, 1), *out = make_bytes(LARGE, 2);
	struct dmio_usrresp response;
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	for (int i = 0; i < 5; i++) {
		memset(out, 0, LARGE);
		kernel_copy(&copy, 9, out, in, LARGE);
		same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
		same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
		same_int(response.resp_error, 0);
		same_bytes(in, out, LARGE);
	}
	same_size(atomic_load(&kernel.core.stats.st_posted), 5);
	kernel_stop(&kernel);
	free(in);
	free(out);
}
END_TEST

START_TEST(a_later_record_that_is_bad_makes_the_count_short)
{
	uint8_t in[8] = { 1 }, out[8];
	struct dmio_usrreq three[3];
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	three[0] = three[1] = three[2] = copy.request;
	three[2].req_outbuf.dmbuf_iovcnt = 0;
	same_int(kernel_write(&kernel, three, 3, false), 2 * RECORD);
	three[0].req_inbuf = (dmio_buffer *)16;
	same_int(kernel_write(&kernel, three, 3, false), -EFAULT);
	same_int(kernel_write(&kernel, &three[2], 1, false), -EINVAL);
	same_size(kernel.session->ses_nreqs, 2);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(bad_data_is_an_answer_and_not_an_error_of_the_write)
{
	uint8_t in[8] = { 1 };
	struct dmio_usrresp response;
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 1, (void *)16, in, sizeof(in));
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
	same_int(response.resp_error, EFAULT);
	kernel_copy(&copy, 1, (void *)16, in, LARGE);
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
	same_int(response.resp_error, EFAULT);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(lengths_and_order_of_calls_are_checked)
{
	uint8_t bytes[80] = { 0 };
	struct dmio_usrreq request = { 0 };
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, NULL);
	same_int(kernel_write(&kernel, &request, 1, false), -ENXIO);
	same_int(kernel_setfunc(&kernel, "copy"), 0);
	kernel_call(&kernel, &call);
	dmio_write(&call.call, bytes, 39);
	same_int(kernel_answer(&call), -EINVAL);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_caller_that_cannot_be_seen_is_refused)
{
	uint8_t in[8] = { 1 }, out[8];
	struct kernel_copy copy;
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	kernel_call(&kernel, &call);
	call.ctx.pid = 0;
	dmio_write(&call.call, (const uint8_t *)&copy.request, sizeof(copy.request));
	same_int(kernel_answer(&call), -EPERM);
	same_size(kernel.session->ses_nwriters, 0);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_full_queue_is_told_to_who_will_not_wait)
{
	uint8_t in[8] = { 1 }, out[8];
	struct dmover_core_options options;
	struct dmio_usrresp responses[4];
	struct dmio_usrreq five[5];
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_options(&options);
	options.queue_depth = 4;
	kernel_start(&kernel, &options, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	for (int i = 0; i < 5; i++)
		five[i] = copy.request;
	same_int(kernel_write(&kernel, five, 5, true), 4 * RECORD);
	same_int(kernel_write(&kernel, five, 1, true), -EAGAIN);
	same_int(kernel_read(&kernel, responses, 3, true), 3 * RESPONSE);
	same_int(kernel_write(&kernel, five, 5, true), 3 * RECORD);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_blocked_writer_goes_on_as_places_get_free)
{
	uint8_t in[8] = { 1 }, out[8];
	struct dmover_core_options options;
	struct dmio_usrresp responses[4];
	struct dmio_usrreq ten[10];
	struct kernel_copy copy;
	struct kernel_call call;
	struct kernel kernel;

	kernel_options(&options);
	options.queue_depth = 4;
	kernel_start(&kernel, &options, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	for (int i = 0; i < 10; i++)
		ten[i] = copy.request;
	kernel_begin_write(&kernel, &call, ten, 10);
	holds(kernel_is_waiting(&call));
	for (int left = 10; left > 0;) {
		ssize_t n = kernel_read(&kernel, responses, 1, false);

		same_int(n, RESPONSE);
		left--;
	}
	same_int(kernel_answer(&call), 10 * RECORD);
	same_int(kernel_read(&kernel, responses, 1, true), -EAGAIN);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(with_too_many_threads_inside_a_worker_does_the_write)
{
	uint8_t in[8] = { 1, 2, 3 }, out[8] = { 0 };
	struct dmover_core_options options;
	struct kernel_copy copy;
	struct kernel_call call;
	struct kernel kernel;

	kernel_options(&options);
	options.uid_threads = 1;
	kernel_start(&kernel, &options, "copy");
	holds(dmover_pool_enter(kernel.core.pool, kernel.session->ses_account));
	kernel_copy(&copy, 1, out, in, sizeof(in));
	kernel_begin_write(&kernel, &call, &copy.request, 1);
	holds(kernel_is_waiting(&call));
	same_size(atomic_load(&kernel.core.stats.st_deferred), 1);
	dmover_pool_leave(kernel.core.pool, kernel.session->ses_account);
	same_int(kernel_answer(&call), RECORD);
	same_bytes(in, out, sizeof(in));
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_write_of_another_user_counts_on_its_own_account)
{
	uint8_t *in = make_bytes(LARGE, 1), *out = make_bytes(LARGE, 2);
	struct dmio_usrresp response;
	struct kernel_copy copy;
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 1, out, in, LARGE);
	kernel_call(&kernel, &call);
	call.ctx.uid += 5;
	dmio_write(&call.call, (const uint8_t *)&copy.request, sizeof(copy.request));
	same_int(kernel_answer(&call), RECORD);
	same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
	same_bytes(in, out, LARGE);
	kernel_stop(&kernel);
	free(in);
	free(out);
}
END_TEST

/* Uses the user's memory for descriptors up, or gives it back. */
static void
use_up(struct kernel *kernel, bool is_used)
{
	struct dmover_account *account = kernel->session->ses_account;
	size_t left = kernel->core.accounts.limits.bytes_per_uid;

	if (is_used)
		ck_assert_int_eq(
		    dmover_account_charge(account, left - atomic_load(&account->acc_bytes)), 0);
	else
		dmover_account_uncharge(account, left - kernel->session->ses_charged);
}

START_TEST(without_memory_nothing_is_kept_and_small_writes_go_on)
{
	uint8_t *in = make_bytes(LARGE, 1), *out = make_bytes(LARGE, 2);
	struct dmio_usrresp response;
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 1, out, in, 100);
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	use_up(&kernel, true);
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
	same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
	/* A reader that would have to wait cannot be kept. */
	same_int(kernel_read(&kernel, &response, 1, false), -ENOMEM);
	/* Neither can what would be posted. */
	kernel_copy(&copy, 1, out, in, LARGE);
	same_int(kernel_write(&kernel, &copy.request, 1, true), -EAGAIN);
	same_int(kernel_write(&kernel, &copy.request, 1, false), -ENOMEM);
	use_up(&kernel, false);
	same_int(kernel_write(&kernel, &copy.request, 1, false), RECORD);
	same_int(kernel_read(&kernel, &response, 1, false), RESPONSE);
	same_bytes(in, out, LARGE);
	kernel_stop(&kernel);
	free(in);
	free(out);
}
END_TEST

#define ARENAS_MAX 64

static bool
has_waiting(struct dmover_arenas *arenas)
{
	bool has;

	pthread_mutex_lock(&arenas->lock);
	has = arenas->waiting != NULL;
	pthread_mutex_unlock(&arenas->lock);
	return has;
}

/* A large write that cannot be posted, while all staging memory is elsewhere: it is kept waiting. */
struct starving {
	struct kernel kernel;
	struct stage_arena *arenas[ARENAS_MAX];
	unsigned narenas;
	uint8_t *in, *out;
	struct kernel_copy copy;
	struct kernel_call call;
};

static void
starve(struct starving *at)
{
	struct dmover_account_limits *limits;
	struct dmover_arenas *arenas;

	at->in = make_bytes(LARGE, 1);
	at->out = make_bytes(LARGE, 2);
	kernel_start(&at->kernel, NULL, "copy");
	limits = &at->kernel.core.accounts.limits;
	arenas = &at->kernel.core.stage.arenas;
	limits->posts = limits->posts_per_uid = 1;
	ck_assert_int_eq(dmover_account_post(at->kernel.session->ses_account), 0);
	at->narenas = 0;
	while ((at->arenas[at->narenas] = dmover_arena_get(arenas)) != NULL)
		ck_assert_uint_lt(++at->narenas, ARENAS_MAX);
	kernel_copy(&at->copy, 1, at->out, at->in, LARGE);
	kernel_begin_write(&at->kernel, &at->call, &at->copy.request, 1);
	/* A worker has met the want, and waits no more. */
	while (!has_waiting(arenas))
		sched_yield();
	holds(kernel_is_waiting(&at->call));
}

static void
feed(struct starving *at)
{
	while (at->narenas > 0)
		dmover_arena_put(&at->kernel.core.stage.arenas, at->arenas[--at->narenas]);
}

static void
end(struct starving *at)
{
	dmover_account_unpost(at->kernel.session->ses_account);
	kernel_stop(&at->kernel);
	free(at->in);
	free(at->out);
}

START_TEST(without_staging_memory_a_write_waits_for_it)
{
	struct dmio_usrresp response;
	struct starving at;

	starve(&at);
	feed(&at);
	same_int(kernel_answer(&at.call), RECORD);
	same_int(kernel_read(&at.kernel, &response, 1, false), RESPONSE);
	same_int(response.resp_error, 0);
	same_bytes(at.in, at.out, LARGE);
	end(&at);
}
END_TEST

START_TEST(a_signal_ends_the_wait_for_staging_memory)
{
	struct starving at;

	starve(&at);
	kernel_interrupt(&at.call);
	same_int(kernel_answer(&at.call), -EINTR);
	feed(&at);
	holds(memcmp(at.in, at.out, LARGE) != 0);
	end(&at);
}
END_TEST

START_TEST(who_will_not_wait_is_told_that_there_is_no_staging_memory)
{
	struct starving at;

	starve(&at);
	same_int(kernel_write(&at.kernel, &at.copy.request, 1, true), -EAGAIN);
	feed(&at);
	same_int(kernel_answer(&at.call), RECORD);
	end(&at);
}
END_TEST

TCase *
unit_write(void)
{
	TCase *tc = unit_case("write");

	tcase_add_test(tc, small_writes_are_done_before_their_answer);
	tcase_add_test(tc, large_writes_are_posted_and_done_while_the_reader_waits);
	tcase_add_test(tc, a_later_record_that_is_bad_makes_the_count_short);
	tcase_add_test(tc, bad_data_is_an_answer_and_not_an_error_of_the_write);
	tcase_add_test(tc, lengths_and_order_of_calls_are_checked);
	tcase_add_test(tc, a_caller_that_cannot_be_seen_is_refused);
	tcase_add_test(tc, a_full_queue_is_told_to_who_will_not_wait);
	tcase_add_test(tc, a_blocked_writer_goes_on_as_places_get_free);
	tcase_add_test(tc, with_too_many_threads_inside_a_worker_does_the_write);
	tcase_add_test(tc, a_write_of_another_user_counts_on_its_own_account);
	tcase_add_test(tc, without_memory_nothing_is_kept_and_small_writes_go_on);
	tcase_add_test(tc, without_staging_memory_a_write_waits_for_it);
	tcase_add_test(tc, a_signal_ends_the_wait_for_staging_memory);
	tcase_add_test(tc, who_will_not_wait_is_told_that_there_is_no_staging_memory);
	return tc;
}
