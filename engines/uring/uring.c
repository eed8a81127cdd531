/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uring.c: the engine that has the kernel move callers' bytes, by io_uring on the file of a space.
 *
 * Such a file (spo_file) looks past page protection, so the submitter's thread first asks the space
 * about each span; the mover's thread never enters a caller's memory itself.
 */
#include "uring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/table.h"
#include "mover.h"

struct uring_state {
	struct uring_cpu cpu;
	struct uring_mover *mover;
};

/* The table lists the engines of the CPU from the plainest to the best. */
static bool
is_for_computing(const struct dmover_engine *engine)
{
	const uint32_t other = DMOVER_ENGINE_UIO | DMOVER_ENGINE_NAMED;

	return (engine->eng_flags & DMOVER_ENGINE_ON_CPU) != 0 &&
	       (engine->eng_flags & other) == 0 && engine->eng_kinds == DMOVER_F_ALL;
}

static int
open_cpu(struct uring_cpu *cpu, char *why, size_t len)
{
	cpu->engine = NULL;
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (is_for_computing(dmover_engines[i]) &&
		    dmover_engines[i]->eng_probe(why, len) == 0)
			cpu->engine = dmover_engines[i];
	if (cpu->engine == NULL) {
		snprintf(why, len, "no engine works on the CPU");
		return -ENODEV;
	}
	if (cpu->engine->eng_open == NULL)
		return 0;
	return cpu->engine->eng_open(/* args= */ NULL, &cpu->state, why, len);
}

static void
close_cpu(struct uring_cpu *cpu)
{
	if (cpu->engine->eng_close != NULL)
		cpu->engine->eng_close(cpu->state);
}

static int
uring_open(const char *args, void **ret_state, char *why, size_t len)
{
	struct uring_state *uring;
	int err;

	if (args != NULL && args[0] != '\0') {
		snprintf(why, len, "takes no arguments");
		return -EINVAL;
	}
	uring = calloc(1, sizeof(*uring));
	if (uring == NULL) {
		snprintf(why, len, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	err = open_cpu(&uring->cpu, why, len);
	if (err < 0)
		goto free_uring;
	err = uring_mover_open(&uring->cpu, &uring->mover);
	if (err < 0) {
		snprintf(why, len, "%s", strerror(-err));
		goto close_cpu;
	}
	*ret_state = uring;
	return 0;

close_cpu:
	close_cpu(&uring->cpu);
free_uring:
	free(uring);
	return err;
}

static void
uring_close(void *state)
{
	struct uring_state *uring = state;

	if (uring == NULL)
		return;
	uring_mover_close(uring->mover);
	close_cpu(&uring->cpu);
	free(uring);
}

static int
uring_submit(void *state, struct dmover_request *dreq)
{
	struct uring_state *uring = state;
	struct uring_transfer *transfer;
	int err;

	/* Daemon memory only: there is nothing for the kernel to do. */
	if (!uring_transfer_has_uio(dreq))
		return uring->cpu.engine->eng_submit(uring->cpu.state, dreq);
	transfer = uring_mover_reserve(uring->mover);
	if (transfer == NULL)
		return -EAGAIN;
	err = uring_transfer_init(transfer, dreq);
	if (err < 0) {
		uring_mover_release(uring->mover, transfer);
		return err;
	}
	err = uring_transfer_allowed(transfer);
	if (err < 0) {
		uring_transfer_fail(transfer, err);
		uring_transfer_conclude(transfer);
		uring_mover_release(uring->mover, transfer);
		dmover_done(dreq);
		return 0;
	}
	uring_mover_give(uring->mover, transfer);
	return 0;
}

const struct dmover_engine uring_engine = {
	.eng_name = "uring",
	.eng_about = "io_uring on the caller's memory file, by the kernel's threads",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_UIO | DMOVER_ENGINE_FILE | DMOVER_ENGINE_ON_CPU,
	.eng_probe = uring_probe,
	.eng_open = uring_open,
	.eng_submit = uring_submit,
	.eng_close = uring_close,
};
