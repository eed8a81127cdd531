/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: the memory of all that is linked into the preloaded object, apart from the program's.
 *
 * A handler of a signal may use the device while its thread is in the middle of malloc(3), whose locks
 * it then holds.  So the linker gives every malloc, calloc, realloc and free of the core, the
 * engines and this room to the functions here (--wrap), which never call the program's.  Their own
 * lock is only taken where all signals are blocked: between the begin and the end of a call (call.h),
 * and in the service's threads.
 *
 * 1. address space is taken in regions, which stay; 2. blocks are cut off at its end, in classes of
 * sizes; 3. what is given back waits for the next one of its class.  What the C library has allocated for us
 * is in no region, and goes back to it.
 *
 * Others' threads may be here when a process forks: the child finds the state empty, as the kernel
 * makes it, and begins anew, with a new region.
 */
#include "preload/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
/* Address space that is taken at once; less where there is a limit. */
#define REGION     ((size_t)8 << 20)
#define REGION_MIN ((size_t)256 << 10)
/* With 8 MiB each, far more than the accounts allow. */
#define REGIONS 4096
/* Blocks of at least that many bytes give their pages back while nobody has them. */
#define LARGE ((size_t)1 << 20)
/* The smallest block; each doubling has four classes, up to 4 GiB. */
#define SMALLEST 64
#define CLASSES  (4 * 26)

/* In front of each block's bytes. */
struct block {
	struct block *next; /* (lock) of those that nobody has */
	size_t class;
};

_Static_assert(sizeof(struct block) % _Alignof(max_align_t) == 0, "what follows is aligned");

/* All zero: nothing is there yet.  A child's is. */
struct state {
	pthread_mutex_t lock;          /* leaf */
	uint8_t *at, *end;             /* (lock) of the region that blocks are cut from */
	struct block *unused[CLASSES]; /* (lock) */
};

struct region {
	uint8_t *start, *end;
};

static struct region regions[REGIONS]; /* constant, below nregions */
static atomic_uint nregions;
static _Atomic(struct state *) current;
static struct state fallback; /* for a kernel that cannot empty a page */

/* Bytes of a block of this class, its head included. */
static size_t
class_size(size_t class)
{
	size_t base = (size_t)SMALLEST << (class / 4);

	return base + base / 4 * (class % 4);
}

static size_t
class_of(size_t size)
{
	size_t class = 0;

	while (class < CLASSES && class_size(class) < size)
		class += class_size(class + 4) < size ? 4 : 1;
	return class;
}

static void
forget_all(void)
{
	memset(&fallback, 0, sizeof(fallback));
}

static struct state *
state_create(void)
{
	size_t size = (sizeof(struct state) + PAGE - 1) / PAGE * PAGE;
	struct state *none = NULL, *state = mmap(NULL, size, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (state == MAP_FAILED || madvise(state, size, MADV_WIPEONFORK) != 0) {
		if (state != MAP_FAILED)
			munmap(state, size);
		pthread_atfork(NULL, NULL, forget_all);
		state = &fallback;
	}
	if (atomic_compare_exchange_strong(&current, &none, state))
		return state;
	if (state != &fallback)
		munmap(state, size);
	return none;
}

/* While there is one thread; but another object's constructor may have been before. */
__attribute__((constructor)) static void
create_early(void)
{
	if (atomic_load(&current) == NULL)
		state_create();
}

static struct state *
state_get(void)
{
	struct state *state = atomic_load_explicit(&current, memory_order_acquire);

	return state != NULL ? state : state_create();
}

/* Locked.  A region with room for SIZE bytes; what is left of the region before is lost. */
static bool
region_add(struct state *state, size_t size)
{
	unsigned n = atomic_load(&nregions);
	size_t len = size > REGION ? (size + PAGE - 1) / PAGE * PAGE : REGION;
	void *memory = MAP_FAILED;

	while (n < REGIONS && len >= size && len >= REGION_MIN && memory == MAP_FAILED) {
		memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		len = memory == MAP_FAILED ? len / 2 : len;
	}
	if (memory == MAP_FAILED)
		return false;
	regions[n] = (struct region){ memory, (uint8_t *)memory + len };
	atomic_store_explicit(&nregions, n + 1, memory_order_release);
	state->at = memory;
	state->end = regions[n].end;
	return true;
}

/* Whether a block is from here. */
static bool
is_ours(const void *bytes)
{
	const uint8_t *at = bytes;

	for (unsigned i = atomic_load_explicit(&nregions, memory_order_acquire); i > 0; i--)
		if (at >= regions[i - 1].start && at < regions[i - 1].end)
			return true;
	return false;
}

static struct block *
block_of(void *bytes)
{
	return (struct block *)bytes - 1;
}

/* SIZE bytes; *ret_is_new: nobody has had them before, so they are zero. */
static void *
take(size_t size, bool *ret_is_new)
{
	struct state *state = state_get();
	size_t class = class_of(size + sizeof(struct block));
	struct block *block = NULL;

	if (size > PTRDIFF_MAX || class >= CLASSES) {
		errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_lock(&state->lock);
	*ret_is_new = state->unused[class] == NULL;
	if (!*ret_is_new) {
		block = state->unused[class];
		state->unused[class] = block->next;
	} else if ((size_t)(state->end - state->at) >= class_size(class) ||
		   region_add(state, class_size(class))) {
		block = (struct block *)state->at;
		state->at += class_size(class);
		block->class = class;
	}
	pthread_mutex_unlock(&state->lock);
	if (block != NULL)
		return block + 1;
	errno = ENOMEM;
	return NULL;
}

void *
__wrap_malloc(size_t size)
{
	bool is_new;

	return take(size, &is_new);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	bool is_new;
	void *bytes;

	if (size > 0 && n > PTRDIFF_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	bytes = take(n * size, &is_new);
	return bytes != NULL && !is_new ? memset(bytes, 0, n * size) : bytes;
}

void
__wrap_free(void *bytes)
{
	struct state *state = state_get();
	struct block *block;
	uintptr_t from, to;

	if (!is_ours(bytes)) {
		__real_free(bytes);
		return;
	}
	block = block_of(bytes);
	from = ((uintptr_t)bytes + PAGE - 1) / PAGE * PAGE;
	to = ((uintptr_t)block + class_size(block->class)) / PAGE * PAGE;
	if (class_size(block->class) >= LARGE)
		(void)!madvise((void *)from, to - from, MADV_DONTNEED);
	pthread_mutex_lock(&state->lock);
	block->next = state->unused[block->class];
	state->unused[block->class] = block;
	pthread_mutex_unlock(&state->lock);
}

void *
__wrap_realloc(void *bytes, size_t size)
{
	struct block *block;
	size_t had;
	void *more;

	if (bytes == NULL)
		return __wrap_malloc(size);
	if (!is_ours(bytes))
		return __real_realloc(bytes, size);
	block = block_of(bytes);
	had = class_size(block->class) - sizeof(*block);
	if (size <= had)
		return bytes;
	more = __wrap_malloc(size);
	if (more != NULL) {
		memcpy(more, bytes, had);
		__wrap_free(bytes);
	}
	return more;
}
