/* SPDX-License-Identifier: BSD-2-Clause */
/* test_trap.c: the two instructions do at a trapped portal what they do at a real one. */
#include "tests/dsa/trap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/rig.h"

#ifdef __x86_64__
#define DESC  64u
#define SLOTS (TRAP_PAGE / DESC)

#define FLAG_CF 0x001u
#define FLAG_ZF 0x040u
/* Carry, parity, auxiliary, zero, sign, overflow. */
#define FLAGS 0x8d5u

/* It does not restore the flags after a handler. */
static bool
is_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* What the sink of one portal has seen. */
struct seen {
	uint8_t last[DESC];
	unsigned movdir64b, enqcmd;
	unsigned retries; /* it answers "retry" so many times more */
};

static void
see_movdir64b(void *cookie, const void *desc)
{
	struct seen *seen = cookie;

	seen->movdir64b++;
	memcpy(seen->last, desc, DESC);
	seen->last[33] ^= rig_break;
	/* Handlers of the kind that the model's functions are called from. */
	errno = ENOTTY;
}

static bool
see_enqcmd(void *cookie, const void *desc)
{
	struct seen *seen = cookie;

	seen->enqcmd++;
	memcpy(seen->last, desc, DESC);
	if (seen->retries == 0)
		return !rig_break;
	seen->retries--;
	return rig_break;
}

static void *
portal_create(struct seen *seen)
{
	const struct trap_sink sink = { see_movdir64b, see_enqcmd, seen };
	void *portal;
	int err;

	*seen = (struct seen){ 0 };
	err = trap_portal_create(&sink, &portal);
	ck_assert_msg(err == 0, "%s", strerror(-err));
	return portal;
}

static void
movdir64b(void *portal, const void *desc)
{
	__asm__ volatile(".byte 0x66,0x0f,0x38,0xf8,0x02" : : "a"(portal), "d"(desc) : "memory");
}

/* With FLAGS set as BEFORE says; what they are afterwards. */
static unsigned
enqcmd(void *portal, const void *desc, unsigned before)
{
	uint64_t flags;

	/* The stack is used: what is below it is not the compiler's, which is told by the clobber. */
	__asm__ volatile("sub $128, %%rsp\n\t"
			 "pushfq\n\t"
			 "andq %3, (%%rsp)\n\t"
			 "orq %4, (%%rsp)\n\t"
			 "popfq\n\t"
			 ".byte 0xf2,0x0f,0x38,0xf8,0x02\n\t"
			 "pushfq\n\t"
			 "popq %0\n\t"
			 "add $128, %%rsp"
			 : "=&r"(flags)
			 : "a"(portal), "d"(desc), "i"(~FLAGS), "r"((uint64_t)before)
			 : "memory", "cc");
	return (unsigned)flags & FLAGS;
}

/* The same with the instruction that reads the flag: true for "retry". */
static bool
is_refused(void *portal, const void *desc)
{
	uint8_t low, high;

	__asm__ volatile(".byte 0xf2,0x0f,0x38,0xf8,0x02; setz %0"
			 : "=b"(low)
			 : "a"(portal), "d"(desc)
			 : "memory", "cc");
	if (low > 1)
		return !rig_break;
	__asm__ volatile("movq $-1, %%r9\n\t"
			 ".byte 0xf2,0x0f,0x38,0xf8,0x02; setz %%r9b\n\t"
			 "movb %%r9b, %0"
			 : "=q"(high)
			 : "a"(portal), "d"(desc)
			 : "memory", "cc", "r9");
	return low == high ? low == 1 : !rig_break;
}

static void
desc_fill(uint8_t *desc, unsigned salt)
{
	for (unsigned i = 0; i < DESC; i++)
		desc[i] = (uint8_t)(i * 7 + salt);
}

START_TEST(movdir64b_sends_64_bytes_to_the_portal_that_it_names)
{
	_Alignas(64) uint8_t desc[DESC];
	struct seen one, other;
	void *const portal = portal_create(&one), *const second = portal_create(&other);

	desc_fill(desc, 1);
	errno = EXDEV;
	movdir64b(portal, desc);
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_mem_eq(one.last, desc, DESC);
	ck_assert_uint_eq(one.movdir64b, 1);
	ck_assert_uint_eq(other.movdir64b, 0);
	desc_fill(desc, 2);
	movdir64b(second, desc);
	ck_assert_mem_eq(other.last, desc, DESC);
	ck_assert_uint_eq(one.movdir64b + one.enqcmd, 1);
	ck_assert(trap_portal_destroy(portal) && trap_portal_destroy(second));
}
END_TEST

