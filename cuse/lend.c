/* SPDX-License-Identifier: BSD-2-Clause */
/* lend.c: whose address space a thread has. */
#include "cuse/lend.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t
read_proc(pid_t tid, const char *file, void *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size);
	close(fd);
	return n;
}

/* Field 22 of /proc/PID/stat (proc(5)); field 2 is a name in parentheses, with anything in it. */
static bool
get_start(pid_t tid, uint64_t *ret_start)
{
	char text[1024], *at;
	ssize_t n = read_proc(tid, "stat", text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return false;
	*ret_start = strtoull(at + 1, NULL, 10);
	return true;
}

/* The address of the bytes, from the auxiliary vector: pairs of words of the caller's size. */
static bool
get_address(pid_t tid, uint64_t *ret_address)
{
	uint64_t wide[128];
	uint32_t narrow[256];
	ssize_t n = read_proc(tid, "auxv", wide, sizeof(wide));

	for (size_t i = 0; n > 0 && i + 2 <= (size_t)n / 8; i += 2) {
		if (wide[i] == AT_RANDOM) {
			*ret_address = wide[i + 1];
			return true;
		}
	}
	if (n > 0)
		memcpy(narrow, wide, (size_t)n);
	for (size_t i = 0; n > 0 && i + 2 <= (size_t)n / 4; i += 2) {
		if (narrow[i] == AT_RANDOM) {
			*ret_address = narrow[i + 1];
			return true;
		}
	}
	return false;
}

bool
dmio_identity_get(pid_t tid, struct dmio_identity *ret_identity)
{
	struct dmio_identity identity = { .tid = tid };
	struct iovec local = { identity.bytes, sizeof(identity.bytes) }, remote;

	*ret_identity = (struct dmio_identity){ 0 };
	if (!get_start(tid, &identity.start) || !get_address(tid, &identity.address))
		return false;
	remote = (struct iovec){ (void *)(uintptr_t)identity.address, sizeof(identity.bytes) };
	if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)sizeof(identity.bytes))
		return false;
	*ret_identity = identity;
	return true;
}

bool
dmio_identity_equals(const struct dmio_identity *a, const struct dmio_identity *b)
{
	return a->tid != 0 && a->tid == b->tid && a->start == b->start &&
	       a->address == b->address && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
