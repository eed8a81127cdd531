/* SPDX-License-Identifier: BSD-2-Clause */
/* device.h: lanes that use the device as a program does. */
#ifndef TOOLS_BENCH_DEVICE_H
#define TOOLS_BENCH_DEVICE_H

#include "tools/bench/lane.h"

/*
 * PATH is what programs open.  -errno, with the reason in WHY.  The point's sessions, depth and
 * batch say how it is used; the name and the daemon of the lane are for the caller to fill in.
 */
int bench_device_open(
    struct bench_lane *lane, struct bench_site *site, const char *path, char *why, size_t len);

#endif /* TOOLS_BENCH_DEVICE_H */
