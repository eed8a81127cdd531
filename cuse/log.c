/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c: messages for the operator, on standard error. */
#include "cuse/log.h"

#include <stdarg.h>
#include <stdio.h>

enum dmio_log_level dmio_log_level = DMIO_LOG_WARNING;

void
dmio_log(enum dmio_log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (level > dmio_log_level)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "dmoverd: %s\n", line);
}
