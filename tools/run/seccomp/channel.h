/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.h: what the processes of a launch say to each other, one message at a time.
 *
 * Three processes: the front is the one that was started, and that others wait for and send signals
 * to; the service is its child; the program is the service's.
 */
#ifndef TOOLS_RUN_SECCOMP_CHANNEL_H
#define TOOLS_RUN_SECCOMP_CHANNEL_H

#include <stdbool.h>
#include <sys/types.h>

enum run_message_kind {
	RUN_LISTENER, /* program to service: with the descriptor; value: signals wait for answers */
	RUN_FAILED,   /* program to service, service to front: value is -errno */
	RUN_STARTED,  /* service to front */
	RUN_SIGNAL,   /* front to service: it has got signal VALUE */
	RUN_ENDED,    /* service to front: value is the status of wait(2) */
};

struct run_message {
	enum run_message_kind kind;
	int value;
	bool is_last; /* ENDED: the service ends as well */
	/* SIGNAL: as in siginfo_t */
	int code;
	pid_t sender;
	int data;
};

/* Two ends, with FD_CLOEXEC: 0 or -errno. */
int run_channel_open(int ret_ends[2]);

/* Sends, with descriptor FD or -1.  False: the other end is gone. */
bool run_channel_send(int end, const struct run_message *message, int fd);
/* Waits for one; *ret_fd is -1 when none came with it.  False: the other end is gone. */
bool run_channel_receive(int end, struct run_message *ret_message, int *ret_fd);

#endif /* TOOLS_RUN_SECCOMP_CHANNEL_H */
