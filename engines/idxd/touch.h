/* SPDX-License-Identifier: BSD-2-Clause */
/* touch.h: brings pages into memory, so that a device may go on where it found none. */
#ifndef ENGINES_IDXD_TOUCH_H
#define ENGINES_IDXD_TOUCH_H

#include <stdbool.h>
#include <stddef.h>

/* The pages of [ADDR, ADDR + LEN), which the caller owns; bytes keep their values. */
void idxd_touch(void *addr, size_t len, bool is_write);

#endif /* ENGINES_IDXD_TOUCH_H */
