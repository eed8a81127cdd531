/* SPDX-License-Identifier: BSD-2-Clause */
/* test_node.c: the nodes, by the system calls of this process and of its children. */
#include "tests/dsa/test_site.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/dsa/node.h"

#define NOOP                                                                                       \
	{                                                                                          \
		0, 0, 0, 0, 0x0c, 0, 0, 0x00                                                       \
	}

/* A model with a shared queue and a dedicated one, and its nodes. */
struct mount {
	char dir[64], path[2][80];
	struct dsa_model *model;
	struct dsa_node *node; /* (lock) NULL: none that could be told of changes */
	pthread_mutex_t lock;
	uint8_t *memory; /* a page: records, then data */
};

static void
changed(void *cookie)
{
	struct mount *mount = cookie;

	pthread_mutex_lock(&mount->lock);
	if (mount->node != NULL)
		dsa_node_wake(mount->node);
	pthread_mutex_unlock(&mount->lock);
}

static void
mount_know(struct mount *mount, struct dsa_node *node)
{
	pthread_mutex_lock(&mount->lock);
	mount->node = node;
	pthread_mutex_unlock(&mount->lock);
}

static void
mount_open(struct mount *mount, const char *knobs)
{
	const struct dsa_model_options options = {
		.nqueues = 2,
		.queues = { { .size = 4 }, { .size = 4, .is_dedicated = true } },
		.knobs = knobs,
		.changed = changed,
		.cookie = mount,
	};
	struct dsa_node_options nodes = { .dir = mount->dir };
	struct dsa_node *node;
	char why[200] = "";

	*mount = (struct mount){ .dir = "" };
	pthread_mutex_init(&mount->lock, NULL);
	scratch_make(mount->dir, sizeof(mount->dir));
	snprintf(mount->path[0], sizeof(mount->path[0]), "%s/wq0.0", mount->dir);
	snprintf(mount->path[1], sizeof(mount->path[1]), "%s/wq0.1", mount->dir);
	mount->memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(mount->memory != MAP_FAILED);
	ck_assert_int_eq(dsa_model_create(&options, &mount->model, why, sizeof(why)), 0);
	ck_assert_msg(dsa_node_open(mount->model, &nodes, &node, why, sizeof(why)) == 0, "%s", why);
	mount_know(mount, node);
}

static void
mount_close(struct mount *mount)
{
	struct dsa_node *node = mount->node;

	mount_know(mount, NULL);
	dsa_node_close(node);
	dsa_model_destroy(mount->model);
	pthread_mutex_destroy(&mount->lock);
	munmap(mount->memory, PAGE);
	ck_assert_int_eq(rmdir(mount->dir), 0);
}

