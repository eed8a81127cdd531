/* SPDX-License-Identifier: BSD-2-Clause */
/* test_watch.c: stalled threads are noticed once; an idle watch sleeps. */
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/watch.h"

#define MS ((int64_t)1000000)

struct place {
	struct dmover_seat seat; /* first */
	sem_t told;
	atomic_uint ntold;
};

static void
stalled(struct dmover_seat *seat)
{
	struct place *place = (struct place *)seat;

	atomic_fetch_add(&place->ntold, 1);
	sem_post(&place->told);
}

static void
place_init(struct place *place, struct dmover_watch *watch, int64_t limit)
{
	memset(place, 0, sizeof(*place));
	sem_init(&place->told, 0, 0);
	place->seat.seat_limit = limit;
	place->seat.seat_stalled = stalled;
	dmover_watch_add(watch, &place->seat);
}

START_TEST(a_seat_that_stays_busy_is_told_once_for_each_piece_of_work)
{
	struct dmover_watch *watch;
	struct place place, other;

	same_int(dmover_watch_create(&watch), 0);
	place_init(&place, watch, 4 * MS);
	place_init(&other, watch, 40 * MS);
	for (unsigned round = 1; round <= 3; round++) {
		dmover_seat_begin(watch, &place.seat);
		unit_take(&place.told);
		/* Ten times as long: nothing tells it again. */
		dmover_seat_begin(watch, &other.seat);
		unit_take(&other.told);
		dmover_seat_end(&other.seat);
		same_size(atomic_load(&place.ntold), round);
		dmover_seat_end(&place.seat);
	}
	dmover_watch_remove(watch, &place.seat);
	dmover_watch_remove(watch, &other.seat);
	dmover_watch_destroy(watch);
	dmover_watch_destroy(NULL);
}
END_TEST

START_TEST(a_seat_that_goes_from_work_to_work_is_not_stalled)
{
	struct dmover_watch *watch;
	struct place busy, stuck;

	same_int(dmover_watch_create(&watch), 0);
	/* A limit that the test's own pauses do not reach. */
	place_init(&busy, watch, 20000 * MS);
	place_init(&stuck, watch, 20 * MS);
	dmover_seat_begin(watch, &stuck.seat);
	while (!unit_try(&stuck.told)) {
		dmover_seat_begin(watch, &busy.seat);
		dmover_seat_end(&busy.seat);
	}
	dmover_seat_end(&stuck.seat);
	same_size(atomic_load(&busy.ntold), 0);
	dmover_watch_remove(watch, &stuck.seat);
	dmover_watch_remove(watch, &busy.seat);
	dmover_watch_destroy(watch);
}
END_TEST

START_TEST(a_seat_that_is_gone_is_not_told)
{
	struct dmover_watch *watch;
	struct place gone, witness;

	same_int(dmover_watch_create(&watch), 0);
	place_init(&gone, watch, 10 * MS);
	place_init(&witness, watch, 20 * MS);
	dmover_seat_begin(watch, &gone.seat);
	dmover_watch_remove(watch, &gone.seat);
	dmover_seat_begin(watch, &witness.seat);
	unit_take(&witness.told);
	holds(atomic_load(&gone.ntold) <= 1);
	dmover_watch_remove(watch, &witness.seat);
	dmover_watch_destroy(watch);
}
END_TEST

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

START_TEST(a_seat_with_a_long_limit_does_not_delay_the_look_at_others)
{
	struct place patient, witness, hasty;
	struct dmover_watch *watch;
	int64_t start;

	same_int(dmover_watch_create(&watch), 0);
	place_init(&patient, watch, 10000 * MS);
	place_init(&witness, watch, 4 * MS);
	place_init(&hasty, watch, 4 * MS);
	dmover_seat_begin(watch, &patient.seat);
	dmover_seat_begin(watch, &witness.seat);
	unit_take(&witness.told);
	dmover_seat_end(&witness.seat);
	/* The watch has just looked, and only the patient one was left to wait for. */
	start = now_ns();
	dmover_seat_begin(watch, &hasty.seat);
	unit_take(&hasty.told);
	holds(now_ns() - start < 5000 * MS);
	dmover_seat_end(&hasty.seat);
	dmover_seat_end(&patient.seat);
	dmover_watch_remove(watch, &hasty.seat);
	dmover_watch_remove(watch, &witness.seat);
	dmover_watch_remove(watch, &patient.seat);
	dmover_watch_destroy(watch);
}
END_TEST

START_TEST(stalled_is_told_apart_from_come_back)
{
	struct dmover_watch *watch;
	struct place place;

	same_int(dmover_watch_create(&watch), 0);
	place_init(&place, watch, 4 * MS);
	dmover_seat_begin(watch, &place.seat);
	unit_take(&place.told);
	holds(dmover_seat_is_stalled(&place.seat));
	dmover_seat_end(&place.seat);
	holds(!dmover_seat_is_stalled(&place.seat));
	dmover_seat_begin(watch, &place.seat);
	holds(!dmover_seat_is_stalled(&place.seat));
	dmover_seat_end(&place.seat);
	dmover_watch_remove(watch, &place.seat);
	dmover_watch_destroy(watch);
}
END_TEST

/* The thread of this process that was started last. */
static int
last_thread(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int tid = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (atoi(entry->d_name) > tid && atoi(entry->d_name) != getpid())
			tid = atoi(entry->d_name);
	closedir(dir);
	return tid;
}

/* How often the thread went to sleep so far. */
static long
sleeps_of(int tid)
{
	char path[64], line[128];
	long n = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
			break;
	fclose(file);
	return n;
}

static void
let_time_pass(void)
{
	const struct timespec pause = { .tv_nsec = 50 * MS };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

START_TEST(an_idle_watch_sleeps_and_wakes_when_a_seat_gets_busy)
{
	struct dmover_watch *watch;
	struct place place;
	long before, after;
	int tid, tries = 0;

	same_int(dmover_watch_create(&watch), 0);
	tid = last_thread();
	place_init(&place, watch, 6 * MS);
	/* The subject is time itself: it must stop ticking within some seconds. */
	do {
		before = sleeps_of(tid);
		let_time_pass();
		after = sleeps_of(tid);
	} while (after != before && ++tries < 200);
	same_int(after, before);
	for (int i = 0; i < 2; i++) {
		dmover_seat_begin(watch, &place.seat);
		unit_take(&place.told);
		dmover_seat_end(&place.seat);
	}
	holds(sleeps_of(tid) > after);
	dmover_watch_remove(watch, &place.seat);
	dmover_watch_destroy(watch);
}
END_TEST

TCase *
unit_watch(void)
{
	TCase *tc = unit_case("watch");

	tcase_add_test(tc, a_seat_that_stays_busy_is_told_once_for_each_piece_of_work);
	tcase_add_test(tc, a_seat_that_goes_from_work_to_work_is_not_stalled);
	tcase_add_test(tc, a_seat_that_is_gone_is_not_told);
	tcase_add_test(tc, a_seat_with_a_long_limit_does_not_delay_the_look_at_others);
	tcase_add_test(tc, stalled_is_told_apart_from_come_back);
	tcase_add_test(tc, an_idle_watch_sleeps_and_wakes_when_a_seat_gets_busy);
	return tc;
}
