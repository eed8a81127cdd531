/* SPDX-License-Identifier: BSD-2-Clause */
/* crew.c: threads that start the same work at the same time. */
#include "tools/bench/crew.h"

#include <err.h>
#include <pthread.h>

#include "tools/bench/clock.h"

struct crew {
	pthread_barrier_t start;
	void (*work)(void *arg, unsigned i);
	void *arg;
};

struct hand {
	struct crew *crew;
	unsigned i;
	pthread_t id;
};

static void *
hand_main(void *arg)
{
	const struct hand *hand = arg;

	pthread_barrier_wait(&hand->crew->start);
	hand->crew->work(hand->crew->arg, hand->i);
	return NULL;
}

double
bench_crew_run(unsigned n, void (*work)(void *arg, unsigned i), void *arg)
{
	struct crew crew = { .work = work, .arg = arg };
	struct hand hands[BENCH_CREW_MAX];
	double start = bench_now();

	if (n == 1) {
		work(arg, 0);
		return bench_now() - start;
	}
	pthread_barrier_init(&crew.start, NULL, n + 1);
	for (unsigned i = 0; i < n; i++) {
		hands[i] = (struct hand){ .crew = &crew, .i = i };
		if (pthread_create(&hands[i].id, NULL, hand_main, &hands[i]) != 0)
			errx(1, "cannot start a thread");
	}
	pthread_barrier_wait(&crew.start);
	start = bench_now();
	for (unsigned i = 0; i < n; i++)
		pthread_join(hands[i].id, NULL);
	pthread_barrier_destroy(&crew.start);
	return bench_now() - start;
}
