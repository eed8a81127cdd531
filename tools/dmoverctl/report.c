/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: what the doctor found, for people. */
#include <string.h>

#include "tools/dmoverctl/diagnosis.h"

#define COLUMNS      80
#define COLUMNS_WHAT 34
#define INDENT_WHY   6
#define INDENT_CURE  12

struct report {
	const struct ctl_report_style *style;
	FILE *file;
};

/* A line of the list, whatever it is about. */
struct line {
	enum ctl_verdict verdict;
	const char *what, *value, *why, *cure;
};

static void
print_mark(const struct report *report, enum ctl_verdict verdict)
{
	static const char *const marks[] = {
		[CTL_GOOD] = "ok",
		[CTL_NOTE] = "--",
		[CTL_BAD] = "NO",
	};
	static const char *const colours[] = {
		[CTL_GOOD] = "\033[32m",
		[CTL_NOTE] = "\033[33m",
		[CTL_BAD] = "\033[1;31m",
	};

	if (report->style->is_coloured)
		fprintf(report->file, "%s%s\033[0m", colours[verdict], marks[verdict]);
	else
		fputs(marks[verdict], report->file);
}

/*
 * TEXT from column AT on, in lines that end with CONTINUED when another one follows.  The first line
 * has begun already.
 */
static void
print_wrapped(const struct report *report, const char *text, int at, const char *continued)
{
	const int room = COLUMNS - at - (int)strlen(continued);
	int used = 0;

	while (*text != '\0') {
		int len = (int)strcspn(text, " ");

		if (used > 0 && used + 1 + len > room) {
			fprintf(report->file, "%s\n%*s", continued, at, "");
			used = 0;
		}
		used += fprintf(report->file, "%s%.*s", used > 0 ? " " : "", len, text);
		text += len;
		text += *text == ' ';
	}
	fputc('\n', report->file);
}

/* Commands stand in lines of their own, so that they can be copied. */
static void
print_cure(const struct report *report, const char *cure)
{
	char command[256];

	fprintf(report->file, "%*scure: ", INDENT_WHY, "");
	for (;;) {
		const char *end = strstr(cure, "; ");
		size_t len = end != NULL ? (size_t)(end - cure) : strlen(cure);

		snprintf(command, sizeof(command), "%.*s", (int)len, cure);
		print_wrapped(report, command, INDENT_CURE,
		    strncmp(command, "accel-config ", 13) == 0 ? " \\" : "");
		if (end == NULL)
			return;
		cure = end + 2;
		fprintf(report->file, "%*s", INDENT_CURE, "");
	}
}

static void
print_line(const struct report *report, const struct line *line)
{
	fputs("  ", report->file);
	print_mark(report, line->verdict);
	fprintf(report->file, "  %-*s  ", COLUMNS_WHAT, line->what);
	print_wrapped(report, line->value, INDENT_WHY + COLUMNS_WHAT + 2, "");
	if (line->verdict == CTL_GOOD)
		return;
	if (line->why[0] != '\0') {
		fprintf(report->file, "%*s", INDENT_WHY, "");
		print_wrapped(report, line->why, INDENT_WHY, "");
	}
	if (line->cure[0] != '\0')
		print_cure(report, line->cure);
}

static void
print_title(const struct report *report, const char *title)
{
	fprintf(report->file, report->style->is_coloured ? "\033[1m%s\033[0m\n" : "%s\n", title);
}

static void
print_section(
    const struct report *report, const struct ctl_checks *checks, enum ctl_section section)
{
	print_title(report, ctl_section_name(section));
	for (unsigned i = 0; i < checks->n; i++) {
		const struct ctl_check *check = &checks->at[i];
		const struct line line = {
			check->verdict,
			check->what,
			check->value,
			check->why,
			check->cure,
		};

		if (check->section == section)
			print_line(report, &line);
	}
}

