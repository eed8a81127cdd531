/* SPDX-License-Identifier: BSD-2-Clause */
/* wide_xor.h: XOR in one pass over all inputs, with the vectors of wide.h. */
#ifndef ENGINES_CPU_WIDE_XOR_H
#define ENGINES_CPU_WIDE_XOR_H

#include "wide.h"

/*
 * How many fours of vectors are summed at once for many inputs: as many as fit into half of the
 * registers.  There are more inputs than streams that a processor can follow, so each should be
 * read for long (16 inputs of 16 KiB, AVX-512, GB/s: 180 with four, 155 with two, 121 with one).
 */
#if defined(__AVX512F__) || defined(__aarch64__)
#define WIDE_FOURS 4
#else
#define WIDE_FOURS 2
#endif

/* What the first cache holds, at most; and the distance at which addresses look alike to it. */
#define WIDE_NEAR ((size_t)49152)
#define WIDE_PAGE ((uintptr_t)4096)

/* Where an XOR stands: the output from AT up to LEN is still to be made. */
struct wide_job {
	uint8_t *dst;
	const uint8_t *const *src;
	size_t at;
	size_t len;
};

/*
 * V and one vector from each source but the first five.  Not inlined: with so much around it, gcc
 * keeps the sum in memory (16 inputs of 64 bytes, AVX-512: 35 GB/s, so 100).
 */
static __attribute__((noinline, unused)) wide_vector
wide_xor_others(wide_vector v, const uint8_t *const *src, unsigned nsrc, size_t at)
{
	for (unsigned s = 5; s < nsrc; s++)
		v ^= wide_load(src[s] + at);
	return v;
}

/* The XOR of one vector from each source. */
CPU_INLINE wide_vector
wide_xor_vector(const uint8_t *const *src, const unsigned nsrc, size_t at)
{
	wide_vector v = wide_load(src[0] + at) ^ wide_load(src[1] + at);

	if (nsrc > 2)
		v ^= wide_load(src[2] + at);
	if (nsrc > 3)
		v ^= wide_load(src[3] + at);
	if (nsrc > 4)
		v ^= wide_load(src[4] + at);
	return nsrc > 5 ? wide_xor_others(v, src, nsrc, at) : v;
}

/* Four vectors that lie side by side, by name: what is indexed does not always stay in registers. */
struct wide_four {
	wide_vector v0, v1, v2, v3;
};

/* What is summed at once: its first one, two or four members. */
struct wide_sum {
	struct wide_four a, b, c, d;
};

CPU_INLINE void
wide_four_load(struct wide_four *four, const uint8_t *p)
{
	four->v0 = wide_load(p);
	four->v1 = wide_load(p + WIDE_VECTOR);
	four->v2 = wide_load(p + 2 * WIDE_VECTOR);
	four->v3 = wide_load(p + 3 * WIDE_VECTOR);
}

CPU_INLINE void
wide_four_xor(struct wide_four *four, const uint8_t *p)
{
	four->v0 ^= wide_load(p);
	four->v1 ^= wide_load(p + WIDE_VECTOR);
	four->v2 ^= wide_load(p + 2 * WIDE_VECTOR);
	four->v3 ^= wide_load(p + 3 * WIDE_VECTOR);
}

CPU_INLINE void
wide_four_put(const struct wide_four *four, uint8_t *p, bool is_streamed)
{
	wide_put(p, four->v0, is_streamed);
	wide_put(p + WIDE_VECTOR, four->v1, is_streamed);
	wide_put(p + 2 * WIDE_VECTOR, four->v2, is_streamed);
	wide_put(p + 3 * WIDE_VECTOR, four->v3, is_streamed);
}

CPU_INLINE void
wide_sum_load(struct wide_sum *sum, const uint8_t *p, const unsigned fours)
{
	wide_four_load(&sum->a, p);
	if (fours > 1)
		wide_four_load(&sum->b, p + WIDE_BLOCK);
	if (fours > 2)
		wide_four_load(&sum->c, p + 2 * WIDE_BLOCK);
	if (fours > 2)
		wide_four_load(&sum->d, p + 3 * WIDE_BLOCK);
}

CPU_INLINE void
wide_sum_xor(struct wide_sum *sum, const uint8_t *p, const unsigned fours)
{
	wide_four_xor(&sum->a, p);
	if (fours > 1)
		wide_four_xor(&sum->b, p + WIDE_BLOCK);
	if (fours > 2)
		wide_four_xor(&sum->c, p + 2 * WIDE_BLOCK);
	if (fours > 2)
		wide_four_xor(&sum->d, p + 3 * WIDE_BLOCK);
}

