/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: prints counters. */
#include "tests/dsa/report.h"

#include <inttypes.h>

static void
print_counters(const struct dsa_stats *stats, const char *owner, FILE *out)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "write_calls", stats->write_calls },
		{ "submitted", stats->submitted },
		{ "refused", stats->refused },
		{ "dropped", stats->dropped },
		{ "completed", stats->completed },
		{ "abandoned", stats->abandoned },
		{ "members", stats->members },
		{ "records", stats->records },
		{ "lost", stats->lost },
		{ "failed", stats->failed },
		{ "injected", stats->injected },
		{ "sw_errors", stats->sw_errors },
		{ "bytes", stats->bytes },
		{ "in_flight", stats->in_flight },
		{ "in_flight_most", stats->in_flight_most },
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		fprintf(out, "%s.%s %" PRIu64 "\n", owner, counters[i].name, counters[i].value);
	for (unsigned i = 0; i < DSA_OP_COUNT; i++)
		if (stats->by_opcode[i] != 0)
			fprintf(out, "%s.opcode_%02x %" PRIu64 "\n", owner, i, stats->by_opcode[i]);
}

void
report_print(struct dsa_model *model, FILE *out)
{
	const struct dsa_model_options *options = dsa_model_options(model);
	struct dsa_stats stats;
	char owner[32];

	dsa_model_stats(model, -1, &stats);
	snprintf(owner, sizeof(owner), "dsa%u", options->number);
	print_counters(&stats, owner, out);
	for (unsigned i = 0; i < options->nqueues; i++) {
		dsa_model_stats(model, (int)i, &stats);
		snprintf(owner, sizeof(owner), "wq%u.%u", options->number, i);
		print_counters(&stats, owner, out);
	}
	fflush(out);
}
