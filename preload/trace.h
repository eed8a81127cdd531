/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h: dmover-run --trace: a line of JSON for each request, when its response is handed out.
 *
 * Sizes, times and results, and none of the program's bytes.  The file is opened anew for each
 * group of lines, which are appended by one write(2): so processes may share it, and no descriptor
 * of ours stands in the program's way.
 */
#ifndef PRELOAD_TRACE_H
#define PRELOAD_TRACE_H

#include "core/batch.h"
#include "preload/door.h"

/* The entries of the batch begin; process PID wrote them. */
void preload_trace_begin(struct preload_door *door, const struct dmover_batch *batch, pid_t pid);
/* BYTES of encoded responses, RECORD bytes each, go to the program. */
void preload_trace_end(
    struct preload_door *door, const uint8_t *responses, size_t bytes, size_t record);
/* In a forked child: the lock may have been a thread's that is not here. */
void preload_trace_forked(void);
/* The door goes: what was not answered is forgotten. */
void preload_trace_free(struct preload_door *door);

#endif /* PRELOAD_TRACE_H */
