/* SPDX-License-Identifier: BSD-2-Clause */
/* asked.h: requests that are asked for and not waited for, and how long anything is waited for. */
#ifndef TESTS_PRELOAD_ASKED_H
#define TESTS_PRELOAD_ASKED_H

#include "common.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Bytes that are posted to the workers, and not moved in the call itself. */
#define LARGE ((size_t)3 << 20)

/* What a wait may take on a machine that has much else to do. */
#define PATIENCE_MS 20000

#define ASKED_MAX 64

struct asked {
	struct iovec out, in;
	dmio_buffer input;
	struct dmio_usrreq req;
	char from[64], to[64];
};

/* A copy that stays where it is, of number ID. */
static inline struct asked *
ask(unsigned id)
{
	static struct asked all[ASKED_MAX];
	struct asked *asked = &all[id % ASKED_MAX];

	memset(asked->from, 'a' + (int)(id % 26), sizeof(asked->from));
	asked->out.iov_base = asked->to;
	asked->in.iov_base = asked->from;
	asked->out.iov_len = asked->in.iov_len = sizeof(asked->to);
	asked->input.dmbuf_iov = &asked->in;
	asked->input.dmbuf_iovcnt = 1;
	asked->req.req_outbuf.dmbuf_iov = &asked->out;
	asked->req.req_outbuf.dmbuf_iovcnt = 1;
	asked->req.req_inbuf = &asked->input;
	asked->req.req_id = id;
	return asked;
}

static inline void
await(int fd, short events)
{
	struct pollfd pfd = { fd, events, 0 };

	CHECK(poll(&pfd, 1, PATIENCE_MS) == 1 && (pfd.revents & events) != 0);
}

/*
 * Runs it in a child, and ends that when it hangs, as nothing but SIGKILL can: a call into the device
 * blocks all signals.
 */
static inline int
run_guarded(int (*run)(void))
{
	struct pollfd pfd = { -1, POLLIN, 0 };
	int status, n;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		exit(run());
	pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(pfd.fd >= 0);
	n = poll(&pfd, 1, 5 * PATIENCE_MS);
	if (n != 1)
		kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && n == 1);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#endif /* TESTS_PRELOAD_ASKED_H */
