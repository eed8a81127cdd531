/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c: a caller in a process of its own. */
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

uint8_t
child_byte(size_t at)
{
	return (uint8_t)(at / CHILD_PAGE * 16 + at % CHILD_PAGE);
}

static uint8_t *
make_memory(void)
{
	const size_t size = NPAGES * CHILD_PAGE;
	/* Unreadable ground in front, nothing behind: the pages do not melt into other mappings. */
	uint8_t *ground =
	    mmap(NULL, size + 2 * CHILD_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *memory = ground + CHILD_PAGE;

	ck_assert(ground != MAP_FAILED);
	ck_assert_int_eq(mprotect(memory, size, PROT_READ | PROT_WRITE), 0);
	for (size_t i = 0; i < size; i++)
		memory[i] = child_byte(i);
	ck_assert_int_eq(mprotect(memory + PAGE_READ * CHILD_PAGE, CHILD_PAGE, PROT_READ), 0);
	ck_assert_int_eq(mprotect(memory + PAGE_NONE * CHILD_PAGE, CHILD_PAGE, PROT_NONE), 0);
	ck_assert_int_eq(munmap(memory + size, CHILD_PAGE), 0);
	return memory;
}

static void *
exec_in_thread(void *arg)
{
	execl("/bin/sleep", "sleep", "1000", (char *)NULL);
	return arg;
}

/* Touches memory that it did not have before. */
static void
touch(void)
{
	uint8_t *fresh =
	    mmap(NULL, CHILD_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fresh == MAP_FAILED)
		_exit(1);
	*(volatile uint8_t *)fresh = 1;
	munmap(fresh, CHILD_PAGE);
}

static void
reply(int life)
{
	if (write(life, "", 1) != 1)
		_exit(1);
}

/* Until there is another command. */
static void
touch_on(int commands, int life)
{
	struct pollfd poller = { .fd = commands, .events = POLLIN };

	touch();
	reply(life);
	while (poll(&poller, 1, 0) == 0)
		touch();
}

/* In the child: does what it is told. */
static void
serve(int commands, int life)
{
	pthread_t thread;
	char command;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(commands, &command, 1) == 1) {
		if (command == 'e')
			exec_in_thread(NULL);
		else if (command == 't' && pthread_create(&thread, NULL, exec_in_thread, NULL) == 0)
			pthread_join(thread, NULL);
		if (command == 'F') {
			touch_on(commands, life);
			continue;
		}
		if (command != 'f')
			_exit(1);
		touch();
		reply(life);
	}
	_exit(1);
}

void
child_start(struct child *child)
{
	int commands[2], life[2];

	child->memory = make_memory();
	ck_assert_int_eq(pipe2(commands, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(life, O_CLOEXEC), 0);
	child->pid = fork();
	ck_assert_int_ge(child->pid, 0);
	if (child->pid == 0) {
		close(commands[1]);
		close(life[0]);
		serve(commands[0], life[1]);
	}
	close(commands[0]);
	close(life[1]);
	child->to = commands[1];
	child->from = life[0];
}

static void
exec_by(struct child *child, const char *command)
{
	char byte;

	ck_assert_int_eq(write(child->to, command, 1), 1);
	/* The pipe closes as the new image takes over. */
	ck_assert_int_eq(read(child->from, &byte, 1), 0);
}

void
child_exec(struct child *child)
{
	exec_by(child, "e");
}

void
child_exec_in_thread(struct child *child)
{
	exec_by(child, "t");
}

static void
ask(struct child *child, const char *command)
{
	char byte;

	ck_assert_int_eq(write(child->to, command, 1), 1);
	ck_assert_int_eq(read(child->from, &byte, 1), 1);
}

void
child_fault(struct child *child)
{
	ask(child, "f");
}

void
child_fault_on(struct child *child)
{
	ask(child, "F");
}

void
child_exit(struct child *child)
{
	int status;

	/* Whatever it runs by now. */
	kill(child->pid, SIGKILL);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	close(child->to);
	close(child->from);
	munmap(child->memory, NPAGES * CHILD_PAGE);
}

void
child_peek(const struct child *child, size_t at, void *buf, size_t len)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)child->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, buf, len, (off_t)(uintptr_t)(child->memory + at)), (ssize_t)len);
	close(fd);
}
