/* SPDX-License-Identifier: BSD-2-Clause */
/* style.h: how the report looks: in light and in dark, on screens of any width. */
#ifndef TOOLS_BENCH_STYLE_H
#define TOOLS_BENCH_STYLE_H

/* Numbers of the classes s0, s1, ...: engines first, then one for each role. */
#define BENCH_STYLE_ENGINES 10
#define BENCH_STYLE_ROLES   BENCH_STYLE_ENGINES /* and the role */
#define BENCH_STYLE_RANKS   20                  /* and the rank of a percentile */

extern const char bench_style[];

#endif /* TOOLS_BENCH_STYLE_H */
