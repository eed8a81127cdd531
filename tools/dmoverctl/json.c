/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c: what the doctor found, for programs; dmoverctl(8) names the members. */
#include "tools/dmoverctl/diagnosis.h"

#include "tools/json.h"

/* With a comma behind it. */
static void
print_member(FILE *file, const char *name, const char *text)
{
	tools_json_member(file, name, text);
	fputs(", ", file);
}

static void
print_flag(FILE *file, const char *name, bool value)
{
	fprintf(file, "\"%s\": %s, ", name, value ? "true" : "false");
}

static void
print_number(FILE *file, const char *name, long long value)
{
	fprintf(file, "\"%s\": %lld, ", name, value);
}

static void
print_why_and_cure(FILE *file, const char *why, const char *cure)
{
	print_member(file, "why", why);
	tools_json_member(file, "cure", cure);
}

static void
print_check(FILE *file, const struct ctl_check *check)
{
	fprintf(file, "  { ");
	print_member(file, "section", ctl_section_name(check->section));
	print_member(file, "id", check->id);
	print_member(file, "what", check->what);
	print_member(file, "state", ctl_verdict_name(check->verdict));
	print_member(file, "value", check->value);
	print_why_and_cure(file, check->why, check->cure);
	fprintf(file, " }");
}

static void
print_finding(FILE *file, const struct queue_finding *finding)
{
	fprintf(file, "    { ");
	print_member(file, "what", finding->what);
	print_member(file, "file", finding->file);
	print_member(file, "value", finding->value);
	print_flag(file, "good", finding->is_good);
	print_flag(file, "needed", finding->is_needed);
	print_why_and_cure(file, finding->why, finding->cure);
	fprintf(file, " }");
}

static void
print_queue(FILE *file, const struct dsa_queue *queue)
{
	const struct queue_finding *obstacle = dmover_queue_obstacle(queue);

	fprintf(file, "  { ");
	print_member(file, "name", queue->name);
	print_member(file, "device", queue->device);
	print_member(file, "label", queue->label);
	print_member(file, "node", queue->node);
	print_flag(file, "usable", queue->is_usable);
	print_member(file, "obstacle", obstacle != NULL ? obstacle->what : "");
	print_flag(file, "model", queue->is_model);
	print_flag(file, "shared", queue->is_shared);
	print_number(file, "version", queue->version);
	print_number(file, "size", queue->size);
	print_number(file, "threshold", queue->threshold);
	print_number(file, "max_transfer", (long long)queue->max_transfer);
	print_number(file, "max_batch", queue->max_batch);
	print_flag(file, "xor", queue->has_xor);
	print_number(file, "numa_node", queue->numa_node);
	fprintf(file, "\n   \"conditions\": [");
	for (unsigned i = 0; i < queue->nfindings; i++) {
		fprintf(file, "%s\n", i > 0 ? "," : "");
		print_finding(file, &queue->findings[i]);
	}
	fprintf(file, "\n   ] }");
}

void
ctl_json_write(const struct ctl_diagnosis *diagnosis, FILE *file)
{
	fprintf(file, "{\n \"format\": \"dmoverctl doctor 1\", \"version\": \"%s\",\n ",
	    DMOVER_VERSION);
	print_flag(file, "works", ctl_diagnosis_is_good(diagnosis));
	fprintf(file, "\"front\": ");
	if (diagnosis->front != NULL)
		tools_json_string(file, diagnosis->front);
	else
		fprintf(file, "null");
	fprintf(file, ",\n \"checks\": [");
	for (unsigned i = 0; i < diagnosis->checks.n; i++) {
		fprintf(file, "%s\n", i > 0 ? "," : "");
		print_check(file, &diagnosis->checks.at[i]);
	}
	fprintf(file, "\n ],\n \"no_queues\": ");
	if (diagnosis->nseen == 0) {
		fprintf(file, "{ ");
		print_why_and_cure(file, diagnosis->lack.why, diagnosis->lack.cure);
		fprintf(file, " }");
	} else {
		fprintf(file, "null");
	}
	fprintf(file, ",\n ");
	print_number(file, "queues_seen", diagnosis->nseen);
	print_number(file, "queues_usable", diagnosis->nusable);
	fprintf(file, "\n \"queues\": [");
	for (unsigned i = 0; i < diagnosis->nqueues; i++) {
		fprintf(file, "%s\n", i > 0 ? "," : "");
		print_queue(file, &diagnosis->queues[i]);
	}
	fprintf(file, "\n ]\n}\n");
}
