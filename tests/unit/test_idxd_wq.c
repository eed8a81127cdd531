/* SPDX-License-Identifier: BSD-2-Clause */
/* test_idxd_wq.c: which road leads into a queue, and what its answers mean. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "engines/idxd/wq.h"
#include "idxd_fake.h"

static struct idxd_record record;
static struct idxd_stats stats;

static int
open_wq(struct idxd_wq *wq, enum idxd_road road, char *why, size_t len)
{
	const struct idxd_wq_plan plan = {
		.door = &idxd_fake_door,
		.queue = &idxd_fake.queues[0],
		.road = road,
		.record = &record,
		.stats = &stats,
	};

	memset(&stats, 0, sizeof(stats));
	why[0] = '\0';
	return idxd_wq_open(wq, &plan, why, len);
}

/* Everything that was opened is closed. */
static void
end(void)
{
	same_size(atomic_load(&idxd_fake.nopen), atomic_load(&idxd_fake.nclosed));
	idxd_fake_fini();
}

START_TEST(without_the_instruction_the_road_is_write)
{
	struct idxd_wq wq;
	char why[128];

	idxd_fake_init(1);
	same_int(open_wq(&wq, IDXD_ROAD_AUTO, why, sizeof(why)), 0);
	same_text(idxd_wq_road(&wq), "write");
	idxd_wq_close(&wq);
	same_int(open_wq(&wq, IDXD_ROAD_PORTAL, why, sizeof(why)), -EOPNOTSUPP);
	holds(strstr(why, "ENQCMD") != NULL);
	idxd_fake.queues[0].is_shared = false;
	same_int(open_wq(&wq, IDXD_ROAD_PORTAL, why, sizeof(why)), -EOPNOTSUPP);
	holds(strstr(why, "MOVDIR64B") != NULL);
	end();
}
END_TEST

START_TEST(without_the_right_to_map_the_road_is_write)
{
	struct idxd_wq wq;
	char why[128];

	idxd_fake_init(1);
	idxd_fake.has_portal = true;
	idxd_fake.map_error = -EPERM;
	same_int(open_wq(&wq, IDXD_ROAD_AUTO, why, sizeof(why)), 0);
	same_text(idxd_wq_road(&wq), "write");
	idxd_wq_close(&wq);
	same_int(open_wq(&wq, IDXD_ROAD_PORTAL, why, sizeof(why)), -EOPNOTSUPP);
	holds(strstr(why, "CAP_SYS_RAWIO") != NULL);
	end();
}
END_TEST

START_TEST(a_node_that_does_not_open_says_why)
{
	struct idxd_wq wq;
	char why[128];

	idxd_fake_init(1);
	idxd_fake.open_error = -EBUSY;
	same_int(open_wq(&wq, IDXD_ROAD_AUTO, why, sizeof(why)), -EBUSY);
	holds(strstr(why, strerror(EBUSY)) != NULL);
	end();
}
END_TEST

START_TEST(a_kernel_without_write_says_so)
{
	struct idxd_wq wq;
	char why[128];

	idxd_fake_init(1);
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	idxd_fake.error = -EINVAL;
	same_int(open_wq(&wq, IDXD_ROAD_WRITE, why, sizeof(why)), -EINVAL);
	holds(strstr(why, strerror(EINVAL)) != NULL);
	end();
}
END_TEST

START_TEST(a_queue_that_stays_full_or_silent_is_given_up)
{
	struct idxd_wq wq;
	char why[128];

	idxd_fake_init(1);
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	idxd_fake.error = -EAGAIN;
	same_int(open_wq(&wq, IDXD_ROAD_WRITE, why, sizeof(why)), -EAGAIN);
	/* Taken, and nothing comes of it. */
	idxd_fake.error = sizeof(struct idxd_desc);
	same_int(open_wq(&wq, IDXD_ROAD_WRITE, why, sizeof(why)), -ETIMEDOUT);
	/* More than was asked. */
	atomic_store(&idxd_fake.way, IDXD_FAKE_WORKS);
	idxd_fake.extra = 1;
	same_int(open_wq(&wq, IDXD_ROAD_WRITE, why, sizeof(why)), -EIO);
	end();
}
END_TEST

START_TEST(answers_of_write_are_descriptors)
{
	struct idxd_desc descs[4];
	struct idxd_record records[4];
	struct idxd_wq wq;
	char why[128];
	uint8_t byte;

	idxd_fake_init(1);
	ck_assert_int_eq(open_wq(&wq, IDXD_ROAD_WRITE, why, sizeof(why)), 0);
	for (unsigned i = 0; i < 4; i++) {
		idxd_desc_fill(&descs[i], 0, &byte, 1, 1);
		idxd_desc_aim(&descs[i], &records[i]);
	}
	same_int(idxd_wq_submit(&wq, descs, 4), 4);
	idxd_fake.short_count = 3;
	same_int(idxd_wq_submit(&wq, descs, 4), 3);
	idxd_fake.extra = 2; /* more than there were */
	same_int(idxd_wq_submit(&wq, descs, 4), 5);
	atomic_store(&idxd_fake.way, IDXD_FAKE_FAILS);
	idxd_fake.error = -EAGAIN;
	same_int(idxd_wq_submit(&wq, descs, 4), 0);
	idxd_fake.error = -EINTR;
	same_int(idxd_wq_submit(&wq, descs, 4), 0);
	idxd_fake.error = -ENXIO;
	same_int(idxd_wq_submit(&wq, descs, 4), -ENXIO);
	same_size(atomic_load(&stats.writes), 6);
	idxd_wq_close(&wq);
	end();
}
END_TEST

TCase *
unit_idxd_wq(void)
{
	TCase *tc = unit_case("idxd wq");

	tcase_add_test(tc, without_the_instruction_the_road_is_write);
	tcase_add_test(tc, without_the_right_to_map_the_road_is_write);
	tcase_add_test(tc, a_node_that_does_not_open_says_why);
	tcase_add_test(tc, a_kernel_without_write_says_so);
	tcase_add_test(tc, a_queue_that_stays_full_or_silent_is_given_up);
	tcase_add_test(tc, answers_of_write_are_descriptors);
	return tc;
}
