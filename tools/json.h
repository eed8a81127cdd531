/* SPDX-License-Identifier: BSD-2-Clause */
/* json.h: what the tools that write JSON share (RFC 8259). */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdio.h>

/*
 * Writes TEXT with quotes around it, and with escapes where they must be; each byte that is no UTF-8
 * becomes U+FFFD.  One thread of FILE.
 */
void tools_json_string(FILE *file, const char *text);

/* "NAME": "TEXT", and nothing behind. */
void tools_json_member(FILE *file, const char *name, const char *text);

#endif /* TOOLS_JSON_H */
