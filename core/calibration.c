/* SPDX-License-Identifier: BSD-2-Clause */
/* calibration.c: measured costs in a file. */
#include "core/calibration.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FORMAT   "dmover-calibration 1\n"
#define TEXT_MAX 512
#define ACCESS   "access"
#define NS_LIMIT 1e12 /* a quarter of an hour: nobody measured that */

/* The processor's name as /proc/cpuinfo has it, or "unknown". */
static void
processor(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[TEXT_MAX], *colon;

	snprintf(name, size, "unknown");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "model name", 10) != 0 || (colon = strchr(line, ':')) == NULL)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(name, size, "%s", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (file != NULL)
		fclose(file);
}

/* The line that names the machine. */
static void
machine(char *text, size_t size)
{
	char name[128];
	struct utsname uts = { .release = "" };

	processor(name, sizeof(name));
	uname(&uts);
	snprintf(text, size, "machine %s, %ld processors, Linux %s, dmover %s\n", name,
	    sysconf(_SC_NPROCESSORS_ONLN), uts.release, DMOVER_VERSION);
}

static bool
is_header(FILE *file)
{
	char line[TEXT_MAX], want[TEXT_MAX];

	machine(want, sizeof(want));
	return fgets(line, sizeof(line), file) != NULL && strcmp(line, FORMAT) == 0 &&
	       fgets(line, sizeof(line), file) != NULL && strcmp(line, want) == 0;
}

static bool
parse_kind(const char *name, enum dmover_kind *ret_kind)
{
	for (int kind = 0; kind < DMOVER_NKINDS; kind++) {
		if (strcmp(name, dmover_cost_function((enum dmover_kind)kind)->dfn_name) == 0) {
			*ret_kind = (enum dmover_kind)kind;
			return true;
		}
	}
	return false;
}

static bool
parse_line(const char *text, struct dmover_calibration_line *line)
{
	char kind[16];
	int end = 0;

	if (sscanf(text, "%31s %15s %lf %lf %lf %lf%n", line->lane, kind, &line->ns[0],
		&line->ns[1], &line->ns[2], &line->ns[3], &end) != 2 + COST_SIZES ||
	    strcmp(text + end, "\n") != 0)
		return false;
	for (unsigned i = 0; i < COST_SIZES; i++)
		if (!isfinite(line->ns[i]) || line->ns[i] <= 0 || line->ns[i] > NS_LIMIT)
			return false;
	return parse_kind(kind, &line->kind);
}

bool
dmover_calibration_read(struct dmover_calibration *calibration, const char *path)
{
	struct stat status;
	char text[TEXT_MAX];
	bool is_good;
	FILE *file;

	calibration->nlines = 0;
	/* A pipe or a terminal would keep us waiting. */
	if (path == NULL || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	is_good = is_header(file);
	while (is_good && fgets(text, sizeof(text), file) != NULL)
		is_good = calibration->nlines < CALIBRATION_LINES &&
			  parse_line(text, &calibration->lines[calibration->nlines++]);
	fclose(file);
	if (!is_good)
		calibration->nlines = 0;
	return is_good;
}

/* Sets what the file knows of the lane; returns DMOVER_F() of each kind. */
static uint32_t
get(const struct dmover_calibration *calibration, const char *lane, struct dmover_cost *cost)
{
	uint32_t kinds = 0;

	for (unsigned i = 0; i < calibration->nlines; i++) {
		const struct dmover_calibration_line *line = &calibration->lines[i];

		if (strcmp(line->lane, lane) == 0) {
			dmover_cost_set(cost, line->kind, line->ns);
			kinds |= DMOVER_F(line->kind);
		}
	}
	return kinds;
}

void
dmover_calibration_get(const struct dmover_calibration *calibration, struct dmover_lane *lane)
{
	uint32_t kinds = get(calibration, lane->lane_engine->eng_name, &lane->lane_cost);

	lane->lane_is_measured = (dmover_lane_kinds(lane) & ~kinds) == 0;
}

bool
dmover_calibration_get_access(
    const struct dmover_calibration *calibration, struct dmover_cost *access)
{
	return get(calibration, ACCESS, access) == DMOVER_F_ALL;
}

static void
write_cost(FILE *file, const char *lane, uint32_t kinds, const struct dmover_cost *cost)
{
	for (int kind = 0; kind < DMOVER_NKINDS; kind++) {
		const struct dmover_function *func = dmover_cost_function((enum dmover_kind)kind);

		if ((kinds & DMOVER_F(kind)) == 0)
			continue;
		fprintf(file, "%s %s", lane, func->dfn_name);
		for (unsigned i = 0; i < COST_SIZES; i++)
			fprintf(file, " %.1f",
			    dmover_cost_measured(cost, dmover_cost_function((enum dmover_kind)kind),
				dmover_cost_lengths[i]));
		fputc('\n', file);
	}
}

static void
write_all(const struct dmover_dispatch *dispatch, FILE *file)
{
	char line[TEXT_MAX];

	machine(line, sizeof(line));
	fputs(FORMAT, file);
	fputs(line, file);
	write_cost(file, ACCESS, DMOVER_F_ALL, &dispatch->access);
	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		const struct dmover_lane *lane = &dispatch->lanes[i];

		if (lane->lane_is_measured)
			write_cost(file, lane->lane_engine->eng_name, dmover_lane_kinds(lane),
			    &lane->lane_cost);
	}
}

/* Nothing is replaced but such a file: PATH may be a slip of the pen of somebody who may do all. */
static int
may_replace(const char *path)
{
	char text[sizeof(FORMAT)] = "";
	struct stat status;
	FILE *file;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(status.st_mode))
		return -EEXIST;
	if (status.st_size == 0)
		return 0;
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	/* All but the number of the format. */
	if (fread(text, 1, sizeof(FORMAT) - 1, file) < sizeof(FORMAT) - 3)
		text[0] = '\0';
	fclose(file);
	return strncmp(text, FORMAT, sizeof(FORMAT) - 3) == 0 ? 0 : -EEXIST;
}

int
dmover_calibration_write(const struct dmover_dispatch *dispatch, const char *path)
{
	char temporary[PATH_MAX];
	FILE *file;
	int err = may_replace(path), fd;

	if (err < 0)
		return err;
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (file == NULL) {
		err = -errno;
		close(fd);
		goto remove;
	}
	write_all(dispatch, file);
	if (ferror(file) || fchmod(fd, 0644) != 0)
		err = -EIO;
	if (fclose(file) != 0 && err == 0)
		err = -errno;
	if (err == 0 && rename(temporary, path) != 0)
		err = -errno;
remove:
	if (err < 0)
		unlink(temporary);
	return err;
}
