/* SPDX-License-Identifier: BSD-2-Clause */
/* other.c: another process with memory like ours. */
#include "tools/bench/other.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tools/bench/cleanup.h"

static _Noreturn void
be_other(int fd, size_t len, enum bench_pages pages)
{
	struct bench_area area;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_cleanup_forked();
	if (bench_area_init(&area, len, pages) < 0 ||
	    write(fd, &area.base, sizeof(area.base)) != sizeof(area.base))
		_exit(1);
	close(fd);
	for (;;)
		pause();
}

int
bench_other_init(struct bench_other *other, size_t len, enum bench_pages pages)
{
	int fds[2], err = 0;

	*other = (struct bench_other){ 0 };
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	other->pid = fork();
	if (other->pid == 0) {
		close(fds[0]);
		be_other(fds[1], len, pages);
	}
	close(fds[1]);
	if (other->pid < 0) {
		err = -errno;
		other->pid = 0;
	} else {
		other->kept = bench_cleanup_keep(&(const struct bench_thing){ .pid = other->pid });
		if (read(fds[0], &other->base, sizeof(other->base)) != sizeof(other->base))
			err = -ENOMEM;
	}
	close(fds[0]);
	if (err < 0)
		bench_other_fini(other);
	return err;
}

void
bench_other_fini(struct bench_other *other)
{
	if (other->pid > 0)
		bench_cleanup_drop(other->kept);
	*other = (struct bench_other){ 0 };
}
