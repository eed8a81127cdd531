/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.h: where the figures come from: processors, memory, kernel, compiler. */
#ifndef TOOLS_BENCH_MACHINE_H
#define TOOLS_BENCH_MACHINE_H

#define BENCH_FACTS_MAX 20

/* Facts in the order of interest: a name for programs, and a text. */
struct bench_machine {
	unsigned n;
	struct {
		const char *name;
		char text[128];
	} facts[BENCH_FACTS_MAX];
};

void bench_machine_init(struct bench_machine *machine);

/* One more fact; NAME must stay. */
void bench_machine_add(struct bench_machine *machine, const char *name, const char *text);

/*
 * To be called when all is measured: adds what happened since the machine was initialised, as the
 * time that other guests of the host took away.
 */
void bench_machine_finish(struct bench_machine *machine);

/* The text of a fact, or "". */
const char *bench_machine_fact(const struct bench_machine *machine, const char *name);

#endif /* TOOLS_BENCH_MACHINE_H */
