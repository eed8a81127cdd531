/* SPDX-License-Identifier: BSD-2-Clause */
/* drive.c: what any program does to a work queue without a portal: one CRCGEN by write(2), then poll. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 30
#define WANTED       0xe3069283u /* of "123456789" */

struct descriptor {
	uint32_t pasid, flags_and_opcode;
	uint64_t record, source, destination;
	uint32_t size, interrupt;
	uint32_t seed, reserved[5];
};

struct record {
	uint8_t status, result, info, reserved;
	uint32_t completed;
	uint64_t fault_address, crc, reserved2;
};

int
main(int argc, char **argv)
{
	static struct record record __attribute__((aligned(64)));
	static const char data[] = "123456789";
	const struct descriptor desc = {
		.flags_and_opcode = 0x1000000c,
		.record = (uintptr_t)&record,
		.source = (uintptr_t)data,
		.size = 9,
	};
	const time_t until = time(NULL) + WAIT_SECONDS;
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0 || write(fd, &desc, sizeof(desc)) != sizeof(desc)) {
		perror(argc == 2 ? argv[1] : "usage: drive NODE");
		return 1;
	}
	while (__atomic_load_n(&record.status, __ATOMIC_ACQUIRE) == 0)
		if (time(NULL) > until) {
			fprintf(stderr, "no record\n");
			return 8;
		}
	close(fd);
	printf("status %02x, crc %08x\n", record.status, (unsigned)record.crc);
	return record.status == 1 && record.crc == WANTED ? 0 : 9;
}
