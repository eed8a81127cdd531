/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.c: opening an engine, giving it a request, waiting for the end. */
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>

#include "space.h"

bool rig_break;
uint32_t rig_seed;
const char *rig_args;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

/* Set once, before there are threads. */
static unsigned slowness = 1;

static void
find_slowness(void)
{
	const char *preload = getenv("LD_PRELOAD");

#ifdef HAS_SANITIZER
	slowness = 4;
#endif
	/* Valgrind's own library is preloaded into what it runs. */
	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		slowness = 20;
}

unsigned
rig_slowness(void)
{
	return slowness;
}

uint32_t
rig_random(uint32_t *seed, uint32_t limit)
{
	*seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return (uint32_t)((uint64_t)(*seed >> 8) * limit >> 24);
}

const char *
rig_args_of(const struct dmover_engine *engine)
{
	const size_t n = strlen(engine->eng_name);

	if (rig_args == NULL || strncmp(rig_args, engine->eng_name, n) != 0 || rig_args[n] != ':')
		return NULL;
	return rig_args + n + 1;
}

void
rig_open(struct rig *rig, const struct dmover_engine *engine, const char *args)
{
	char why[128] = "";
	int err;

	*rig = (struct rig){ .engine = engine, .space = &dmover_space_self };
	if (engine->eng_flags & DMOVER_ENGINE_FILE) {
		err = space_open(getpid(), &rig->space);
		ck_assert_msg(err == 0, "%s: own memory: %s", engine->eng_name, strerror(-err));
	}
	if (engine->eng_open == NULL)
		return;
	if (args == NULL)
		args = rig_args_of(engine);
	err = engine->eng_open(args, &rig->state, why, sizeof(why));
	ck_assert_msg(err == 0, "%s: open: %s (%s)", engine->eng_name, strerror(-err), why);
}

void
rig_close(struct rig *rig)
{
	if (rig->engine->eng_close != NULL)
		rig->engine->eng_close(rig->state);
	rig->state = NULL;
	if (rig->space != &dmover_space_self)
		dmover_space_unref(rig->space);
}

bool
rig_probe(const struct dmover_engine *engine, char *why, size_t len)
{
	void *state = NULL;

	snprintf(why, len, "no reason given");
	if (engine->eng_probe(why, len) != 0)
		return false;
	if (engine->eng_open == NULL)
		return true;
	if (engine->eng_open(rig_args_of(engine), &state, why, len) != 0)
		return false;
	if (engine->eng_close != NULL)
		engine->eng_close(state);
	return true;
}

static void
work_done(struct dmover_request *dreq)
{
	static _Atomic unsigned completions;
	struct work *work = dreq->dreq_arg;

	pthread_mutex_lock(&work->lock);
	work->ends++;
	work->order = ++completions;
	work->thread = pthread_self();
	clock_gettime(CLOCK_MONOTONIC, &work->at);
	pthread_cond_signal(&work->ended);
	pthread_mutex_unlock(&work->lock);
}

void
work_init(struct work *work, const struct dmover_function *func, size_t len)
{
	pthread_condattr_t attr;

	*work = (struct work){
		.dreq = { .dreq_func = func, .dreq_len = len, .dreq_done = work_done },
	};
	work->dreq.dreq_in = work->in;
	work->dreq.dreq_arg = work;
	pthread_mutex_init(&work->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&work->ended, &attr);
	pthread_condattr_destroy(&attr);
}

void
work_fini(struct work *work)
{
	pthread_cond_destroy(&work->ended);
	pthread_mutex_destroy(&work->lock);
}

/* Splits the bytes of BUFFER, the one with number WHICH; some have an empty piece. */
static void
dress(struct work *work, const struct rig *rig, unsigned which, uint8_t *bytes)
{
	struct dmover_buffer *buffer =
	    which == DMOVER_INPUTS_MAX ? &work->dreq.dreq_out : &work->in[which];
	const size_t len = work->dreq.dreq_len;
	const size_t first = len / (which + 2);
	const size_t second = which % 2 == 0 ? 0 : len / 5;
	struct iovec *iov = work->iov[which];

	iov[0] = (struct iovec){ bytes, first };
	iov[1] = (struct iovec){ bytes + first, second };
	iov[2] = (struct iovec){ bytes + first + second, len - first - second };
	buffer->buf_type = DMOVER_BUF_UIO;
	buffer->buf_uio = (struct dmover_uio){
		.uio_iov = iov,
		.uio_iovcnt = WORK_PIECES,
		.uio_resid = len,
		.uio_rw = which == DMOVER_INPUTS_MAX ? DMOVER_UIO_READ : DMOVER_UIO_WRITE,
		.uio_space = rig->space,
	};
}

