/* SPDX-License-Identifier: BSD-2-Clause */
/* attribute.h: small files of sysfs, read as text, numbers and bits, whatever is in them. */
#ifndef ENGINES_IDXD_ATTRIBUTE_H
#define ENGINES_IDXD_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDXD_ATTRIBUTE_SIZE 1088 /* of the longest text: a queue's name of 1024 bytes */

/*
 * Reads the regular file FOLDER/PATH up to its first line's end, or as much as TEXT has room for,
 * without the blanks around it.  Bytes that are not printable become '?'.  Any thread.  0 or -errno;
 * TEXT is "" then.  -ENODEV: it is no regular file.
 */
int idxd_attribute_read(const char *folder, const char *path, char *text, size_t size);

/*
 * In place: the first line, without the blanks around it; bytes that are not printable become '?'.
 * Any thread.
 */
void idxd_attribute_tidy(char *text);

/* All of TEXT is a number, in decimal or behind 0x.  Any thread. */
bool idxd_attribute_number(const char *text, uint64_t *ret);

/*
 * All of TEXT is a set of at most 256 bits in hexadecimal: words with commas between them, the
 * highest first, of 32 bits as the kernel prints bitmaps, or of 64 when there are at most four; or
 * words with blanks between them, the lowest first, as kernels before 6.1 did.  Any thread.
 */
bool idxd_attribute_bits(const char *text, uint64_t bits[4]);

#endif /* ENGINES_IDXD_ATTRIBUTE_H */
