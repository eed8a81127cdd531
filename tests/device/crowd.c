/* SPDX-License-Identifier: BSD-2-Clause */
/* crowd.c: very many sessions, and very many that wait. */
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include "memory.h"
#include "session.h"
#include "sleeper.h"

#define SESSIONS 10000
#define READERS  100

START_TEST(ten_thousand_sessions_may_be_open_at_once)
{
	struct rlimit limit = { SESSIONS + 100, SESSIONS + 100 }, old;
	int *fds = calloc(SESSIONS, sizeof(*fds));

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	if (old.rlim_max > limit.rlim_max)
		limit.rlim_max = old.rlim_max;
	if (old.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) != 0)
		SKIP("RLIMIT_NOFILE stays at %llu: %s", (unsigned long long)old.rlim_max,
		    strerror(errno));
	for (unsigned i = 0; i < SESSIONS; i++)
		fds[i] = session_open("zero");
	/* One response waits in each of some, first and last among them. */
	for (unsigned i = 0; i < SESSIONS; i += 101)
		session_fill(fds[i], i, 1);
	session_fill(fds[SESSIONS - 1], SESSIONS - 1, 1);
	suite_daemon_works();
	for (unsigned i = 0; i < SESSIONS; i += 101)
		EXPECT(session_response(fds[i]).resp_id, i);
	EXPECT(session_response(fds[SESSIONS - 1]).resp_id, SESSIONS - 1);
	for (unsigned i = 0; i < SESSIONS; i++)
		close(fds[i]);
	suite_daemon_works();
}
END_TEST

START_TEST(a_hundred_readers_may_sleep_at_once)
{
	struct sleeper *readers = calloc(READERS, sizeof(*readers));
	struct dmio_usrresp *responses = calloc(READERS, sizeof(*responses));

	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct sleeper){ .fd = session_open("zero"),
			.call = sleeper_read,
			.buf = &responses[i],
			.len = sizeof(responses[i]) };
		sleeper_start(&readers[i]);
		sleeper_wait_asleep(&readers[i]);
	}
	/* From the last to the first: nobody waits for anybody else. */
	for (unsigned i = READERS; i-- > 0;) {
		session_fill(readers[i].fd, i, 1);
		sleeper_join(&readers[i]);
		EXPECT(readers[i].result, sizeof(responses[i]));
		EXPECT(responses[i].resp_id, i);
	}
}
END_TEST

START_TEST(a_hundred_writers_may_sleep_at_once)
{
	struct sleeper *writers = calloc(READERS, sizeof(*writers));
	struct request request;

	request_empty(&request, 1);
	for (unsigned i = 0; i < READERS; i++) {
		int fd = session_open("zero");

		session_fill(fd, 0, suite_depth());
		writers[i] = (struct sleeper){ .fd = fd,
			.call = sleeper_write,
			.buf = &request.wire,
			.len = sizeof(request.wire) };
		sleeper_start(&writers[i]);
		sleeper_wait_asleep(&writers[i]);
	}
	for (unsigned i = READERS; i-- > 0;) {
		session_drain(writers[i].fd, 1);
		sleeper_join(&writers[i]);
		EXPECT(writers[i].result, sizeof(request.wire));
	}
}
END_TEST

/* Hundreds of megabytes wanted at the same time: the daemon's own memory is bounded, the work is done. */
START_TEST(much_large_work_in_many_sessions_is_done)
{
	enum { N = 40, LARGE = 4 };
	uint8_t *from = memory_map(LARGE * MIB), *to = memory_map(LARGE * MIB);
	struct request request;
	int fds[N];

	memory_fill(from, LARGE * MIB, 8);
	request_init(&request, 1);
	request_in(&request, 0, from, LARGE * MIB);
	request_out(&request, to, LARGE * MIB);
	for (unsigned i = 0; i < N; i++) {
		fds[i] = session_open("copy");
		for (unsigned n = 0; n < 4; n++)
			session_write(fds[i], &request.wire, 1);
	}
	for (unsigned i = 0; i < N; i++)
		session_drain(fds[i], 4);
	EXPECT_BYTES(to, from, LARGE * MIB);
}
END_TEST

Suite *
suite_crowd(void)
{
	Suite *suite = suite_create("crowd");
	TCase *tcase = suite_case(suite, "crowd");

	tcase_add_test(tcase, ten_thousand_sessions_may_be_open_at_once);
	tcase_add_test(tcase, a_hundred_readers_may_sleep_at_once);
	tcase_add_test(tcase, a_hundred_writers_may_sleep_at_once);
	tcase_add_test(tcase, much_large_work_in_many_sessions_is_done);
	return suite;
}