static void
place(struct work *work, const struct rig *rig)
{
	const struct dmover_function *func = work->dreq.dreq_func;
	struct dmover_buffer *out = &work->dreq.dreq_out;

	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		work->in[i].buf_type = DMOVER_BUF_LINEAR;
		work->in[i].buf_linear = work->in_bytes[i];
		if (rig->is_uio)
			dress(work, rig, i, work->in_bytes[i]);
	}
	if (!func->dfn_has_output)
		return;
	out->buf_type = DMOVER_BUF_LINEAR;
	out->buf_linear = work->out_bytes;
	if (rig->is_uio)
		dress(work, rig, DMOVER_INPUTS_MAX, work->out_bytes);
}

int
work_try(struct work *work, const struct rig *rig)
{
	place(work, rig);
	return rig->engine->eng_submit(rig->state, &work->dreq);
}

int
work_submit(struct work *work, const struct rig *rig)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	const unsigned most = RIG_DEADLINE_S * 10000u;
	int err = work_try(work, rig);

	for (unsigned i = 0; err == -EAGAIN && i < most; i++) {
		nanosleep(&pause, NULL);
		err = work_try(work, rig);
	}
	return err;
}

static void
spoil(struct work *work)
{
	if (work->dreq.dreq_func->dfn_has_output)
		work->out_bytes[work->dreq.dreq_len / 2] ^= 0x10;
	else
		work->dreq.dreq_result[0] ^= 0x10;
}

bool
work_wait(struct work *work)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RIG_DEADLINE_S * rig_slowness();
	pthread_mutex_lock(&work->lock);
	while (work->ends == 0 && err == 0)
		err = pthread_cond_timedwait(&work->ended, &work->lock, &until);
	pthread_mutex_unlock(&work->lock);
	if (err == 0 && rig_break && !work->is_kept)
		spoil(work);
	return err == 0;
}

int
work_run(struct work *work, const struct rig *rig)
{
	const char *name = rig->engine->eng_name;
	int err = work_submit(work, rig);

	rig_demand(err == 0, "%s: submit: %s", name, strerror(-err));
	rig_demand(work_wait(work), "%s: no end after %d s", name, RIG_DEADLINE_S);
	return work->dreq.dreq_error;
}

bool
rig_takes(const struct rig *rig, const struct dmover_function *func)
{
	uint8_t in[64] = { 0 }, out[64];
	struct work work;
	int err;

	if (rig_args_of(rig->engine) == NULL)
		return true;
	work_init(&work, func, sizeof(in));
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		work.in_bytes[i] = in;
	work.out_bytes = out;
	err = work_submit(&work, rig);
	if (err == 0)
		rig_demand(
		    work_wait(&work), "%s: %s: no end", rig->engine->eng_name, func->dfn_name);
	work_fini(&work);
	return err == 0;
}

void
guarded_create(struct guarded *guarded, size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map;

	guarded->size = (size + page - 1) / page * page;
	map = mmap(/* addr= */ NULL, guarded->size + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	guarded->bytes = map + page;
	ck_assert_int_eq(mprotect(guarded->bytes, guarded->size, PROT_READ | PROT_WRITE), 0);
}

void
guarded_destroy(struct guarded *guarded)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	munmap(guarded->bytes - page, guarded->size + 2 * page);
}

static uint64_t
next_pattern(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

void
guarded_fill_and_seal(struct guarded *guarded, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < guarded->size; i += sizeof(x)) {
		x = next_pattern(x);
		memcpy(guarded->bytes + i, &x, sizeof(x));
	}
	ck_assert_int_eq(mprotect(guarded->bytes, guarded->size, PROT_READ), 0);
}

bool
guarded_is_intact(const struct guarded *guarded, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < guarded->size; i += sizeof(x)) {
		x = next_pattern(x);
		if (memcmp(guarded->bytes + i, &x, sizeof(x)) != 0)
			return false;
	}
	return true;
}

/* False: there is an argument that makes no sense. */
static bool
parse_options(int argc, char **argv)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	rig_seed = (uint32_t)now.tv_sec ^ (uint32_t)now.tv_nsec;
	for (int i = 1; i < argc; i++) {
		char *end;

		if (strcmp(argv[i], "--break") == 0) {
			rig_break = true;
			continue;
		}
		if (strncmp(argv[i], "--seed=", 7) != 0)
			return false;
		rig_seed = (uint32_t)strtoul(argv[i] + 7, &end, 10);
		if (end == argv[i] + 7 || *end != '\0')
			return false;
	}
	return true;
}

int
rig_main(int argc, char **argv, Suite *(*make_suite)(void))
{
	SRunner *runner;
	int ran, failed;

	if (!parse_options(argc, argv)) {
		fprintf(stderr, "usage: %s [--break] [--seed=N]\n", argv[0]);
		return 2;
	}
	find_slowness();
	if (slowness > 1)
		printf("note: %u times fewer rounds: a sanitizer or Valgrind\n", slowness);
	runner = srunner_create(make_suite());
	fflush(stdout);
	srunner_run_all(runner, CK_ENV);
	ran = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (rig_break && failed < ran) {
		/* Whoever runs this waits for a failure. */
		printf("--break: %d of %d tests did not notice\n", ran - failed, ran);
		return 0;
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