CPU_INLINE void
wide_sum_put(const struct wide_sum *sum, uint8_t *p, const unsigned fours, bool is_streamed)
{
	wide_four_put(&sum->a, p, is_streamed);
	if (fours > 1)
		wide_four_put(&sum->b, p + WIDE_BLOCK, is_streamed);
	if (fours > 2)
		wide_four_put(&sum->c, p + 2 * WIDE_BLOCK, is_streamed);
	if (fours > 2)
		wide_four_put(&sum->d, p + 3 * WIDE_BLOCK, is_streamed);
}

/*
 * All sources at AT.  This is no loop, because each source must have load instructions of its own:
 * processors fetch ahead by the distance between two loads of one instruction, and the distance
 * from source to source tells nothing (16 inputs of 16 KiB, AVX-512: 180 GB/s, as a loop 120).
 */
CPU_INLINE void
wide_sum_all(
    struct wide_sum *sum, const struct wide_job *job, const unsigned nsrc, const unsigned fours)
{
	const uint8_t *const *src = job->src;
	const size_t at = job->at;

	_Static_assert(DMOVER_INPUTS_MAX == 16, "one line below for each source");
	wide_sum_load(sum, src[0] + at, fours);
	wide_sum_xor(sum, src[1] + at, fours);
	if (nsrc > 2)
		wide_sum_xor(sum, src[2] + at, fours);
	if (nsrc > 3)
		wide_sum_xor(sum, src[3] + at, fours);
	if (nsrc > 4)
		wide_sum_xor(sum, src[4] + at, fours);
	if (nsrc > 5)
		wide_sum_xor(sum, src[5] + at, fours);
	if (nsrc > 6)
		wide_sum_xor(sum, src[6] + at, fours);
	if (nsrc > 7)
		wide_sum_xor(sum, src[7] + at, fours);
	if (nsrc > 8)
		wide_sum_xor(sum, src[8] + at, fours);
	if (nsrc > 9)
		wide_sum_xor(sum, src[9] + at, fours);
	if (nsrc > 10)
		wide_sum_xor(sum, src[10] + at, fours);
	if (nsrc > 11)
		wide_sum_xor(sum, src[11] + at, fours);
	if (nsrc > 12)
		wide_sum_xor(sum, src[12] + at, fours);
	if (nsrc > 13)
		wide_sum_xor(sum, src[13] + at, fours);
	if (nsrc > 14)
		wide_sum_xor(sum, src[14] + at, fours);
	if (nsrc > 15)
		wide_sum_xor(sum, src[15] + at, fours);
}

/* Whole sums from job.at on, where the output is aligned; returns where it stopped. */
CPU_INLINE size_t
wide_xor_sums(
    struct wide_job job, const unsigned nsrc, const unsigned fours, const bool is_streamed)
{
	const size_t step = fours * WIDE_BLOCK;

	for (; job.at + step <= job.len; job.at += step) {
		struct wide_sum sum;

		wide_sum_all(&sum, &job, nsrc, fours);
		wide_sum_put(&sum, job.dst + job.at, fours, is_streamed);
	}
	return job.at;
}

/*
 * The two ends are vectors of their own, which overlap what lies between.  They are made first,
 * because DST may be SRC[0], and stored last.
 */
CPU_INLINE void
wide_xor_all(struct wide_job job, const unsigned nsrc, const bool is_many, const bool is_streamed)
{
	const size_t last = job.len - WIDE_VECTOR;
	const wide_vector head = wide_xor_vector(job.src, nsrc, 0);
	const wide_vector tail = wide_xor_vector(job.src, nsrc, last);

	if (is_many)
		job.at = wide_xor_sums(job, nsrc, WIDE_FOURS, is_streamed);
	job.at = wide_xor_sums(job, nsrc, 1, is_streamed);
	for (; job.at < last; job.at += WIDE_VECTOR)
		wide_put(job.dst + job.at, wide_xor_vector(job.src, nsrc, job.at),
		    /* is_streamed= */ false);
	wide_store(job.dst, head);
	wide_store(job.dst + last, tail);
}

/*
 * Pairs of vectors from job.at on, each source's after the next one's; returns where it stopped.  A loop,
 * with one place that loads from all sources but the last: see wide_is_level().
 */
