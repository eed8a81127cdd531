/* SPDX-License-Identifier: BSD-2-Clause */
/* uring.h: the question whether this kernel moves bytes for this process. */
#ifndef ENGINES_URING_URING_H
#define ENGINES_URING_URING_H

#include <stddef.h>

/* As eng_probe of engine.h. */
int uring_probe(char *why, size_t len);

#endif /* ENGINES_URING_URING_H */
