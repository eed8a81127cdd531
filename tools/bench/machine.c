/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c: where the figures come from. */
#include "tools/bench/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Columns of the first line of /proc/stat. */
enum cpu_time { CPU_STEAL = 7 };

__attribute__((format(printf, 3, 4))) static void
add(struct bench_machine *machine, const char *name, const char *format, ...)
{
	va_list args;

	if (machine->n == BENCH_FACTS_MAX)
		return;
	machine->facts[machine->n].name = name;
	va_start(args, format);
	vsnprintf(machine->facts[machine->n].text, sizeof(machine->facts[0].text), format, args);
	va_end(args);
	machine->n++;
}

/* The first line of FILE that starts with KEY, behind KEY and blanks; false when there is none. */
static int
read_line(const char *path, const char *key, char *line, size_t len)
{
	FILE *file = fopen(path, "re");
	int is_found = 0;

	if (file == NULL)
		return 0;
	while (!is_found && fgets(line, (int)len, file) != NULL)
		is_found = strncmp(line, key, strlen(key)) == 0;
	fclose(file);
	if (!is_found)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	line += strlen(key);
	memmove(line - strlen(key), line + strspn(line, " \t:"),
	    strlen(line) + 1 - strspn(line, " \t:"));
	return 1;
}

static double
steal_ticks(void)
{
	double ticks = 0;
	char line[256], *at = line;

	if (!read_line("/proc/stat", "cpu ", line, sizeof(line)))
		return 0;
	for (int i = 0; i <= CPU_STEAL; i++)
		ticks = strtod(at, &at);
	return ticks;
}

/* As /sys shows them; sysconf(3) asks the processor, which in a guest may mean the host's. */
static void
add_caches(struct bench_machine *machine)
{
	char sizes[4][32] = { "?", "?", "?", "?" };
	static const int indices[3] = { 0, 2, 3 };

	for (int i = 0; i < 3; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/size",
		    indices[i]);
		read_line(path, "", sizes[i], sizeof(sizes[i]));
	}
	add(machine, "caches", "L1d %s, L2 %s, L3 %s", sizes[0], sizes[1], sizes[2]);
}

static void
add_processor(struct bench_machine *machine)
{
	char line[1024];

	if (read_line("/proc/cpuinfo", "model name", line, sizeof(line)))
		add(machine, "processor", "%s", line);
	add(machine, "processors", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	if (read_line("/proc/cpuinfo", "flags", line, sizeof(line)))
		add(machine, "virtual", "%s", strstr(line, " hypervisor") ? "yes" : "no");
	if (read_line(
		"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", line, sizeof(line)))
		add(machine, "governor", "%s", line);
}

/* The word in brackets. */
static void
add_thp(struct bench_machine *machine)
{
	char line[128], *from, *to;

	if (!read_line("/sys/kernel/mm/transparent_hugepage/enabled", "", line, sizeof(line)))
		return;
	from = strchr(line, '[');
	to = from != NULL ? strchr(from, ']') : NULL;
	if (to != NULL)
		add(machine, "huge_pages", "%.*s", (int)(to - from - 1), from + 1);
}

void
bench_machine_init(struct bench_machine *machine)
{
	double loads[1] = { 0 };
	struct utsname uts;
	time_t now = time(NULL);
	struct tm tm;

	*machine = (struct bench_machine){ 0 };
	add_processor(machine);
	add_caches(machine);
	add(machine, "memory", "%ld MiB",
	    sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024));
	add_thp(machine);
	if (uname(&uts) == 0)
		add(machine, "kernel", "%.30s %.60s %.20s", uts.sysname, uts.release, uts.machine);
	add(machine, "compiler", "%s", __VERSION__);
#ifdef __OPTIMIZE__
	add(machine, "optimised", "yes");
#else
	add(machine, "optimised", "no: figures of code in memory mean nothing");
#endif
	if (getloadavg(loads, 1) == 1)
		add(machine, "load_before", "%.2f", loads[0]);
	if (gmtime_r(&now, &tm) != NULL) {
		char text[32];

		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		add(machine, "when", "%s", text);
	}
	add(machine, "stolen", "%.0f", steal_ticks());
}

void
bench_machine_add(struct bench_machine *machine, const char *name, const char *text)
{
	add(machine, name, "%s", text);
}

void
bench_machine_finish(struct bench_machine *machine)
{
	double before;

	for (unsigned i = 0; i < machine->n; i++) {
		if (strcmp(machine->facts[i].name, "stolen") != 0)
			continue;
		before = strtod(machine->facts[i].text, NULL);
		snprintf(machine->facts[i].text, sizeof(machine->facts[i].text),
		    "%.2f s of processor time by other guests",
		    (steal_ticks() - before) / (double)sysconf(_SC_CLK_TCK));
	}
}

const char *
bench_machine_fact(const struct bench_machine *machine, const char *name)
{
	for (unsigned i = 0; i < machine->n; i++)
		if (strcmp(machine->facts[i].name, name) == 0)
			return machine->facts[i].text;
	return "";
}
