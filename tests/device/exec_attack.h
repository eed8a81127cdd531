/* SPDX-License-Identifier: BSD-2-Clause */
/* exec_attack.h: what exec_attack and the images it turns into agree on. */
#ifndef TESTS_DEVICE_EXEC_ATTACK_H
#define TESTS_DEVICE_EXEC_ATTACK_H

/* The attacked memory: the image has it mapped from its first instruction on (exec_image.c). */
#define ATTACK_ADDRESS 0x2000000000
#define ATTACK_LEN     (32 << 20)

/* What the posted work writes, and what the victim has there. */
#define ATTACK_BYTE 0xee
#define VICTIM_BYTE 0x55

/* Posted: sessions, and requests of each, 32 GiB apiece. */
#define ATTACK_SESSIONS 4
#define ATTACK_REQUESTS 16

/* How long a victim looks for bytes that should not be there, in ms. */
#define VICTIM_MS 300

/* Exit statuses: 0, 1 (printed what was wrong), 77 (cannot be tried here). */

#endif /* TESTS_DEVICE_EXEC_ATTACK_H */
