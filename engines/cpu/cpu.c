/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c: the CPU engines, one for each instruction set: from a request to a kernel's arguments.
 *
 * A request is finished within eng_submit, in the thread that submitted it.  No code of this file
 * needs more than the base instruction set, so that probing is safe on any processor.
 */
#include "cpu.h"

#include <errno.h>
#include <stdio.h>

#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "engines/table.h"

static uint32_t
load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void
store_le32(uint8_t *p, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* The immediate and the result hold finished, that is inverted, sums. */
static void
run_crc32c(const struct cpu_kernels *kernels, struct dmover_request *dreq)
{
	uint32_t crc = ~load_le32(dreq->dreq_immediate);

	crc = kernels->crc32c(crc, dreq->dreq_in[0].buf_linear, dreq->dreq_len);
	store_le32(dreq->dreq_result, ~crc);
}

static void
run_xor(const struct cpu_kernels *kernels, struct dmover_request *dreq)
{
	const uint8_t *src[DMOVER_INPUTS_MAX];
	const unsigned nsrc = dreq->dreq_func->dfn_ninputs;

	for (unsigned i = 0; i < nsrc; i++)
		src[i] = dreq->dreq_in[i].buf_linear;
	kernels->xor (dreq->dreq_out.buf_linear, src, nsrc, dreq->dreq_len);
}

static int
cpu_submit(const struct cpu_kernels *kernels, struct dmover_request *dreq)
{
	uint8_t *out = dreq->dreq_out.buf_linear;

	switch (dreq->dreq_func->dfn_kind) {
	case DMOVER_KIND_ZERO:
		kernels->fill(out, 0, dreq->dreq_len);
		break;
	case DMOVER_KIND_FILL8:
		kernels->fill(out, dreq->dreq_immediate[0], dreq->dreq_len);
		break;
	case DMOVER_KIND_COPY:
		kernels->copy(out, dreq->dreq_in[0].buf_linear, dreq->dreq_len);
		break;
	case DMOVER_KIND_CRC32C:
		run_crc32c(kernels, dreq);
		break;
	case DMOVER_KIND_XOR:
		run_xor(kernels, dreq);
		break;
	default:
		return -EOPNOTSUPP;
	}
	dreq->dreq_error = 0;
	dmover_done(dreq);
	return 0;
}

static int
cpu_scalar_probe(char *why, size_t len)
{
	(void)why;
	(void)len;
	return 0;
}

static const struct cpu_kernels *
scalar_kernels(void)
{
	return &cpu_scalar_kernels;
}

static int
cpu_scalar_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return cpu_submit(scalar_kernels(), dreq);
}

const struct dmover_engine cpu_scalar_engine = {
	.eng_name = "cpu-scalar",
	.eng_about = "plain C on one core, the reference",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_ON_CPU,
	.eng_probe = cpu_scalar_probe,
	.eng_submit = cpu_scalar_submit,
};

#if defined(__x86_64__) || defined(__aarch64__)

static int
cpu_needs(int has_it, const char *what, char *why, size_t len)
{
	if (has_it)
		return 0;
	snprintf(why, len, "this processor has no %s", what);
	return -ENODEV;
}

#endif

#ifdef __x86_64__

/* __builtin_cpu_supports() also asks whether the system saves the registers. */
static int
has_sse4(void)
{
	return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

static int
cpu_sse4_probe(char *why, size_t len)
{
	return cpu_needs(has_sse4(), "SSE4.2 with PCLMULQDQ", why, len);
}

static const struct cpu_kernels *
sse4_kernels(void)
{
	return &cpu_sse4_kernels;
}

static int
cpu_sse4_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return cpu_submit(sse4_kernels(), dreq);
}

const struct dmover_engine cpu_sse4_engine = {
	.eng_name = "cpu-sse4",
	.eng_about = "SSE2, SSE4.2 and PCLMULQDQ on one core",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_ON_CPU,
	.eng_probe = cpu_sse4_probe,
	.eng_submit = cpu_sse4_submit,
};

static int
cpu_avx2_probe(char *why, size_t len)
{
	const int has_it = __builtin_cpu_supports("avx2") && has_sse4();

	return cpu_needs(has_it, "AVX2 with SSE4.2 and PCLMULQDQ", why, len);
}

/* VPCLMULQDQ came years after AVX2. */
static const struct cpu_kernels *
avx2_kernels(void)
{
	return __builtin_cpu_supports("vpclmulqdq") ? &cpu_avx2_clmul_kernels : &cpu_avx2_kernels;
}

static int
cpu_avx2_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return cpu_submit(avx2_kernels(), dreq);
}

const struct dmover_engine cpu_avx2_engine = {
	.eng_name = "cpu-avx2",
	.eng_about = "AVX2, SSE4.2 and PCLMULQDQ on one core",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_ON_CPU,
	.eng_probe = cpu_avx2_probe,
	.eng_submit = cpu_avx2_submit,
};

static int
cpu_avx512_probe(char *why, size_t len)
{
	const int has_it =
	    __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vpclmulqdq") &&
	    __builtin_cpu_supports("avx2") && has_sse4();

	return cpu_needs(has_it, "AVX-512 (F, BW, VL) with VPCLMULQDQ", why, len);
}

static const struct cpu_kernels *
avx512_kernels(void)
{
	return &cpu_avx512_kernels;
}

static int
cpu_avx512_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return cpu_submit(avx512_kernels(), dreq);
}

const struct dmover_engine cpu_avx512_engine = {
	.eng_name = "cpu-avx512",
	.eng_about = "AVX-512 and VPCLMULQDQ on one core",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_ON_CPU,
	.eng_probe = cpu_avx512_probe,
	.eng_submit = cpu_avx512_submit,
};

#endif /* __x86_64__ */

#ifdef __aarch64__

static int
cpu_neon_probe(char *why, size_t len)
{
	const unsigned long needed = HWCAP_ASIMD | HWCAP_CRC32 | HWCAP_PMULL;
	const int has_it = (getauxval(AT_HWCAP) & needed) == needed;

	return cpu_needs(has_it, "NEON with CRC32 and PMULL", why, len);
}

static const struct cpu_kernels *
neon_kernels(void)
{
	return &cpu_neon_kernels;
}

static int
cpu_neon_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	return cpu_submit(neon_kernels(), dreq);
}

const struct dmover_engine cpu_neon_engine = {
	.eng_name = "cpu-neon",
	.eng_about = "NEON, CRC32 and PMULL on one core",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_ON_CPU,
	.eng_probe = cpu_neon_probe,
	.eng_submit = cpu_neon_submit,
};

#endif /* __aarch64__ */

const struct cpu_level cpu_levels[] = {
	{ &cpu_scalar_engine, scalar_kernels },
#ifdef __x86_64__
	{ &cpu_sse4_engine, sse4_kernels },
	{ &cpu_avx2_engine, avx2_kernels },
	{ &cpu_avx512_engine, avx512_kernels },
#endif
#ifdef __aarch64__
	{ &cpu_neon_engine, neon_kernels },
#endif
	{ NULL, NULL },
};
