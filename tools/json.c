/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c: what the tools that write JSON share. */
#include "tools/json.h"

#include <stdint.h>

/* Bytes of the UTF-8 sequence at TEXT (RFC 3629): no longer than need be, no surrogate; 0: none is there. */
static unsigned
sequence_len(const unsigned char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char first = text[0];
	const unsigned len = first < 0x80   ? 1
			     : first < 0xc0 ? 0
			     : first < 0xe0 ? 2
			     : first < 0xf0 ? 3
					    : 4;
	uint32_t code = first & (0x7fu >> len);

	if (len <= 1)
		return len;
	for (unsigned i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (first > 0xf4 || code < least[len] || code > 0x10ffff || (code & 0xfffff800) == 0xd800)
		return 0;
	return len;
}

void
tools_json_string(FILE *file, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', file);
	while (*at != '\0') {
		const unsigned len = sequence_len(at);

		if (len == 0)
			fputs("\\ufffd", file);
		else if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(file, "\\u%04x", (unsigned)*at);
		else
			fwrite(at, 1, len, file);
		at += len > 0 ? len : 1;
	}
	fputc('"', file);
}

void
tools_json_member(FILE *file, const char *name, const char *text)
{
	fprintf(file, "\"%s\": ", name);
	tools_json_string(file, text);
}