/* "wq0.1 of dsa0 (dmover): shared, 16 entries, DSA 1.0: usable" */
static void
print_queue_title(const struct report *report, const struct dsa_queue *queue)
{
	const struct queue_finding *obstacle = dmover_queue_obstacle(queue);
	char title[256];

	snprintf(title, sizeof(title), "%s of %s%s%s%s: %s, %u entries, DSA %x.%x%s: %s",
	    queue->name, queue->device, queue->label[0] != '\0' ? " (" : "", queue->label,
	    queue->label[0] != '\0' ? ")" : "", queue->is_shared ? "shared" : "dedicated",
	    queue->size, queue->version >> 8, queue->version & 0xff,
	    queue->is_model ? ", a model (its timings mean nothing)" : "",
	    obstacle == NULL ? "usable" : "NOT usable");
	fputc('\n', report->file);
	print_wrapped(report, title, 2, "");
}

static void
print_queue(const struct report *report, const struct dsa_queue *queue)
{
	print_queue_title(report, queue);
	for (unsigned i = 0; i < queue->nfindings; i++) {
		const struct queue_finding *finding = &queue->findings[i];
		const struct line line = {
			finding->is_good ? CTL_GOOD : (finding->is_needed ? CTL_BAD : CTL_NOTE),
			finding->what,
			finding->value[0] != '\0' ? finding->value : "(empty)",
			finding->why,
			finding->cure,
		};

		print_line(report, &line);
	}
}

/* Of a machine with hundreds of queues that nobody asked for, one may be enough to read. */
static bool
is_worth_reading(const struct ctl_diagnosis *diagnosis, unsigned i)
{
	const struct queue_finding *obstacle = dmover_queue_obstacle(&diagnosis->queues[i]);

	if (obstacle == NULL || strcmp(obstacle->value, "none") != 0)
		return true;
	return i == 0 && diagnosis->nusable == 0;
}

static void
print_queues(const struct report *report, const struct ctl_diagnosis *diagnosis)
{
	const unsigned nunseen = diagnosis->nseen - diagnosis->nqueues;
	unsigned nleft = 0;

	if (diagnosis->nseen == 0) {
		const struct line line = { CTL_NOTE, "work queues", "none", diagnosis->lack.why,
			diagnosis->lack.cure };

		print_line(report, &line);
		return;
	}
	for (unsigned i = 0; i < diagnosis->nqueues; i++) {
		if (report->style->is_all || is_worth_reading(diagnosis, i))
			print_queue(report, &diagnosis->queues[i]);
		else
			nleft++;
	}
	if (nleft > 0)
		fprintf(report->file, "\n  %u more %s not configured (--all shows them)\n", nleft,
		    nleft == 1 ? "queue is" : "queues are");
	if (nunseen > 0)
		fprintf(report->file, "\n  %u more queues: only the first %u are looked at\n",
		    nunseen, diagnosis->nqueues);
}

static void
print_end(const struct report *report, const struct ctl_diagnosis *diagnosis)
{
	fputc('\n', report->file);
	if (diagnosis->front == NULL)
		fprintf(report->file, "dmoverd cannot start here: no front end works.\n");
	else if (!diagnosis->is_reachable)
		fprintf(report->file,
		    "dmoverd cannot serve anybody here: callers' memory is out of reach.\n");
	else
		fprintf(
		    report->file, "dmoverd can start here, with --front=%s.\n", diagnosis->front);
	if (diagnosis->nseen > 0)
		fprintf(report->file, "%u of %s%u DSA queues can be used.\n", diagnosis->nusable,
		    diagnosis->nseen > diagnosis->nqueues ? "the first " : "", diagnosis->nqueues);
}

void
ctl_report_write(
    const struct ctl_diagnosis *diagnosis, const struct ctl_report_style *style, FILE *file)
{
	const struct report report = { style, file };

	for (int section = 0; section < CTL_NSECTIONS; section++) {
		if (section > 0)
			fputc('\n', file);
		print_section(&report, &diagnosis->checks, (enum ctl_section)section);
	}
	print_queues(&report, diagnosis);
	print_end(&report, diagnosis);
}
