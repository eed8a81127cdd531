/* SPDX-License-Identifier: BSD-2-Clause */
/* attribute.c: small files of sysfs, read as text, numbers and bits, whatever is in them. */
#include "engines/idxd/attribute.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Words of a set: 256 bits by 32. */
#define WORDS_MAX 8

void
idxd_attribute_tidy(char *text)
{
	size_t blanks = strspn(text, " \t"), len;

	memmove(text, text + blanks, strlen(text + blanks) + 1);
	len = strcspn(text, "\n");
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
			text[i] = '?';
}

/* Up to SIZE - 1 bytes; a NUL among them becomes a '?', not an end. */
static int
read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size - 1) {
		ssize_t n = read(fd, text + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '?';
	text[len] = '\0';
	return 0;
}

int
idxd_attribute_read(const char *folder, const char *path, char *text, size_t size)
{
	char whole[PATH_MAX];
	struct stat st;
	int fd, err;

	text[0] = '\0';
	if ((size_t)snprintf(whole, sizeof(whole), "%s/%s", folder, path) >= sizeof(whole))
		return -ENAMETOOLONG;
	/* A pipe without a writer must not hold us. */
	fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		err = -errno;
	else
		err = S_ISREG(st.st_mode) ? read_all(fd, text, size) : -ENODEV;
	close(fd);
	if (err < 0)
		text[0] = '\0';
	idxd_attribute_tidy(text);
	return err;
}

bool
idxd_attribute_number(const char *text, uint64_t *ret)
{
	const bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (is_hex ? !isxdigit((unsigned char)text[2]) : !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*ret = strtoull(text, &end, is_hex ? 16 : 10);
	return errno == 0 && *end == '\0';
}

/* One word, to the next separator; false when it is none, or too long. */
static bool
take_word(const char **text, uint64_t *ret)
{
	char *end;

	if (!isxdigit((unsigned char)**text))
		return false;
	errno = 0;
	*ret = strtoull(*text, &end, 16);
	*text = end;
	return errno == 0;
}

bool
idxd_attribute_bits(const char *text, uint64_t bits[4])
{
	const char separator = strchr(text, ' ') != NULL ? ' ' : ',';
	uint64_t words[WORDS_MAX];
	unsigned n = 0, width;

	do {
		if (n == WORDS_MAX || !take_word(&text, &words[n]))
			return false;
		n++;
	} while (*text == separator && *++text != '\0');
	if (*text != '\0' || (separator == ' ' && n > 4))
		return false;
	width = n > 4 ? 32 : 64;
	memset(bits, 0, 4 * sizeof(bits[0]));
	for (unsigned i = 0; i < n; i++) {
		unsigned at = (separator == ',' ? n - 1 - i : i) * width;

		if (width == 32 && words[i] > UINT32_MAX)
			return false;
		bits[at / 64] |= words[i] << at % 64;
	}
	return true;
}
