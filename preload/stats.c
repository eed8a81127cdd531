/* SPDX-License-Identifier: BSD-2-Clause */
/* stats.c: dmover-run --stats: what ran where, when the program ends. */
#include "preload/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "preload/service.h"
#include "preload/settings.h"

void
preload_stats_print(void)
{
	static uint64_t printed;
	struct preload_service *service = preload_service_now();
	struct dmover_core *core;
	char line[256];

	if (!preload_settings()->has_stats || service == NULL)
		return;
	core = &service->core;
	if (printed > 0 && atomic_load(&core->stats.st_requests) == printed)
		return;
	printed = atomic_load(&core->stats.st_requests);
	dmover_stats_format(&core->stats, line, sizeof(line));
	dprintf(STDERR_FILENO, "dmover-run[%d]: %s\n", (int)preload_service_pid(), line);
	for (unsigned i = 0; i < core->dispatch.nlanes; i++) {
		uint64_t requests = atomic_load(&core->stats.st_engines[i].requests);

		if (requests > 0)
			dprintf(STDERR_FILENO,
			    "dmover-run[%d]: engine %s: requests=%" PRIu64 " bytes=%" PRIuFAST64
			    "\n",
			    (int)preload_service_pid(),
			    core->dispatch.lanes[i].lane_engine->eng_name, requests,
			    atomic_load(&core->stats.st_engines[i].bytes));
	}
}

/* The program's end: exit(3), or the return of main(). */
__attribute__((destructor)) static void
print_at_exit(void)
{
	preload_stats_print();
}
