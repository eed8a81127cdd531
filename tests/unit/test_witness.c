/* SPDX-License-Identifier: BSD-2-Clause */
/* test_witness.c: that a thread has run no exec, known afterwards. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "cuse/proc.h"
#include "cuse/witness.h"

/* A thread that lives until it is told. */
struct idler {
	pthread_t thread;
	pid_t tid;
	sem_t begun, end;
};

static void *
idle(void *arg)
{
	struct idler *idler = arg;

	idler->tid = gettid();
	sem_post(&idler->begun);
	unit_take(&idler->end);
	return NULL;
}

static void
idler_start(struct idler *idler)
{
	sem_init(&idler->begun, 0, 0);
	sem_init(&idler->end, 0, 0);
	ck_assert_int_eq(pthread_create(&idler->thread, NULL, idle, idler), 0);
	unit_take(&idler->begun);
}

static void
idler_end(struct idler *idler)
{
	sem_post(&idler->end);
	pthread_join(idler->thread, NULL);
	unit_wait_gone(idler->tid);
	sem_destroy(&idler->begun);
	sem_destroy(&idler->end);
}

static void
touch_fresh_page(void)
{
	volatile uint8_t *fresh =
	    mmap(NULL, CHILD_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(fresh != MAP_FAILED);
	fresh[0] = 1;
	munmap((void *)(uintptr_t)fresh, CHILD_PAGE);
}

START_TEST(the_mark_of_a_process_that_sleeps_stays)
{
	struct dmio_witness witness;
	struct child child;
	unsigned same = 0;
	int64_t mark;

	child_start(&child);
	child_fault(&child); /* it sleeps in its next read(2), or is on its way there */
	same_int(dmio_witness_open(child.pid, &witness), 0);
	holds(witness.is_leader);
	mark = dmio_witness_mark(&witness);
	holds(mark > 0);
	for (unsigned i = 0; i < 100000 && same < 1000; i++) {
		int64_t now = dmio_witness_mark(&witness);

		same = now == mark ? same + 1 : 0;
		mark = now;
	}
	same_int(same, 1000);
	dmio_witness_close(&witness);
	child_exit(&child);
}
END_TEST

/* By the first thread, and by another one that takes the first one's number. */
START_TEST(an_exec_changes_the_mark)
{
	for (unsigned round = 0; round < 20; round++) {
		struct dmio_witness witness;
		struct child child;
		int64_t mark;

		child_start(&child);
		same_int(dmio_witness_open(child.pid, &witness), 0);
		mark = dmio_witness_mark(&witness);
		if (round % 2 == 0)
			child_exec(&child);
		else
			child_exec_in_thread(&child);
		holds(dmio_witness_mark(&witness) > mark);
		dmio_witness_close(&witness);
		child_exit(&child);
	}
}
END_TEST

START_TEST(a_fault_changes_the_mark_of_a_first_thread)
{
	struct dmio_witness witness;
	int64_t mark;

	same_int(dmio_witness_open(getpid(), &witness), 0);
	mark = dmio_witness_mark(&witness);
	touch_fresh_page();
	holds(dmio_witness_mark(&witness) > mark);
	dmio_witness_close(&witness);
}
END_TEST

START_TEST(faults_of_threads_that_ended_still_count)
{
	struct dmio_witness witness;
	struct idler idler;
	int64_t mark, last;

	same_int(dmio_witness_open(getpid(), &witness), 0);
	mark = dmio_witness_mark(&witness);
	for (unsigned i = 0; i < 20; i++) {
		idler_start(&idler);
		last = dmio_witness_mark(&witness);
		holds(last >= mark);
		idler_end(&idler);
		mark = dmio_witness_mark(&witness);
		holds(mark >= last);
	}
	dmio_witness_close(&witness);
}
END_TEST

START_TEST(another_thread_is_marked_by_its_life_alone)
{
	struct dmio_witness witness;
	struct idler idler;

	idler_start(&idler);
	same_int(dmio_witness_open(idler.tid, &witness), 0);
	holds(!witness.is_leader);
	same_int(dmio_witness_mark(&witness), 0);
	touch_fresh_page();
	same_int(dmio_witness_mark(&witness), 0);
	idler_end(&idler);
	same_int(dmio_witness_mark(&witness), -1);
	dmio_witness_close(&witness);
}
END_TEST

START_TEST(who_has_ended_has_no_mark)
{
	struct dmio_witness witness;
	struct child child;

	child_start(&child);
	same_int(dmio_witness_open(child.pid, &witness), 0);
	child_exit(&child);
	same_int(dmio_witness_mark(&witness), -1);
	dmio_witness_close(&witness);
	same_int(dmio_witness_open(child.pid, &witness), -ENOENT);
	same_int(dmio_witness_mark(&witness), -1);
	dmio_witness_close(&witness);
}
END_TEST

TCase *
unit_witness(void)
{
	TCase *tc = unit_case("witness");

	tcase_add_test(tc, the_mark_of_a_process_that_sleeps_stays);
	tcase_add_test(tc, an_exec_changes_the_mark);
	tcase_add_test(tc, a_fault_changes_the_mark_of_a_first_thread);
	tcase_add_test(tc, faults_of_threads_that_ended_still_count);
	tcase_add_test(tc, another_thread_is_marked_by_its_life_alone);
	tcase_add_test(tc, who_has_ended_has_no_mark);
	return tc;
}
