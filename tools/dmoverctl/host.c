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

static bool
is_word_at(const char *line, const char *at, size_t len)
{
	return (at == line || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[len]);
}

bool
ctl_host_mentions(const struct ctl_host *host, const char *file, const char *word)
{
	int fd = open_regular(host, file);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	const size_t len = strlen(word);
	char *line = NULL;
	size_t room = 0;
	bool is_there = false;

	if (stream == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!is_there && getline(&line, &room, stream) > 0)
		for (const char *at = line; !is_there && (at = strstr(at, word)) != NULL; at++)
			is_there = is_word_at(line, at, len);
	free(line);
	fclose(stream);
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
