/* SPDX-License-Identifier: BSD-2-Clause */
/* knobs.c: the language of knobs, and whom they hit. */
#include "tests/dsa/knobs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dsa/model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX     4096u
#define RANDOM_SEED  UINT64_C(0x9e3779b97f4a7c15)

static const struct {
	const char *name;
	int opcode;
} opcodes[] = {
	{ "any", -1 },
	{ "noop", DSA_OP_NOOP },
	{ "batch", DSA_OP_BATCH },
	{ "drain", DSA_OP_DRAIN },
	{ "copy", DSA_OP_MEMMOVE },
	{ "fill", DSA_OP_FILL },
	{ "compare", DSA_OP_COMPARE },
	{ "dualcast", DSA_OP_DUALCAST },
	{ "crc", DSA_OP_CRCGEN },
	{ "copycrc", DSA_OP_COPY_CRC },
	{ "reduce", DSA_OP_REDUCE },
};

static const struct {
	const char *name;
	enum knob_action action;
	bool has_value, is_for_members;
	uint32_t least, most;
} actions[] = {
	{ "fault", KNOB_FAULT, true, true, 0, DSA_TRANSFER_MAX },
	{ "wfault", KNOB_WRITE_FAULT, true, true, 0, DSA_TRANSFER_MAX },
	{ "bfault", KNOB_BACK_FAULT, true, true, 0, DSA_TRANSFER_MAX },
	{ "status", KNOB_STATUS, true, true, 1, 0xff },
	{ "never", KNOB_NEVER, false, true, 0, 0 },
	{ "late", KNOB_LATE, true, false, 1, KNOBS_LATE_MAX },
	{ "reorder", KNOB_REORDER, false, false, 0, 0 },
	{ "again", KNOB_AGAIN, true, false, 1, UINT32_MAX },
	{ "drop", KNOB_DROP, false, false, 0, 0 },
	{ "member", KNOB_MEMBER, true, false, 0, DSA_BATCH_MAX },
	{ "list", KNOB_LIST, true, false, 0, DSA_BATCH_MAX },
	{ "halt", KNOB_HALT, false, false, 0, 0 },
};

struct complaint {
	char *why;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static int
complain(const struct complaint *complaint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(complaint->why, complaint->len, format, args);
	va_end(args);
	return -EINVAL;
}

struct range {
	uint64_t least, most;
};

/* A number in decimal or, behind 0x, hexadecimal, and nothing else. */
static int
parse_number(const char *word, const char *text, struct range range, uint64_t *ret,
    const struct complaint *complaint)
{
	const int base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, base);
	if (errno != 0 || end == text || *end != '\0' || strchr("-+ \t\n", text[0]) != NULL ||
	    *ret < range.least || *ret > range.most)
		return complain(complaint, "%s=%s: not a number from %llu to %llu", word, text,
		    (unsigned long long)range.least, (unsigned long long)range.most);
	return 0;
}

/* "every", "chance", "skip", "count": where its number belongs; NULL: another word. */
static uint64_t *
choice_of(struct knob_rule *rule, const char *word)
{
	if (strcmp(word, "every") == 0)
		return &rule->every;
	if (strcmp(word, "chance") == 0)
		return &rule->chance;
	if (strcmp(word, "skip") == 0)
		return &rule->skip;
	return strcmp(word, "count") == 0 ? &rule->most : NULL;
}

static int
parse_action(struct knob_rule *rule, const char *word, const char *value, bool *has_action,
    const struct complaint *complaint)
{
	uint64_t number = 0;
	size_t i = 0;
	int err;

	while (i < COUNT(actions) && strcmp(actions[i].name, word) != 0)
		i++;
	if (i == COUNT(actions))
		return complain(complaint, "%s: no such word", word);
	if (*has_action)
		return complain(complaint, "%s: a rule does one thing (write two)", word);
	if (actions[i].has_value != (value != NULL))
		return complain(
		    complaint, "%s: %s", word, value != NULL ? "takes no value" : "needs =VALUE");
	if (value != NULL) {
		err = parse_number(word, value, (struct range){ actions[i].least, actions[i].most },
		    &number, complaint);
		if (err < 0)
			return err;
	}
	rule->action = actions[i].action;
	rule->value = (uint32_t)number;
	*has_action = true;
	return 0;
}

static int
parse_target(struct knob_rule *rule, char *text, unsigned number, const struct complaint *complaint)
{
	char *at = strchr(text, '@');
	unsigned device, queue;
	size_t i = 0;
	int end = 0;

	if (at != NULL) {
		if (sscanf(at, "@wq%3u.%3u%n", &device, &queue, &end) != 2 || at[end] != '\0')
			return complain(complaint, "%s: not the name of a queue", at + 1);
		if (device != number || queue >= DSA_QUEUES_MAX)
			return complain(complaint, "%s: the device has no such queue", at + 1);
		rule->queue = (int)queue;
		*at = '\0';
	}
	while (i < COUNT(opcodes) && strcmp(opcodes[i].name, text) != 0)
		i++;
	if (i == COUNT(opcodes))
		return complain(complaint, "%s: no such opcode", text);
	rule->opcode = opcodes[i].opcode;
	return 0;
}

