/* SPDX-License-Identifier: BSD-2-Clause */
/* proc.c: what /proc tells of a thread. */
#include "cuse/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields of "stat", counted from 1 as in proc(5). */
enum { FIELD_NAME = 2, FIELD_MINFLT = 10, FIELD_MAJFLT = 12, FIELD_START = 22 };

int
dmio_proc_open(pid_t tid, const char *file, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? (errno == EACCES ? -EPERM : -errno) : fd;
}

ssize_t
dmio_proc_read(pid_t tid, const char *file, void *buf, size_t size)
{
	int fd = dmio_proc_open(tid, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	((char *)buf)[n > 0 ? n : 0] = '\0';
	return n;
}

bool
dmio_proc_stat(int fd, struct dmio_proc_stat *ret_stat)
{
	uint64_t fields[FIELD_START + 1];
	char text[1024], *at;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name is in parentheses, with anything in it */
	for (int field = FIELD_NAME + 1; field <= FIELD_START; field++) {
		if (at == NULL || (at = strchr(at, ' ')) == NULL)
			return false;
		fields[field] = strtoull(++at, NULL, 10);
	}
	*ret_stat = (struct dmio_proc_stat){
		.faults = fields[FIELD_MINFLT] + fields[FIELD_MAJFLT],
		.start = fields[FIELD_START],
	};
	return true;
}

pid_t
dmio_proc_process(pid_t tid)
{
	static const char name[] = "\nTgid:";
	char text[1024], *at;

	if (dmio_proc_read(tid, "status", text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, name);
	return at != NULL ? (pid_t)strtol(at + sizeof(name) - 1, NULL, 10) : 0;
}
