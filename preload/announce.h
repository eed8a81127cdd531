/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * announce.h: tells Valgrind and the sanitizers which of the program's bytes were moved: the kernel
 * moves them where none of these tools looks.
 */
#ifndef PRELOAD_ANNOUNCE_H
#define PRELOAD_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Looks for the tools; once, before the first request. */
void preload_announce_init(void);
/* True when a sanitizer may want to write to the standard error from any thread. */
bool preload_announce_has_sanitizer(void);

/*
 * The first LEN bytes of the vectors REMOTE, the program's, were read, or written.  LOCAL lists the
 * same bytes on our side.  Any thread.
 */
void preload_announce_read(
    const struct iovec *local, const struct iovec *remote, unsigned nremote, size_t len);
void preload_announce_write(
    const struct iovec *local, const struct iovec *remote, unsigned nremote, size_t len);

#endif /* PRELOAD_ANNOUNCE_H */
