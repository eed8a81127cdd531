/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c: the list of all engines, the oracle first. */
#include "engines/table.h"

const struct dmover_engine *const dmover_engines[] = {
	&cpu_scalar_engine,
#ifdef __x86_64__
	&cpu_sse4_engine,
	&cpu_avx2_engine,
	&cpu_avx512_engine,
#endif
#ifdef __aarch64__
	&cpu_neon_engine,
#endif
#ifdef DMOVER_HAS_LIBURING
	&uring_engine,
#endif
	&idxd_engine,
	&null_engine,
	&fault_engine,
	NULL,
};
