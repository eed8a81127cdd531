/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c: a caller in a process of its own. */
#include "child.h"

#include <fcntl.h>
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

/* In the child: does what it is told. */
static void
serve(int commands)
{
	char command;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(commands, &command, 1) == 1) {
		if (command == 'e')
			execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(command == 'x' ? 0 : 1);
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
		serve(commands[0]);
	}
	close(commands[0]);
	close(life[1]);
	child->to = commands[1];
	child->from = life[0];
}

void
child_exec(struct child *child)
{
	char byte;

	ck_assert_int_eq(write(child->to, "e", 1), 1);
	/* The pipe closes as the new image takes over. */
	ck_assert_int_eq(read(child->from, &byte, 1), 0);
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
