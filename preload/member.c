/* SPDX-License-Identifier: BSD-2-Clause */
/* member.c: the services of a family of processes. */
#include "preload/member.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/futex.h>

struct member {
	pthread_mutex_t life; /* robust: the service's thread has it */
	atomic_int pid;       /* means nothing where nobody has life */
	atomic_uint rings;    /* futex: grows */
};

struct family {
	atomic_uint nused; /* members from there on were never used */
	struct member members[PRELOAD_MEMBERS];
};

static struct family *family;
static struct member *own; /* set by the service's thread before others can know of it */

static int
init_all(struct family *fam)
{
	pthread_mutexattr_t attr;
	int err = -pthread_mutexattr_init(&attr);

	if (err < 0)
		return err;
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (unsigned i = 0; i < PRELOAD_MEMBERS && err == 0; i++)
		err = -pthread_mutex_init(&fam->members[i].life, &attr);
	pthread_mutexattr_destroy(&attr);
	return err;
}

int
preload_members_init(void)
{
	struct family *fam;
	int err;

	if (family != NULL)
		return 0;
	fam = mmap(NULL, sizeof(*fam), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fam == MAP_FAILED)
		return -errno;
	err = init_all(fam);
	if (err < 0) {
		munmap(fam, sizeof(*fam));
		return err;
	}
	family = fam;
	return 0;
}

/* Nobody had it, or whoever had it is gone. */
static bool
take(struct member *member)
{
	int err = pthread_mutex_trylock(&member->life);

	if (err == EOWNERDEAD)
		err = pthread_mutex_consistent(&member->life);
	return err == 0;
}

int
preload_member_enter(pid_t pid)
{
	for (unsigned i = 0; i < PRELOAD_MEMBERS; i++) {
		unsigned n = atomic_load(&family->nused);

		if (!take(&family->members[i]))
			continue;
		own = &family->members[i];
		atomic_store(&own->pid, pid);
		while (n <= i && !atomic_compare_exchange_weak(&family->nused, &n, i + 1))
			;
		return 0;
	}
	return -ENFILE;
}

void
preload_member_leave(void)
{
	if (own != NULL)
		pthread_mutex_unlock(&own->life);
	own = NULL;
}

void
preload_member_forked(void)
{
	own = NULL;
}

bool
preload_member_lives(pid_t pid)
{
	unsigned n = family != NULL ? atomic_load(&family->nused) : 0;

	for (unsigned i = 0; i < n; i++) {
		struct member *member = &family->members[i];

		if (atomic_load(&member->pid) != pid)
			continue;
		if (!take(member))
			return true;
		pthread_mutex_unlock(&member->life);
	}
	return false;
}

static void
ring(struct member *member)
{
	atomic_fetch_add(&member->rings, 1);
	syscall(SYS_futex, &member->rings, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void
preload_member_ring(pid_t pid)
{
	unsigned n = family != NULL ? atomic_load(&family->nused) : 0;

	for (unsigned i = 0; i < n; i++)
		if (atomic_load(&family->members[i].pid) == pid)
			ring(&family->members[i]);
}

void
preload_member_ring_own(void)
{
	ring(own);
}

void
preload_member_wait(unsigned *seen)
{
	unsigned now;

	while ((now = atomic_load(&own->rings)) == *seen)
		syscall(SYS_futex, &own->rings, FUTEX_WAIT, now, NULL, NULL, 0);
	*seen = now;
}
