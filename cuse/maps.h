/* SPDX-License-Identifier: BSD-2-Clause */
/* maps.h: what an address space allows at an address, from /proc/PID/maps. */
#ifndef CUSE_MAPS_H
#define CUSE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

/* One mapping. */
struct dmio_mapping {
	uint64_t start, end; /* end is the first address behind */
	bool is_readable, is_writable;
};

/*
 * The mapping at ADDR of the address space behind FD, an open /proc/PID/maps.  -EFAULT: there is
 * none.  -ESRCH: the address space is gone.
 */
int dmio_maps_find(int fd, uint64_t addr, struct dmio_mapping *ret_mapping);

/* Whether the kernel answers queries of FD, or the text of the file must be read. */
bool dmio_maps_has_query(int fd);

/* The same from the text of the file only, for kernels that answer no queries; for tests too. */
int dmio_maps_find_text(int fd, uint64_t addr, struct dmio_mapping *ret_mapping);

#endif /* CUSE_MAPS_H */
