/* SPDX-License-Identifier: BSD-2-Clause */
/* choose.c: tries the ways in the order of their worth. */
#include "tools/run/choose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#include "tools/run/preload.h"
#include "tools/run/seccomp.h"

/* A device knows DMIO_SETFUNC, and no function without a name; another file does not know the call. */
static int
check_device(const char *path, char *why, size_t len)
{
	struct dmio_setfunc none = { "" };
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), err = 0;

	if (fd < 0)
		err = -errno;
	else if (ioctl(fd, DMIO_SETFUNC, &none) != 0 && errno != ESRCH)
		err = -ENODEV;
	if (fd >= 0)
		close(fd);
	snprintf(why, len, "%s: %s", path, err < 0 ? strerror(-err) : "there is a device");
	return err;
}

static int
check(enum run_way way, const struct run_options *options, const struct program *program, char *why,
    size_t len)
{
	if (way == RUN_DEVICE)
		return check_device(options->path, why, len);
	if (way == RUN_PRELOAD)
		return run_preload_check(options, program, why, len);
	return run_seccomp_check(options, program, why, len);
}

int
run_choose(const struct run_options *options, const struct program *program, enum run_way *ret_way,
    char *why, size_t len)
{
	char first[1024], second[1024];
	int err;

	if (options->way != RUN_AUTO) {
		*ret_way = options->way;
		err = check(options->way, options, program, why, len);
		if (err == 0 || options->way != RUN_SECCOMP ||
		    run_preload_check(options, program, first, sizeof(first)) < 0)
			return err;
		fprintf(stderr, "dmover-run: --seccomp: %s; preload serves this program instead\n",
		    why);
		*ret_way = RUN_PRELOAD;
		return 0;
	}
	*ret_way = RUN_DEVICE;
	if (run_options_need_service(options) == NULL && check_device(options->path, why, len) == 0)
		return 0;
	*ret_way = RUN_PRELOAD;
	err = run_preload_check(options, program, first, sizeof(first));
	if (err == 0) {
		snprintf(why, len, "%s: a dynamically linked program", program->path);
		return 0;
	}
	*ret_way = RUN_SECCOMP;
	err = run_seccomp_check(options, program, second, sizeof(second));
	if (err == 0)
		snprintf(why, len, "%s", first);
	else
		snprintf(why, len, "%s; seccomp: %s", first, second);
	return err;
}