CPU_INLINE size_t
wide_xor_pairs(struct wide_job job, unsigned nsrc)
{
	const size_t step = 2 * WIDE_VECTOR;

	for (; job.at + step <= job.len; job.at += step) {
		const uint8_t *p = job.src[nsrc - 1] + job.at;
		wide_vector v0 = wide_load(p), v1 = wide_load(p + WIDE_VECTOR);

		/* The output is fetched to be written: 36.3 GB/s, without it 35.5. */
		__builtin_prefetch(job.dst + job.at + 2 * step, 1);

		for (unsigned s = nsrc - 1; s-- > 0;) {
			p = job.src[s] + job.at;
			v0 ^= wide_load(p);
			v1 ^= wide_load(p + WIDE_VECTOR);
		}
		wide_put(job.dst + job.at, v0, /* is_streamed= */ false);
		wide_put(job.dst + job.at + WIDE_VECTOR, v1, /* is_streamed= */ false);
	}
	return job.at;
}

/* What lies behind the last pair is summed first, because DST may be SRC[0]. */
static __attribute__((noinline, unused)) void
wide_xor_level(struct wide_job job, unsigned nsrc)
{
	const size_t last = job.len - WIDE_VECTOR;
	const bool has_tail = job.len % (2 * WIDE_VECTOR) != 0;
	const wide_vector tail =
	    has_tail ? wide_xor_vector(job.src, nsrc, last) : (wide_vector){ 0 };

	job.at = wide_xor_pairs(job, nsrc);
	for (; job.at < last; job.at += WIDE_VECTOR)
		wide_put(job.dst + job.at, wide_xor_vector(job.src, nsrc, job.at),
		    /* is_streamed= */ false);
	if (has_tail)
		wide_store(job.dst + last, tail);
}

/*
 * True when a few buffers, too long for the first cache, start at one place of their pages, the output at a
 * vector's.  Pairs are quickest then: 5 inputs of 64 KiB, AVX-512, ran at 35.8 GB/s so, else at 32.7; at
 * different places 189 : 181 the other way round.
 */
CPU_INLINE bool
wide_is_level(const struct wide_job *job, unsigned nsrc)
{
	uintptr_t apart = 0;

	if (WIDE_VECTOR < 64 || nsrc > 5 || job->len * (nsrc + 1) <= WIDE_NEAR)
		return false;
	for (unsigned s = 0; s < nsrc; s++)
		apart |= (uintptr_t)job->src[s] ^ (uintptr_t)job->dst;
	return (apart & (WIDE_PAGE - 1)) == 0 && (uintptr_t)job->dst % WIDE_VECTOR == 0;
}

/* Functions of their own: calls of one function that differ in a constant are merged by clang. */
CPU_INLINE void
wide_xor_2(const struct wide_job *job)
{
	wide_xor_all(*job, 2, /* is_many= */ false, /* is_streamed= */ false);
}

CPU_INLINE void
wide_xor_3(const struct wide_job *job)
{
	wide_xor_all(*job, 3, /* is_many= */ false, /* is_streamed= */ false);
}

CPU_INLINE void
wide_xor_4(const struct wide_job *job)
{
	wide_xor_all(*job, 4, /* is_many= */ false, /* is_streamed= */ false);
}

/* Vectors of 32 bytes: 5 inputs of 64 KiB at page boundaries ran at 35 GB/s so, else at 31. */
CPU_INLINE void
wide_xor_5(const struct wide_job *job)
{
	wide_xor_all(*job, 5, /* is_many= */ WIDE_FOURS == 2, /* is_streamed= */ false);
}

/* The numbers of inputs that RAID uses most are constants. */
CPU_INLINE void
wide_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	const struct wide_job job = { dst, src, cpu_to_boundary(dst, WIDE_VECTOR), len };

	if (len < WIDE_VECTOR) {
		cpu_xor_words(dst, src, nsrc, len);
	} else if (cpu_is_streamed(nsrc, len)) {
		wide_xor_all(job, nsrc, /* is_many= */ false, /* is_streamed= */ true);
		wide_fence();
	} else if (wide_is_level(&job, nsrc)) {
		wide_xor_level((struct wide_job){ dst, src, 0, len }, nsrc);
	} else if (nsrc == 2) {
		wide_xor_2(&job);
	} else if (nsrc == 3) {
		wide_xor_3(&job);
	} else if (nsrc == 4) {
		wide_xor_4(&job);
	} else if (nsrc == 5) {
		wide_xor_5(&job);
	} else {
		wide_xor_all(job, nsrc, /* is_many= */ true, /* is_streamed= */ false);
	}
}

#endif /* ENGINES_CPU_WIDE_XOR_H */