START_TEST(all_64_slots_of_a_portal_are_one_and_are_told_apart_in_the_counts)
{
	struct trap_counts before, after;
	uint8_t desc[DESC + 1];
	struct seen seen;
	uint8_t *portal = portal_create(&seen);

	before = trap_counts();
	for (unsigned i = 0; i < SLOTS; i++) {
		/* What is read needs no alignment. */
		desc_fill(desc + 1, i);
		if (i % 2 == 0)
			movdir64b(portal + (size_t)i * DESC, desc + 1);
		else
			enqcmd(portal + (size_t)i * DESC, desc + 1, 0);
		rig_demand(memcmp(seen.last, desc + 1, DESC) == 0, "slot %u", i);
		after = trap_counts();
		rig_demand((after.slots >> i & 1) == 1, "slot %u is not counted", i);
	}
	ck_assert_uint_eq(before.slots, 0);
	ck_assert_uint_eq(after.slots, UINT64_MAX);
	ck_assert_uint_eq(after.movdir64b - before.movdir64b, SLOTS / 2);
	ck_assert_uint_eq(after.enqcmd - before.enqcmd, SLOTS / 2);
	ck_assert(trap_portal_destroy(portal));
}
END_TEST

START_TEST(enqcmd_sets_the_zero_flag_for_retry_and_clears_the_others)
{
	_Alignas(64) uint8_t desc[DESC];
	struct seen seen;
	void *portal = portal_create(&seen);

	desc_fill(desc, 3);
	seen.retries = 2;
	ck_assert_uint_eq(enqcmd(portal, desc, 0), FLAG_ZF);
	ck_assert_uint_eq(enqcmd(portal, desc, FLAGS), FLAG_ZF);
	ck_assert_uint_eq(enqcmd(portal, desc, FLAG_ZF), 0);
	ck_assert_uint_eq(enqcmd(portal, desc, FLAGS), 0);
	ck_assert_uint_eq(enqcmd(portal, desc, FLAG_CF), 0);
	ck_assert_uint_eq(seen.enqcmd, 5);
	ck_assert_uint_eq(trap_counts().retries, 2);
	ck_assert_mem_eq(seen.last, desc, DESC);
	ck_assert(trap_portal_destroy(portal));
}
END_TEST

START_TEST(setz_behind_enqcmd_says_whether_it_was_refused)
{
	_Alignas(64) uint8_t desc[DESC] = { 0 };
	struct seen seen;
	void *portal = portal_create(&seen);

	seen.retries = 4;
	ck_assert(is_refused(portal, desc));
	ck_assert(is_refused(portal, desc));
	ck_assert(!is_refused(portal, desc));
	ck_assert(!is_refused(portal, desc));
	ck_assert_uint_eq(seen.enqcmd, 8);
	ck_assert_uint_eq(trap_counts().retries, 4);
	ck_assert(trap_portal_destroy(portal));
}
END_TEST

#define THREADS 4
#define TIMES   500u

struct sender {
	pthread_t thread;
	struct seen seen;
	void *portal;
	unsigned wrong;
};

static void *
send_many(void *arg)
{
	struct sender *sender = arg;
	_Alignas(64) uint8_t desc[DESC];

	for (unsigned i = 0; i < TIMES; i++) {
		desc_fill(desc, i);
		if (i % 2 == 0)
			movdir64b(sender->portal, desc);
		else
			sender->wrong += enqcmd(sender->portal, desc, 0) != 0 && !is_valgrind();
		sender->wrong += memcmp(sender->seen.last, desc, DESC) != 0;
	}
	return NULL;
}

