/* SPDX-License-Identifier: BSD-2-Clause */
/* exec_image.c: the program that a caller turns into while its work is posted; watches its own memory. */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#include "exec_attack.h"

/* Linked at ATTACK_ADDRESS, so that the kernel maps it with the image and there is no moment without. */
__asm__(".section .attack,\"aw\",@nobits\n"
	".zero 32 << 20\n"
	".previous\n");

static uint8_t *const region = (uint8_t *)ATTACK_ADDRESS;

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
region_is(uint8_t value)
{
	for (size_t i = 0; i < ATTACK_LEN; i++) {
		if (region[i] == value)
			continue;
		printf("exec_image: byte %zu is %02x, not %02x\n", i, region[i], value);
		return 0;
	}
	return 1;
}

/* Sessions that came through the exec: every request posted has a response still, with an error. */
static int
drain(int nfds, char **fds)
{
	const char *slow = getenv("DMOVERIO_TEST_SLOW");
	long end = now_ms() + 5000 * (slow != NULL && *slow != '\0' ? atol(slow) : 1);

	for (int i = 0; i < nfds; i++) {
		struct pollfd pfd = { .fd = atoi(fds[i]), .events = POLLIN };

		for (int n = 0; n < ATTACK_REQUESTS; n++) {
			struct dmio_usrresp response;

			if (poll(&pfd, 1, (int)(end > now_ms() ? end - now_ms() : 0)) != 1 ||
			    read(pfd.fd, &response, sizeof(response)) !=
				(ssize_t)sizeof(response)) {
				printf("exec_image: %d of %d responses of a session came\n", n,
				    ATTACK_REQUESTS);
				return 0;
			}
		}
	}
	return 1;
}

/* Arguments: "setuid" or "plain", then the descriptors of the sessions that were inherited. */
int
main(int argc, char **argv)
{
	long end = now_ms() + VICTIM_MS;

	if (argc > 1 && strcmp(argv[1], "setuid") == 0 && (geteuid() != 0 || getuid() == 0)) {
		printf("exec_image: the file system does not honour the setuid bit\n");
		return 77;
	}
	if (!region_is(0))
		return 1;
	memset(region, VICTIM_BYTE, ATTACK_LEN);
	do {
		if (!region_is(VICTIM_BYTE))
			return 1;
	} while (now_ms() < end);
	return drain(argc - 2, argv + 2) && region_is(VICTIM_BYTE) ? 0 : 1;
}
