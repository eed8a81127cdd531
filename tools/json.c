/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c: what the tools that write JSON share. */
#include "tools/json.h"

void
tools_json_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(file, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(file, "\\u%04x", (unsigned)*text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

void
tools_json_member(FILE *file, const char *name, const char *text)
{
	fprintf(file, "\"%s\": ", name);
	tools_json_string(file, text);
}