/* An action that no descriptor of the opcode can suffer is a mistake of the one who wrote it. */
static int
check_rule(const struct knob_rule *rule, const struct complaint *complaint)
{
	const bool is_batch = rule->opcode == DSA_OP_BATCH || rule->opcode == -1;
	const bool has_data = rule->opcode == -1 || rule->opcode >= DSA_OP_MEMMOVE;

	if ((rule->action == KNOB_MEMBER || rule->action == KNOB_LIST) && !is_batch)
		return complain(complaint, "member and list are for batch");
	if (rule->action == KNOB_BACK_FAULT && rule->opcode != DSA_OP_MEMMOVE && rule->opcode != -1)
		return complain(complaint, "bfault is for copy");
	if ((rule->action == KNOB_FAULT || rule->action == KNOB_WRITE_FAULT) && !has_data)
		return complain(complaint, "this opcode has no data to fault on");
	return 0;
}

static int
parse_rule(struct knob_rule *rule, char *text, unsigned number, const struct complaint *complaint)
{
	bool has_action = false;
	char *word = strsep(&text, ":");
	int err;

	*rule = (struct knob_rule){ .queue = -1, .every = 1, .chance = 1, .most = UINT64_MAX };
	if (word[0] == '\0' && text == NULL)
		return complain(complaint, "an empty rule");
	err = parse_target(rule, word, number, complaint);
	while (err == 0 && (word = strsep(&text, ":")) != NULL) {
		char *value = strchr(word, '=');
		uint64_t *choice;

		if (value != NULL)
			*value++ = '\0';
		choice = choice_of(rule, word);
		if (choice != NULL)
			err = parse_number(word, value != NULL ? value : "",
			    (struct range){ choice != &rule->skip, UINT64_MAX }, choice, complaint);
		else
			err = parse_action(rule, word, value, &has_action, complaint);
	}
	if (err == 0 && !has_action)
		return complain(complaint, "a rule without fault, never, late ...");
	return err == 0 ? check_rule(rule, complaint) : err;
}

int
knobs_parse(const char *text, unsigned number, struct knobs *ret_knobs, char *why, size_t len)
{
	const struct complaint complaint = { why, len };
	struct knobs knobs = { .random = RANDOM_SEED };
	char copy[TEXT_MAX], *rest = copy, *rule;
	int err;

	if (text == NULL || text[0] == '\0') {
		*ret_knobs = knobs;
		return 0;
	}
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return complain(&complaint, "the knobs are longer than %u bytes", TEXT_MAX - 1);
	while ((rule = strsep(&rest, ",")) != NULL) {
		if (knobs.nrules == KNOBS_MAX)
			return complain(&complaint, "more than %u rules", KNOBS_MAX);
		err = parse_rule(&knobs.rules[knobs.nrules], rule, number, &complaint);
		if (err < 0)
			return err;
		knobs.nrules++;
	}
	*ret_knobs = knobs;
	return 0;
}

struct knob_plan
knobs_no_plan(void)
{
	return (struct knob_plan){
		.fault = KNOBS_NONE,
		.write_fault = KNOBS_NONE,
		.back_fault = KNOBS_NONE,
		.member = KNOBS_NONE,
		.list = KNOBS_NONE,
	};
}

static uint64_t
random_next(struct knobs *knobs)
{
	knobs->random ^= knobs->random << 13;
	knobs->random ^= knobs->random >> 7;
	knobs->random ^= knobs->random << 17;
	return knobs->random;
}

static bool
rule_hits(struct knobs *knobs, struct knob_rule *rule)
{
	if (++rule->seen <= rule->skip || rule->hits == rule->most)
		return false;
	if ((rule->seen - rule->skip) % rule->every != 0)
		return false;
	if (rule->chance > 1 && random_next(knobs) % rule->chance != 0)
		return false;
	rule->hits++;
	return true;
}

static void
plan_add(struct knob_plan *plan, const struct knob_rule *rule)
{
	uint32_t *const numbers[] = {
		[KNOB_FAULT] = &plan->fault,
		[KNOB_WRITE_FAULT] = &plan->write_fault,
		[KNOB_BACK_FAULT] = &plan->back_fault,
		[KNOB_LATE] = &plan->late_us,
		[KNOB_AGAIN] = &plan->again,
		[KNOB_MEMBER] = &plan->member,
		[KNOB_LIST] = &plan->list,
		[KNOB_HALT] = NULL,
	};
	bool *const switches[] = {
		[KNOB_NEVER] = &plan->never,
		[KNOB_REORDER] = &plan->reorder,
		[KNOB_DROP] = &plan->drop,
		[KNOB_HALT] = &plan->halt,
	};

	if (rule->action == KNOB_STATUS)
		plan->status = (uint8_t)rule->value;
	else if (numbers[rule->action] != NULL)
		*numbers[rule->action] = rule->value;
	else
		*switches[rule->action] = true;
}

struct knob_plan
knobs_next(struct knobs *knobs, unsigned queue, unsigned opcode, bool is_member)
{
	struct knob_plan plan = knobs_no_plan();

	for (unsigned i = 0; i < knobs->nrules; i++) {
		struct knob_rule *rule = &knobs->rules[i];

		if (rule->opcode != -1 && rule->opcode != (int)opcode)
			continue;
		if (rule->queue != -1 && rule->queue != (int)queue)
			continue;
		if (is_member && !actions[rule->action].is_for_members)
			continue;
		if (rule_hits(knobs, rule))
			plan_add(&plan, rule);
	}
	return plan;
}
