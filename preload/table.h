/* SPDX-License-Identifier: BSD-2-Clause */
/* table.h: a table of descriptors of the service's own. */
#ifndef PRELOAD_TABLE_H
#define PRELOAD_TABLE_H

#include <stdbool.h>

/*
 * The calling thread, and those that it starts from now on, leave the program's table of
 * descriptors for an empty one; KEEPS_STDERR: for one with the standard error.  False: the kernel
 * forbids it, and the table is still the program's.
 */
bool preload_table_leave(bool keeps_stderr);

#endif /* PRELOAD_TABLE_H */
