/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.c: a program without a C library: threads, signals and files by its own system calls, as the
 * runtime of Go makes them.
 *
 * Each thread opens the device again and again, and copies through it, while the first one
 * interrupts them all with SIGURG.  Exit status 0, or the number of the line that failed.
 */
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <dev/dmover/dmover_io.h>

#define THREADS 4
#define ROUNDS  60
#define LEN     8192
#define STACK   65536

struct thread {
	volatile int tid; /* the kernel clears it at the end */
	volatile unsigned rounds;
	unsigned char from[LEN], to[LEN];
	_Alignas(16) unsigned char stack[STACK];
};

static struct thread threads[THREADS];

static long
call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static _Noreturn void
end(long status)
{
	for (;;)
		call(SYS_exit_group, status > 255 ? 255 : status, 0, 0, 0, 0);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			end(__LINE__);                                                             \
	} while (0)

void *memset(void *to, int byte, size_t len);

void *
memset(void *to, int byte, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((volatile unsigned char *)to)[i] = (unsigned char)byte;
	return to;
}

static void
copy_once(struct thread *self, unsigned round)
{
	static const char path[] = "/dev/dmoverio";
	struct dmio_setfunc dsf = { "copy" };
	struct iovec out = { self->to, LEN }, in = { self->from, LEN };
	dmio_buffer input = { &in, 1 };
	struct dmio_usrreq req = {
		.req_outbuf = { &out, 1 }, .req_inbuf = &input, .req_id = round
	};
	struct dmio_usrresp resp;
	long fd = call(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CLOEXEC, 0, 0);

	CHECK(fd >= 0);
	CHECK(call(SYS_ioctl, fd, (long)DMIO_SETFUNC, (long)&dsf, 0, 0) == 0);
	for (unsigned i = 0; i < LEN; i++)
		self->from[i] = (unsigned char)(i + round);
	CHECK(call(SYS_write, fd, (long)&req, sizeof(req), 0, 0) == sizeof(req));
	CHECK(call(SYS_read, fd, (long)&resp, sizeof(resp), 0, 0) == sizeof(resp));
	CHECK(resp.resp_id == round && resp.resp_error == 0);
	for (unsigned i = 0; i < LEN; i++)
		CHECK(self->to[i] == self->from[i]);
	CHECK(call(SYS_close, fd, 0, 0, 0, 0) == 0);
}

/* What a new thread does; it never returns. */
static _Noreturn __attribute__((used)) void
thread_main(struct thread *self)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		copy_once(self, i);
		self->rounds = i + 1;
	}
	for (;;)
		call(SYS_exit, 0, 0, 0, 0, 0);
}

/* clone(2): the child begins in thread_main() on its own stack. */
long raw_clone(unsigned long flags, void *stack, volatile int *tid, volatile int *clear, void *arg);

__asm__(".text\n"
	"raw_clone:\n"
	"	mov %r8, %r9\n"
	"	mov %rcx, %r10\n"
	"	xor %r8d, %r8d\n"
	"	mov $56, %eax\n"
	"	syscall\n"
	"	test %eax, %eax\n"
	"	jnz 1f\n"
	"	xor %ebp, %ebp\n"
	"	mov %r9, %rdi\n"
	"	call thread_main\n"
	"1:	ret\n");

/* Does nothing; the kernel wants to know where it returns to. */
void raw_handler(int signo);
void raw_restorer(void);

__asm__(".text\n"
	"raw_handler:\n"
	"	ret\n"
	"raw_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n");

/* As the kernel takes it. */
struct kernel_sigaction {
	void (*handler)(int signo);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

#define RESTART_AND_RESTORER (0x10000000UL | 0x04000000UL)
#define URGENT               23

static void
start_threads(void)
{
	const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
				    CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
				    CLONE_CHILD_CLEARTID;

	for (unsigned i = 0; i < THREADS; i++) {
		struct thread *thread = &threads[i];

		CHECK(raw_clone(flags, thread->stack + STACK, &thread->tid, &thread->tid, thread) >
		      0);
	}
}

static _Noreturn __attribute__((used)) void
raw_main(void)
{
	const struct kernel_sigaction act = {
		.handler = raw_handler, .flags = RESTART_AND_RESTORER, .restorer = raw_restorer
	};
	long pid = call(SYS_getpid, 0, 0, 0, 0, 0);
	unsigned nrunning;

	CHECK(call(SYS_rt_sigaction, URGENT, (long)&act, 0, 8, 0) == 0);
	start_threads();
	do {
		nrunning = 0;
		for (unsigned i = 0; i < THREADS; i++) {
			int tid = threads[i].tid;

			nrunning += tid != 0;
			if (tid != 0)
				call(SYS_tgkill, pid, tid, URGENT, 0, 0);
		}
		call(SYS_sched_yield, 0, 0, 0, 0, 0);
	} while (nrunning > 0);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(threads[i].rounds == ROUNDS);
	end(0);
}

__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	and $-16, %rsp\n"
	"	call raw_main\n");
