/* SPDX-License-Identifier: BSD-2-Clause */
/* lend.c: whose address space a thread has. */
#include "cuse/lend.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cuse/proc.h"

/* The address of the bytes, from the auxiliary vector: pairs of words of the caller's size. */
static bool
get_address(pid_t tid, uint64_t *ret_address)
{
	uint64_t wide[128];
	uint32_t narrow[256];
	ssize_t n = dmio_proc_read(tid, "auxv", wide, sizeof(wide));

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
dmio_identity_get_at(int stat_fd, pid_t tid, struct dmio_identity *ret_identity)
{
	struct dmio_identity identity = { .tid = tid };
	struct iovec local = { identity.bytes, sizeof(identity.bytes) }, remote;
	struct dmio_proc_stat stat;

	*ret_identity = (struct dmio_identity){ 0 };
	if (!dmio_proc_stat(stat_fd, &stat) || !get_address(tid, &identity.address))
		return false;
	identity.start = stat.start;
	remote = (struct iovec){ (void *)(uintptr_t)identity.address, sizeof(identity.bytes) };
	if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)sizeof(identity.bytes))
		return false;
	*ret_identity = identity;
	return true;
}

bool
dmio_identity_get(pid_t tid, struct dmio_identity *ret_identity)
{
	int fd = dmio_proc_open(tid, "stat", O_RDONLY);
	bool is_known;

	*ret_identity = (struct dmio_identity){ 0 };
	if (fd < 0)
		return false;
	is_known = dmio_identity_get_at(fd, tid, ret_identity);
	close(fd);
	return is_known;
}

bool
dmio_identity_equals(const struct dmio_identity *a, const struct dmio_identity *b)
{
	return a->tid != 0 && a->tid == b->tid && a->start == b->start &&
	       a->address == b->address && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
