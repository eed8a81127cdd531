/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32c.h: joins the CRC32C sums of the parts of a message. */
#ifndef CORE_CRC32C_H
#define CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the finished sum CRC of a part adds to the sum of the whole when LEN bytes follow it: the
 * sum of the whole is that of all parts' additions by XOR, in any order.  Any thread.
 */
uint32_t dmover_crc32c_before(uint32_t crc, size_t len);

#endif /* CORE_CRC32C_H */