START_TEST(threads_do_not_see_each_others_submissions)
{
	struct sender senders[THREADS] = { 0 };

	for (unsigned i = 0; i < THREADS; i++) {
		senders[i].portal = portal_create(&senders[i].seen);
		ck_assert_int_eq(
		    pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(senders[i].thread, NULL);
		ck_assert_uint_eq(senders[i].wrong, 0);
		ck_assert_uint_eq(senders[i].seen.movdir64b, TIMES / 2);
		ck_assert_uint_eq(senders[i].seen.enqcmd, TIMES / 2);
		ck_assert(trap_portal_destroy(senders[i].portal));
	}
}
END_TEST

START_TEST(there_is_an_end_to_portals_and_only_portals_are_destroyed)
{
	static struct seen seen[TRAP_PORTALS_MAX];
	const struct trap_sink sink = { see_movdir64b, see_enqcmd, &seen[0] };
	void *portals[TRAP_PORTALS_MAX], *more;

	for (unsigned i = 0; i < TRAP_PORTALS_MAX; i++)
		portals[i] = portal_create(&seen[i]);
	ck_assert_int_eq(trap_portal_create(&sink, &more), -ENOSPC);
	ck_assert(trap_portal_destroy(portals[7]));
	ck_assert(!trap_portal_destroy(portals[7]));
	ck_assert(!trap_portal_destroy(NULL));
	ck_assert(!trap_portal_destroy(seen));
	ck_assert_int_eq(trap_portal_create(&sink, &more), 0);
	portals[7] = more;
	for (unsigned i = 0; i < TRAP_PORTALS_MAX; i++)
		ck_assert(trap_portal_destroy(portals[i]));
}
END_TEST

/* Each ends the process that does it. */
static void
touch_what_is_none(void *portal, const uint8_t *desc)
{
	trap_portal_destroy(portal);
	/* Nobody has mapped this page. */
	movdir64b((void *)64, desc);
}

static void
enqueue_to_what_is_none(void *portal, const uint8_t *desc)
{
	trap_portal_destroy(portal);
	enqcmd((void *)64, desc, 0);
}

static void
send_unaligned(void *portal, const uint8_t *desc)
{
	movdir64b((uint8_t *)portal + 32, desc);
}

static void
store_plainly(void *portal, const uint8_t *desc)
{
	*(volatile uint8_t *)portal = desc[0];
}

/* movdir64b (%rdx),%rcx */
static void
use_another_register(void *portal, const uint8_t *desc)
{
	__asm__ volatile(".byte 0x66,0x0f,0x38,0xf8,0x0a"
			 :
			 : "a"(portal), "c"((void *)64), "d"(desc)
			 : "memory");
}

static void
use_no_instruction(void *portal, const uint8_t *desc)
{
	__asm__ volatile("ud2" : : "a"(portal), "d"(desc) : "memory");
}

static void
jump_to_nowhere(void *portal, const uint8_t *desc)
{
	(void)desc;
	/* Through a variable: the compiler must not know where it leads. */
	__asm__ volatile("jmp *%0" : : "r"(portal) : "memory");
}

static void (*const fatal[])(void *portal, const uint8_t *desc) = {
	touch_what_is_none,
	enqueue_to_what_is_none,
	send_unaligned,
	store_plainly,
	use_another_register,
	use_no_instruction,
	jump_to_nowhere,
};
#define NFATAL ((int)(sizeof(fatal) / sizeof(fatal[0])))

START_TEST(what_is_no_submission_has_the_fate_that_it_would_have_without_the_trap)
{
	_Alignas(64) uint8_t desc[DESC] = { 0 };
	struct seen seen;
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		/* A sanitizer's handlers would tell of it, and exit. */
		signal(SIGILL, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		fatal[_i](portal_create(&seen), desc);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "case %d: status %x", _i, (unsigned)status);
	ck_assert(WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGSEGV);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("trap");
	TCase *portals = tcase_create("portals");

	tcase_set_timeout(portals, 60);
	tcase_add_test(portals, movdir64b_sends_64_bytes_to_the_portal_that_it_names);
	tcase_add_test(portals, all_64_slots_of_a_portal_are_one_and_are_told_apart_in_the_counts);
	tcase_add_test(portals, setz_behind_enqcmd_says_whether_it_was_refused);
	if (!is_valgrind())
		tcase_add_test(portals, enqcmd_sets_the_zero_flag_for_retry_and_clears_the_others);
	tcase_add_test(portals, threads_do_not_see_each_others_submissions);
	/* These look at no descriptor: --break has nothing to spoil. */
	if (!rig_break) {
		tcase_add_test(portals, there_is_an_end_to_portals_and_only_portals_are_destroyed);
		tcase_add_loop_test(portals,
		    what_is_no_submission_has_the_fate_that_it_would_have_without_the_trap, 0,
		    NFATAL);
	}
	suite_add_tcase(suite, portals);
	return suite;
}

int
main(int argc, char **argv)
{
	return rig_main(argc, argv, make_suite);
}
#else
int
main(void)
{
	printf("skip: there are portals on x86-64 only\n");
	return 77;
}
#endif
