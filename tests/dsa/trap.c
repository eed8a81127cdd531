/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.c: the pages, the two instructions, and the handler that stands between them and a sink. */
#include "tests/dsa/trap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define DESC_SIZE 64u

struct portal {
	_Atomic uintptr_t page; /* 0: free */
	struct trap_sink sink;  /* constant while page is set */
};

/* Taken by those who change the table; the handler reads without it. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct portal table[TRAP_PORTALS_MAX];

static _Atomic uint64_t nmovdir64b, nenqcmd, nretries, slots_used;

static struct portal *
portal_at(uintptr_t addr)
{
	const uintptr_t page = addr & ~(uintptr_t)(TRAP_PAGE - 1);

	for (unsigned i = 0; i < TRAP_PORTALS_MAX; i++)
		if (page != 0 && atomic_load_explicit(&table[i].page, memory_order_acquire) == page)
			return &table[i];
	return NULL;
}

#ifdef __x86_64__
#define LENGTH 5 /* bytes of either instruction */

#define FLAG_CF 0x001
#define FLAG_PF 0x004
#define FLAG_AF 0x010
#define FLAG_ZF 0x040
#define FLAG_SF 0x080
#define FLAG_OF 0x800

static struct sigaction old_ill, old_segv;
static bool is_installed; /* (table_lock) */

enum insn { INSN_OTHER, INSN_MOVDIR64B, INSN_ENQCMD };

static enum insn
decode(const uint8_t *code)
{
	static const uint8_t rest[LENGTH - 1] = { 0x0f, 0x38, 0xf8, 0x02 };
	const uint8_t prefix = code[0];

	if (prefix != 0x66 && prefix != 0xf2)
		return INSN_OTHER;
	/* Byte for byte: behind a shorter instruction there may be no page. */
	for (unsigned i = 0; i < sizeof(rest); i++)
		if (code[i + 1] != rest[i])
			return INSN_OTHER;
	return prefix == 0x66 ? INSN_MOVDIR64B : INSN_ENQCMD;
}

/*
 * "setz" of a register behind the ENQCMD is done here, too: Valgrind restores all registers after a
 * handler, but not the flags.
 */
static void
step_over_setz(greg_t *regs)
{
	static const int names[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
		REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
		REG_R15 };
	const uint8_t *code = (const uint8_t *)regs[REG_RIP];
	const unsigned rex = (code[0] & 0xf0) == 0x40 ? code[0] : 0, at = rex != 0;
	unsigned reg;

	if (code[at] != 0x0f || code[at + 1] != 0x94 || (code[at + 2] & 0xc0) != 0xc0)
		return;
	reg = (code[at + 2] & 7u) | (rex & 1u) << 3;
	/* Without the prefix 4 to 7 are the second bytes of the first four. */
	if (rex == 0 && reg >= 4)
		return;
	regs[names[reg]] = (regs[names[reg]] & ~(greg_t)0xff) | ((regs[REG_EFL] & FLAG_ZF) != 0);
	regs[REG_RIP] += at + 3;
}

static void
enqcmd(const struct portal *portal, const uint8_t *desc, greg_t *flags)
{
	atomic_fetch_add(&nenqcmd, 1);
	*flags &= ~(greg_t)(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF);
	if (portal->sink.enqcmd(portal->sink.cookie, desc))
		return;
	atomic_fetch_add(&nretries, 1);
	*flags |= FLAG_ZF;
}

/* False: not an instruction of ours, or not to a portal. */
static bool
emulate(greg_t *regs)
{
	const enum insn insn = decode((const uint8_t *)regs[REG_RIP]);
	const uintptr_t to = (uintptr_t)regs[REG_RAX];
	const struct portal *portal = insn != INSN_OTHER ? portal_at(to) : NULL;
	uint8_t desc[DESC_SIZE];

	/* Both instructions refuse addresses that are not aligned. */
	if (portal == NULL || to % DESC_SIZE != 0)
		return false;
	atomic_fetch_or(&slots_used, UINT64_C(1) << (to % TRAP_PAGE / DESC_SIZE));
	memcpy(desc, (const void *)regs[REG_RDX], sizeof(desc));
	regs[REG_RIP] += LENGTH;
	if (insn == INSN_ENQCMD) {
		enqcmd(portal, desc, &regs[REG_EFL]);
		step_over_setz(regs);
	} else {
		atomic_fetch_add(&nmovdir64b, 1);
		portal->sink.movdir64b(portal->sink.cookie, desc);
	}
	return true;
}

static void
handle(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	const int saved = errno;
	/* A jump to nowhere: there is nothing to decode. */
	const bool is_fetch =
	    signo == SIGSEGV && (uintptr_t)info->si_addr == (uintptr_t)regs[REG_RIP];

	/* The instruction runs once more, and ends as if nobody had caught it. */
	if (is_fetch || !emulate(regs))
		sigaction(signo, signo == SIGILL ? &old_ill : &old_segv, NULL);
	errno = saved;
}

/* With table_lock. */
static int
install(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	if (is_installed)
		return 0;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGILL, &action, &old_ill) < 0)
		return -errno;
	if (sigaction(SIGSEGV, &action, &old_segv) < 0) {
		int err = -errno;

		sigaction(SIGILL, &old_ill, NULL);
		return err;
	}
	is_installed = true;
	return 0;
}
#else
static int
install(void)
{
	return -ENOTSUP;
}
#endif

/* With table_lock. */
static int
add(const struct trap_sink *sink, void **ret_portal)
{
	struct portal *portal = table;
	void *page;
	int err = install();

	while (portal < table + TRAP_PORTALS_MAX && atomic_load(&portal->page) != 0)
		portal++;
	if (err == 0 && portal == table + TRAP_PORTALS_MAX)
		err = -ENOSPC;
	if (err != 0)
		return err;
	page = mmap(/* addr= */ NULL, TRAP_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	portal->sink = *sink;
	atomic_store_explicit(&portal->page, (uintptr_t)page, memory_order_release);
	*ret_portal = page;
	return 0;
}

int
trap_portal_create(const struct trap_sink *sink, void **ret_portal)
{
	int err;

	pthread_mutex_lock(&table_lock);
	err = add(sink, ret_portal);
	pthread_mutex_unlock(&table_lock);
	return err;
}

bool
trap_portal_destroy(void *page)
{
	struct portal *portal;

	pthread_mutex_lock(&table_lock);
	portal = portal_at((uintptr_t)page);
	if (portal != NULL) {
		atomic_store(&portal->page, 0);
		munmap(page, TRAP_PAGE);
	}
	pthread_mutex_unlock(&table_lock);
	return portal != NULL;
}

struct trap_counts
trap_counts(void)
{
	return (struct trap_counts){
		.movdir64b = atomic_load(&nmovdir64b),
		.enqcmd = atomic_load(&nenqcmd),
		.retries = atomic_load(&nretries),
		.slots = atomic_load(&slots_used),
	};
}
