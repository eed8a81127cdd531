/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.c: daemons of our own. */
#include "tools/bench/daemon.h"

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tools/bench/cleanup.h"

#define DAEMONS_MAX 24
#define READY_MAX   60000 /* milliseconds until a daemon must be ready */

struct bench_daemons {
	char binary[PATH_MAX];
	char workers[32];
	char dir[200];
	int kept_dir;
	unsigned n;
	int kept[DAEMONS_MAX];
	struct bench_daemon daemons[DAEMONS_MAX];
};

/* Beside this program, in the build's and in an installation's folders, then in PATH. */
static int
find_binary(char *path, size_t len)
{
	static const char *const beside[] = { "dmoverd", "../cuse/dmoverd", "../sbin/dmoverd" };
	const char *dirs = getenv("PATH");
	char self[PATH_MAX / 2];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/') != NULL)
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; n > 0 && i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(path, len, "%s/%s", self, beside[i]);
		if (access(path, X_OK) == 0)
			return 0;
	}
	while (dirs != NULL && *dirs != '\0') {
		size_t dir = strcspn(dirs, ":");

		snprintf(path, len, "%.*s/dmoverd", (int)dir, dirs);
		if (access(path, X_OK) == 0)
			return 0;
		dirs += dir + (dirs[dir] == ':');
	}
	return -ENOENT;
}

struct bench_daemons *
bench_daemons_create(const char *binary, unsigned workers, char *why, size_t len)
{
	struct bench_daemons *daemons = calloc(1, sizeof(*daemons));
	const char *tmp = getenv("TMPDIR");

	if (daemons == NULL)
		err(1, "memory");
	if (binary != NULL)
		snprintf(daemons->binary, sizeof(daemons->binary), "%s", binary);
	if (binary != NULL ? access(binary, X_OK) != 0
			   : find_binary(daemons->binary, sizeof(daemons->binary)) < 0) {
		snprintf(why, len, "%s: no such program (--dmoverd names it)",
		    binary != NULL ? binary : "dmoverd");
		free(daemons);
		return NULL;
	}
	snprintf(daemons->workers, sizeof(daemons->workers), "--workers=%u", workers);
	snprintf(daemons->dir, sizeof(daemons->dir), "%s/dmover-bench-XXXXXX",
	    tmp != NULL && strlen(tmp) < 150 ? tmp : "/tmp");
	if (mkdtemp(daemons->dir) == NULL) {
		snprintf(why, len, "%s: %s", daemons->dir, strerror(errno));
		free(daemons);
		return NULL;
	}
	daemons->kept_dir = bench_cleanup_keep(&(const struct bench_thing){ .dir = daemons->dir });
	return daemons;
}

void
bench_daemons_destroy(struct bench_daemons *daemons)
{
	if (daemons == NULL)
		return;
	for (unsigned i = 0; i < daemons->n; i++)
		bench_cleanup_drop(daemons->kept[i]);
	bench_cleanup_drop(daemons->kept_dir);
	free(daemons);
}

static _Noreturn void
be_daemon(const struct bench_daemons *daemons, const struct bench_daemon *daemon, int out)
{
	char path[sizeof(daemon->path) + 16], engine[sizeof(daemon->engine) + 16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	bench_cleanup_forked();
	snprintf(path, sizeof(path), "--path=%s", daemon->path);
	snprintf(engine, sizeof(engine), "--engine=%s", daemon->engine);
	dup2(out, STDOUT_FILENO);
	execl(daemons->binary, "dmoverd", "--front=fuse", "--foreground", "--log-level=error", path,
	    engine, daemons->workers, (char *)NULL);
	_exit(127);
}

/* Until the line that says that callers can open it; -errno when it ends or takes too long. */
static int
wait_ready(int fd)
{
	char line[512];
	size_t len = 0;

	while (len < sizeof(line) - 1) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&pollfd, 1, READY_MAX) != 1)
			return -ETIMEDOUT;
		n = read(fd, line + len, sizeof(line) - 1 - len);
		if (n <= 0)
			return -ECHILD;
		len += (size_t)n;
		line[len] = '\0';
		if (strstr(line, "dmoverd: ready: ") != NULL && strchr(line, '\n') != NULL)
			return 0;
	}
	return -EPROTO;
}

static int
daemon_start(struct bench_daemons *daemons, struct bench_daemon *daemon, int *ret_kept)
{
	int fds[2], error;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	daemon->pid = fork();
	if (daemon->pid == 0)
		be_daemon(daemons, daemon, fds[1]);
	close(fds[1]);
	error = -errno;
	if (daemon->pid > 0) {
		*ret_kept = bench_cleanup_keep(
		    &(const struct bench_thing){ .pid = daemon->pid, .path = daemon->path });
		error = wait_ready(fds[0]);
		if (error < 0)
			bench_cleanup_drop(*ret_kept);
	}
	close(fds[0]);
	return error;
}

const struct bench_daemon *
bench_daemons_get(struct bench_daemons *daemons, const char *engine, char *why, size_t len)
{
	struct bench_daemon *daemon = &daemons->daemons[daemons->n];
	int error;

	for (unsigned i = 0; i < daemons->n; i++)
		if (strcmp(daemons->daemons[i].engine, engine) == 0)
			return &daemons->daemons[i];
	if (daemons->n == DAEMONS_MAX) {
		snprintf(why, len, "more than %d daemons", DAEMONS_MAX);
		return NULL;
	}
	snprintf(daemon->engine, sizeof(daemon->engine), "%s", engine);
	snprintf(daemon->path, sizeof(daemon->path), "%s/%u", daemons->dir, daemons->n);
	error = daemon_start(daemons, daemon, &daemons->kept[daemons->n]);
	if (error < 0) {
		snprintf(why, len, "dmoverd --engine=%s: %s", engine,
		    error == -ECHILD ? "did not start" : strerror(-error));
		return NULL;
	}
	daemons->n++;
	return daemon;
}

static bool
is_dmoverd(const char *pid)
{
	char path[300], name[32] = "";
	FILE *comm;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	comm = fopen(path, "re");
	if (comm == NULL)
		return false;
	if (fgets(name, sizeof(name), comm) == NULL)
		name[0] = '\0';
	fclose(comm);
	return strcmp(name, "dmoverd\n") == 0;
}

pid_t
bench_daemon_find(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;
	unsigned n = 0;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !is_dmoverd(entry->d_name))
			continue;
		found = (pid_t)strtol(entry->d_name, NULL, 10);
		n++;
	}
	if (proc != NULL)
		closedir(proc);
	return n == 1 ? found : 0;
}
