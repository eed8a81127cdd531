/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd_speed.c: what the engine costs for each descriptor, beside the barest loop that does the same on
 * the same queue: write(2), then looking at the records.
 *
 * Over files of a real mount (idxd_node.sh), whose node costs what a system call and another process
 * cost.  The ways take turns, and the best round of each counts.  Only the bytes can fail.
 */
#include "idxd_load.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engines/idxd/desc.h"
#include "engines/idxd/wait.h"
#include "roster.h"

#define LEN       4096u
#define DEPTH_MAX 64u
#define ROUNDS    15u
#define TOTAL     512u /* descriptors in a round */

struct lane {
	struct idxd_desc desc;
	struct idxd_record record __attribute__((aligned(64)));
	uint8_t in[LEN] __attribute__((aligned(64)));
	uint8_t out[LEN] __attribute__((aligned(64)));
	struct work work;
};

struct race {
	int fd; /* of the queue, for the bare loop */
	struct rig rig;
	struct lane *lanes;
	struct idxd_desc *descs;
	sem_t ended;
};

/* DEPTH descriptors in one write(2), or as many as the queue takes; then all records. */
static void
run_bare(struct race *race, unsigned depth)
{
	const size_t size = depth * sizeof(*race->descs);
	size_t sent = 0;

	for (unsigned i = 0; i < depth; i++) {
		struct lane *lane = &race->lanes[i];

		idxd_desc_copy(&race->descs[i], 0, lane->out, lane->in, LEN);
		idxd_desc_aim(&race->descs[i], &lane->record);
		idxd_record_clear(&lane->record);
	}
	while (sent < size) {
		ssize_t n = write(race->fd, (const uint8_t *)race->descs + sent, size - sent);

		rig_demand(n > 0 || errno == EAGAIN, "write: %s", strerror(errno));
		sent += n > 0 ? (size_t)n : 0;
	}
	for (unsigned i = 0; i < depth; i++)
		while (!idxd_record_is_there(&race->lanes[i].record))
			idxd_relax();
}

static void
lane_done(struct dmover_request *dreq)
{
	struct race *race = dreq->dreq_arg;

	sem_post(&race->ended);
}

static void
run_engine(struct race *race, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		struct lane *lane = &race->lanes[i];

		work_init(&lane->work, dmover_function_find("copy"), LEN);
		lane->work.dreq.dreq_done = lane_done;
		lane->work.dreq.dreq_arg = race;
		lane->work.in_bytes[0] = lane->in;
		lane->work.out_bytes = lane->out;
		rig_demand(work_submit(&lane->work, &race->rig) == 0, "submit");
	}
	for (unsigned i = 0; i < depth; i++)
		while (sem_wait(&race->ended) != 0)
			continue;
	for (unsigned i = 0; i < depth; i++)
		work_fini(&race->lanes[i].work);
}

/* Nanoseconds for each descriptor. */
static double
run_round(struct race *race, unsigned depth, bool is_engine)
{
	const uint64_t since = load_now();
	double ns;

	for (unsigned done = 0; done < TOTAL; done += depth) {
		if (is_engine)
			run_engine(race, depth);
		else
			run_bare(race, depth);
	}
	ns = (double)(load_now() - since) / TOTAL;
	for (unsigned i = 0; i < depth; i++) {
		struct lane *lane = &race->lanes[i];

		lane->out[5] ^= rig_break;
		rig_demand(memcmp(lane->in, lane->out, LEN) == 0, "wrong bytes");
		memset(lane->out, 0, LEN);
	}
	return ns;
}

static void
race_open(struct race *race)
{
	char node[256] = "", *end;
	const char *dev = strstr(rig_args, "dev=");

	ck_assert_ptr_nonnull(dev);
	snprintf(node, sizeof(node), "%s", dev + strlen("dev="));
	end = node + strcspn(node, ",");
	snprintf(end, sizeof(node) - (size_t)(end - node), "/wq0.0");
	race->fd = open(node, O_RDWR | O_CLOEXEC);
	ck_assert_msg(race->fd >= 0, "%s: %s", node, strerror(errno));
	rig_open(&race->rig, roster_find("idxd"), NULL);
	race->lanes = aligned_alloc(64, DEPTH_MAX * sizeof(*race->lanes));
	race->descs = aligned_alloc(64, DEPTH_MAX * sizeof(*race->descs));
	ck_assert(race->lanes != NULL && race->descs != NULL);
	memset(race->lanes, 0, DEPTH_MAX * sizeof(*race->lanes));
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		for (unsigned j = 0; j < LEN; j++)
			race->lanes[i].in[j] = (uint8_t)(i * 3 + j * 7);
	sem_init(&race->ended, 0, 0);
}

static void
race_close(struct race *race)
{
	rig_close(&race->rig);
	close(race->fd);
	sem_destroy(&race->ended);
	free(race->lanes);
	free(race->descs);
}

START_TEST(what_a_descriptor_costs_is_printed)
{
	static const unsigned depths[] = { 1, 4, 16, 64 };
	struct race race;

	race_open(&race);
	printf("us for each copy of %u bytes:  at once   engine     bare    ratio\n", LEN);
	for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
		double best[2] = { 1e30, 1e30 };

		for (unsigned round = 0; round < ROUNDS; round++)
			for (unsigned way = 0; way < 2; way++) {
				const double ns = run_round(&race, depths[d], way == 0);

				best[way] = ns < best[way] ? ns : best[way];
			}
		printf("%38u %8.2f %8.2f %8.2f\n", depths[d], best[0] / 1000, best[1] / 1000,
		    best[0] / best[1]);
	}
	race_close(&race);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("idxd speed");
	TCase *speed = tcase_create("speed");

	rig_args = getenv("DMOVERIO_TEST_ARGS");
	tcase_set_timeout(speed, 300);
	tcase_add_test(speed, what_a_descriptor_costs_is_printed);
	suite_add_tcase(suite, speed);
	return suite;
}

int
main(int argc, char **argv)
{
	if (getenv("DMOVERIO_TEST_ARGS") == NULL) {
		printf("skip: run it by idxd_node.sh\n");
		return 77;
	}
	return rig_main(argc, argv, make_suite);
}
