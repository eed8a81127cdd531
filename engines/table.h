/* SPDX-License-Identifier: BSD-2-Clause */
/* table.h: the engines that table.c lists, each defined in its own folder. */
#ifndef ENGINES_TABLE_H
#define ENGINES_TABLE_H

#include <dev/dmover/engine.h>

extern const struct dmover_engine cpu_scalar_engine;
#ifdef __x86_64__
extern const struct dmover_engine cpu_sse4_engine;
extern const struct dmover_engine cpu_avx2_engine;
extern const struct dmover_engine cpu_avx512_engine;
#endif
#ifdef __aarch64__
extern const struct dmover_engine cpu_neon_engine;
#endif
#ifdef DMOVER_HAS_LIBURING
extern const struct dmover_engine uring_engine;
#endif
extern const struct dmover_engine idxd_engine;
extern const struct dmover_engine null_engine;
extern const struct dmover_engine fault_engine;

#endif /* ENGINES_TABLE_H */
