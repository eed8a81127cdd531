/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c: the files of the machine that is looked at, and what this process may do on it. */
#include "tools/dmoverctl/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK_SIZE   4096
#define MENTIONS_MAX (64u << 20) /* bytes that are read of a file, which may have no end */

const char *
ctl_host_path(const struct ctl_host *host, const char *file, char path[CTL_PATH_SIZE])
{
	snprintf(path, CTL_PATH_SIZE, "%s%s", host->root, file);
	return path;
}

/* -ENODEV: no regular file.  A pipe without a writer does not hold us. */
static int
open_regular(const struct ctl_host *host, const char *file)
{
	char path[CTL_PATH_SIZE];
	struct stat st;
	int fd =
	    open(ctl_host_path(host, file, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -ENODEV;
	}
	return fd;
}

long
ctl_host_read(const struct ctl_host *host, const char *file, char *text, size_t size)
{
	int fd = open_regular(host, file);
	size_t len = 0;
	ssize_t n = 1;

	text[0] = '\0';
	if (fd < 0)
		return fd;
	while (len < size - 1 && n > 0) {
		n = read(fd, text + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		len = 0;
	n = n < 0 ? -errno : 0;
	close(fd);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n' && text[i] != '\t')
			text[i] = '?';
	text[len] = '\0';
	return n < 0 ? n : (long)len;
}

long
ctl_host_number(const struct ctl_host *host, const char *file, long fallback)
{
	char text[32], *end;
	long number;

	if (ctl_host_read(host, file, text, sizeof(text)) <= 0)
		return fallback;
	errno = 0;
	number = strtol(text, &end, 10);
	return end == text || errno != 0 ? fallback : number;
}

/* Between what is no letter or number; TEXT begins with a byte before the first word, and ends with one. */
static bool
has_word(const char *text, size_t len, const char *word, size_t wordlen)
{
	const char *at = text;

	while ((at = memmem(at, len - (size_t)(at - text), word, wordlen)) != NULL) {
		if (at > text && at + wordlen < text + len && !isalnum((unsigned char)at[-1]) &&
		    !isalnum((unsigned char)at[wordlen]))
			return true;
		at++;
	}
	return false;
}

bool
ctl_host_mentions(const struct ctl_host *host, const char *file, const char *word)
{
	int fd = open_regular(host, file);
	const size_t wordlen = strlen(word), kept = wordlen + 1;
	char text[BLOCK_SIZE] = " ";
	size_t len = 1, total = 0;
	bool is_there = false;
	ssize_t n = 1;

	if (fd < 0)
		return false;
	while (!is_there && n > 0 && total < MENTIONS_MAX) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		len += n > 0 ? (size_t)n : 0;
		total += n > 0 ? (size_t)n : 0;
		if (n <= 0) /* the end is no letter either */
			text[len++] = ' ';
		is_there = has_word(text, len, word, wordlen);
		/* The word may have begun. */
		if (len > kept) {
			memmove(text, text + len - kept, kept);
			len = kept;
		}
	}
	close(fd);
	return is_there;
}

bool
ctl_host_has(const struct ctl_host *host, const char *file)
{
	char path[CTL_PATH_SIZE];

	return access(ctl_host_path(host, file, path), F_OK) == 0;
}

bool
ctl_host_is_capable(unsigned capability)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[capability / 32].effective >> capability % 32 & 1) != 0;
}
