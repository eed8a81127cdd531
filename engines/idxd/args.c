/* SPDX-License-Identifier: BSD-2-Clause */
/* args.c: what --engine=idxd:ARGS says. */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARG_MAX_LEN (IDXD_PATH_MAX + 16)

/* VALUE into TO, which has room for LEN bytes. */
static int
take_text(const char *value, char *to, size_t len)
{
	if (value[0] == '\0' || strlen(value) >= len)
		return -EINVAL;
	memcpy(to, value, strlen(value) + 1);
	return 0;
}

static int
take_road(const char *value, enum idxd_road *ret_road)
{
	static const char *const names[] = { "auto", "portal", "write" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]) == 0) {
			*ret_road = (enum idxd_road)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int
take_deadline(const char *value, uint64_t *ret_ns)
{
	unsigned long ms;
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return -EINVAL;
	errno = 0;
	ms = strtoul(value, &end, 10);
	if (errno != 0 || *end != '\0' || ms == 0 || ms > IDXD_DEADLINE_MS_MAX)
		return -EINVAL;
	*ret_ns = ms * UINT64_C(1000000);
	return 0;
}

static int
take(const char *name, const char *value, struct idxd_args *args)
{
	if (strcmp(name, "sysfs") == 0)
		return take_text(value, args->sysfs, sizeof(args->sysfs));
	if (strcmp(name, "dev") == 0)
		return take_text(value, args->dev, sizeof(args->dev));
	if (strcmp(name, "queue") == 0)
		return take_text(value, args->queue, sizeof(args->queue));
	if (strcmp(name, "road") == 0)
		return take_road(value, &args->road);
	if (strcmp(name, "deadline") == 0)
		return take_deadline(value, &args->deadline_ns);
	return -ENOENT;
}

/* One NAME=VALUE of LEN bytes. */
static int
take_arg(const char *text, size_t arglen, struct idxd_args *args, char *why, size_t len)
{
	char arg[ARG_MAX_LEN], *value;
	int err;

	if (arglen >= sizeof(arg)) {
		snprintf(why, len, "an argument of %zu bytes is too long", arglen);
		return -EINVAL;
	}
	memcpy(arg, text, arglen);
	arg[arglen] = '\0';
	value = strchr(arg, '=');
	if (value == NULL) {
		snprintf(why, len, "%s: not of the form NAME=VALUE", arg);
		return -EINVAL;
	}
	*value++ = '\0';
	err = take(arg, value, args);
	if (err == 0)
		return 0;
	if (err == -ENOENT)
		snprintf(why, len, "%s: there are sysfs, dev, queue, road and deadline", arg);
	else
		snprintf(why, len, "%s=%s: no such %s%s", arg, value, arg,
		    strcmp(arg, "deadline") == 0 ? " (1 to 60000 milliseconds)"
		    : strcmp(arg, "road") == 0   ? " (auto, portal or write)"
						 : "");
	return -EINVAL;
}

int
idxd_args_parse(const char *text, struct idxd_args *ret_args, char *why, size_t len)
{
	struct idxd_args args = { .deadline_ns = IDXD_DEADLINE_MS * UINT64_C(1000000) };
	int err = 0;

	while (text != NULL && *text != '\0' && err == 0) {
		size_t n = strcspn(text, ",");

		err = take_arg(text, n, &args, why, len);
		text += n;
		if (*text == ',')
			text++;
	}
	if (err == 0)
		*ret_args = args;
	return err;
}

struct queues_roots
idxd_args_roots(const struct idxd_args *args)
{
	return (struct queues_roots){
		.sysfs = args->sysfs[0] != '\0' ? args->sysfs : NULL,
		.dev = args->dev[0] != '\0' ? args->dev : NULL,
	};
}

bool
idxd_args_have(const struct idxd_args *args, const char *queue)
{
	const size_t n = strlen(args->queue);

	/* A whole name is not the prefix of another: wq0.1 does not mean wq0.10. */
	if (strchr(args->queue, '.') != NULL && args->queue[n - 1] != '.')
		return strcmp(queue, args->queue) == 0;
	return strncmp(queue, args->queue, n) == 0;
}