static int
node_open(const struct mount *mount, unsigned queue)
{
	int fd = open(mount->path[queue], O_RDWR | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", mount->path[queue], strerror(errno));
	return fd;
}

/* COUNT NOOPs with records from the memory's start. */
static void
put_noops(const struct mount *mount, uint8_t *descs, unsigned count)
{
	static const uint8_t noop[BYTES] = NOOP;

	for (unsigned i = 0; i < count; i++) {
		memcpy(descs + i * BYTES, noop, BYTES);
		put_u64(descs, i * BYTES + 8, (uintptr_t)mount->memory + 32 * i);
	}
}

/* What write(2) returned, or the negative errno. */
static long
write_noops(const struct mount *mount, int fd, unsigned count)
{
	uint8_t descs[8 * BYTES];
	ssize_t n;

	put_noops(mount, descs, count);
	n = write(fd, descs, count * BYTES);
	return (long)seen((uint64_t)(n < 0 ? -errno : n));
}

START_TEST(a_node_takes_descriptors_and_writes_records)
{
	uint8_t desc[BYTES] = { 0, 0, 0, 0, 0x0c, 0, 0, 0x10, [32] = 9 };
	struct mount mount;
	int fd;

	mount_open(&mount, NULL);
	fd = node_open(&mount, (unsigned)_i);
	memcpy(mount.memory + 1024, "123456789", 9);
	put_places(desc, mount.memory, mount.memory + 1024, NULL);
	ck_assert_int_eq(write(fd, desc, BYTES), BYTES);
	site_wait(mount.memory);
	ck_assert_uint_eq(seen(mount.memory[0]), 0x01);
	ck_assert_uint_eq(seen(get_u32(mount.memory, 16)), 0xe3069283);
	ck_assert_int_eq(write_noops(&mount, fd, 4), 4 * BYTES);
	dsa_model_drain(mount.model, -1);
	ck_assert_int_eq(close(fd), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(mount.memory[32 * i], 0x01);
	mount_close(&mount);
}
END_TEST

START_TEST(a_node_answers_as_the_driver_does)
{
	uint8_t bytes[2 * BYTES] = { 0 };
	struct pollfd pollfd = { .events = POLLIN };
	struct mount mount;
	struct stat st;
	int fd;

	mount_open(&mount, "any:late=60000000");
	ck_assert_int_eq(stat(mount.path[0], &st), 0);
	ck_assert_uint_eq(seen(st.st_mode & 0777), 0600);
	fd = node_open(&mount, 0);
	ck_assert_int_eq((int)seen((uint64_t)read(fd, bytes, 64)), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	bytes[7] = 0x01;
	ck_assert_int_eq(write(fd, bytes, BYTES), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(write(fd, bytes, BYTES - 1), 0);
	ck_assert_int_eq(mprotect(mount.memory, PAGE, PROT_NONE), 0);
	ck_assert_int_eq(write(fd, mount.memory, BYTES), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(mprotect(mount.memory, PAGE, PROT_READ | PROT_WRITE), 0);
	ck_assert_int_eq(write_noops(&mount, fd, 8), 4 * BYTES);
	ck_assert_int_eq(write_noops(&mount, fd, 1), -EAGAIN);
	pollfd.fd = fd;
	ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
	dsa_model_disable(mount.model, 0);
	close(fd);
	ck_assert_int_eq(open(mount.path[0], O_RDWR | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, ENXIO);
	mount_close(&mount);
}
END_TEST

START_TEST(a_dedicated_node_opens_once_and_drops_what_is_too_much)
{
	struct mount mount;
	int fd;

	mount_open(&mount, "any:late=60000000");
	fd = node_open(&mount, 1);
	ck_assert_int_eq(open(mount.path[1], O_RDWR | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_eq(write_noops(&mount, fd, 6), 6 * BYTES);
	dsa_model_disable(mount.model, 1);
	close(fd);
	dsa_model_enable(mount.model, 1);
	close(node_open(&mount, 1));
	mount_close(&mount);
}
END_TEST

/* What the child reports, and how it ends. */
static void
child_ends(pid_t pid, int wanted)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq((int)seen((uint64_t)WEXITSTATUS(status)), wanted);
}

START_TEST(only_the_opener_may_write)
{
	struct mount mount;
	pid_t pid;
	int fd;

	mount_open(&mount, NULL);
	fd = node_open(&mount, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLNVAL };
		uint8_t desc[BYTES] = NOOP;

		if (write(fd, desc, BYTES) >= 0 || errno != EPERM)
			_exit(10);
		_exit(poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLNVAL ? 20 : 11);
	}
	child_ends(pid, 20);
	close(fd);
	mount_close(&mount);
}
END_TEST

/* The child's own pages, at an address that means something else in the parent. */
START_TEST(descriptors_are_executed_in_the_openers_memory)
{
	struct mount mount;
	pid_t pid;

	mount_open(&mount, NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		static uint8_t data[2 * BYTES], record[64] __attribute__((aligned(64)));
		uint8_t desc[BYTES] = { 0, 0, 0, 0, 0x0c, 0, 0, 0x03, [32] = BYTES };
		int fd = open(mount.path[0], O_RDWR | O_CLOEXEC);

		memset(data, 0x77, BYTES);
		put_places(desc, record, data, data + BYTES);
		if (fd < 0 || write(fd, desc, BYTES) != BYTES || close(fd) != 0)
			_exit(10);
		_exit(record[0] == 0x01 && data[2 * BYTES - 1] == 0x77 ? 20 : 11);
	}
	child_ends(pid, 20);
	mount_close(&mount);
}
END_TEST

/* It is killed with its node open and something pending: the queue is free soon after. */
START_TEST(an_opener_may_die)
{
	struct mount mount;
	pid_t pid;
	int status, fd = -1;

	mount_open(&mount, "any:late=20000");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		uint8_t desc[BYTES] = NOOP;

		fd = open(mount.path[1], O_RDWR | O_CLOEXEC);
		put_u64(desc, 8, (uintptr_t)mount.memory);
		if (fd < 0 || write(fd, desc, BYTES) != BYTES)
			_exit(10);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(seen(WIFSIGNALED(status)), 1);
	for (time_t until = time(NULL) + 30; fd < 0 && time(NULL) < until;)
		fd = open(mount.path[1], O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	close(fd);
	mount_close(&mount);
}
END_TEST

START_TEST(close_waits_for_what_was_written)
{
	struct mount mount;
	pid_t pid;

	mount_open(&mount, "any:late=30000");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		uint8_t descs[2 * BYTES];
		int fd = open(mount.path[0], O_RDWR | O_CLOEXEC);

		put_noops(&mount, descs, 2);
		if (fd < 0 || write(fd, descs, sizeof(descs)) != sizeof(descs) || close(fd) != 0)
			_exit(10);
		_exit(mount.memory[0] == 1 && mount.memory[32] == 1 ? 20 : 11);
	}
	child_ends(pid, 20);
	mount_close(&mount);
}
END_TEST

START_TEST(poll_wakes_for_an_error_of_the_device)
{
	struct pollfd pollfd = { .events = POLLIN };
	uint8_t desc[BYTES] = NOOP;
	struct mount mount;

	mount_open(&mount, NULL);
	pollfd.fd = node_open(&mount, 0);
	put_u64(desc, 8, 32); /* a record that is nowhere */
	ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
	ck_assert_int_eq(write(pollfd.fd, desc, BYTES), BYTES);
	ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
	ck_assert_uint_eq(seen((uint64_t)pollfd.revents), POLLIN);
	close(pollfd.fd);
	mount_close(&mount);
}
END_TEST

START_TEST(nodes_go_away_under_a_caller)
{
	struct mount mount;
	uint8_t desc[BYTES] = NOOP;
	int fd;

	mount_open(&mount, "any:late=60000000");
	fd = node_open(&mount, 0);
	ck_assert_int_eq(write_noops(&mount, fd, 2), 2 * BYTES);
	mount_close(&mount);
	ck_assert_int_eq((int)seen((uint64_t)write(fd, desc, BYTES)), -1);
	close(fd);
}
END_TEST

/* It stops all threads while one is in the kernel, those too that are to answer it. */
static bool
is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

TCase *
test_node(void)
{
	TCase *tcase = tcase_create("node");

	if (is_under_valgrind()) {
		fprintf(stderr, "skip: the nodes: Valgrind cannot serve itself\n");
		return tcase;
	}
	if (access("/dev/fuse", R_OK | W_OK) != 0) {
		fprintf(stderr, "skip: the nodes: /dev/fuse: %s\n", strerror(errno));
		return tcase;
	}
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, a_node_takes_descriptors_and_writes_records, 0, 2);
	tcase_add_test(tcase, a_node_answers_as_the_driver_does);
	tcase_add_test(tcase, a_dedicated_node_opens_once_and_drops_what_is_too_much);
	tcase_add_test(tcase, only_the_opener_may_write);
	tcase_add_test(tcase, descriptors_are_executed_in_the_openers_memory);
	tcase_add_test(tcase, an_opener_may_die);
	tcase_add_test(tcase, close_waits_for_what_was_written);
	tcase_add_test(tcase, poll_wakes_for_an_error_of_the_device);
	tcase_add_test(tcase, nodes_go_away_under_a_caller);
	return tcase;
}
