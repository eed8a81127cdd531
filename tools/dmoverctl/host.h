/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h: the files of the machine that is looked at, and what this process may do on it. */
#ifndef TOOLS_DMOVERCTL_HOST_H
#define TOOLS_DMOVERCTL_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define CTL_PATH_SIZE 512

struct ctl_host {
	const char *root; /* in front of /dev, /etc, /lib, /proc, /sys, /usr; "": this machine */
};

/* The path of FILE ("/dev/cuse") below the root.  Returns PATH. */
const char *ctl_host_path(const struct ctl_host *host, const char *file, char path[CTL_PATH_SIZE]);

/*
 * Reads the regular file FILE, up to SIZE - 1 bytes, a NUL behind them; the last line's end is taken
 * off, and bytes that no text has become '?'.  How many, or -errno; TEXT is "" then.
 */
long ctl_host_read(const struct ctl_host *host, const char *file, char *text, size_t size);

/* FILE's first number; FALLBACK when there is none. */
long ctl_host_number(const struct ctl_host *host, const char *file, long fallback);

/* FILE has a line with WORD in it, between what is no letter or number.  FILE may be large: the first 64 MiB count. */
bool ctl_host_mentions(const struct ctl_host *host, const char *file, const char *word);

/* There is such a file, of any kind. */
bool ctl_host_has(const struct ctl_host *host, const char *file);

/* This process has the capability, in its effective set.  Any thread. */
bool ctl_host_is_capable(unsigned capability);

#endif /* TOOLS_DMOVERCTL_HOST_H */
