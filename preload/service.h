/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.h: the core inside the program, and the thread that listens to the sessions' sockets.
 *
 * It starts at the first open of the device.  Its threads have a table of descriptors of their own
 * (close_range(2) with CLOSE_RANGE_UNSHARE), so that a program that closes all it can, or counts
 * what it has open, does not meet ours; they block all signals.  What passes between the tables
 * goes through a socket that listens on an address without a name in any file system.
 * (A service for others, tools/run/seccomp, has a process to itself, and one table.)
 *
 * 1. The program's thread connects; 2. says hello; 3. the service makes the door, and answers with
 * a copy of the inner socket; 4. the connection is the program's descriptor from then on.
 */
#ifndef PRELOAD_SERVICE_H
#define PRELOAD_SERVICE_H

#include "core/core.h"
#include "core/fetch.h"
#include "preload/door.h"
#include "preload/other.h"

/* Processes whose end is waited for at once. */
#define PRELOAD_WATCHED_MAX 64

struct preload_watched {
	pid_t pid; /* 0: none */
	int pidfd;
};

struct preload_service {
	struct dmover_core core;
	struct dmover_account *account; /* of this process's user */
	struct dmover_fetcher *fetcher; /* of the service's thread */
	struct dmover_batch *batch;     /* of the service's thread */
	struct preload_others others;   /* of the service's thread */
	pthread_mutex_t busy;           /* the service's thread has it while it does not wait */
	bool is_calm;                   /* (adopt lock) a fork has ->busy */
	unsigned settled, to_settle;    /* (start lock) */
	int wake;                       /* eventfd: the bell, or to_settle has grown */
	int listener, epoll, spare;     /* in the service's table */
	/* The loop's, in the service's thread. */
	struct preload_watched watched[PRELOAD_WATCHED_MAX];
	unsigned turns;     /* what is left of a door's turn */
	bool is_asked;      /* somebody connects */
	bool is_last;       /* he did so before, and there was no descriptor */
	bool is_woken;      /* by ->wake */
	bool is_any_behind; /* some door is */
	bool is_any_over;   /* a process that was watched has ended */
	bool is_private;    /* the table is */
	bool is_ready;      /* (start lock) */
	int error;          /* (start lock) why it did not start, as -errno */
};

/* Starts it, or finds it.  In a call of the program's.  -errno. */
int preload_service_get(struct preload_service **ret_service);
/* NULL before it has started. */
struct preload_service *preload_service_now(void);
/* The process that the service is of. */
pid_t preload_service_pid(void);

/*
 * A new session for the program: its descriptor, without O_NONBLOCK and with FD_CLOEXEC, or -errno.
 * In a call of the program's.
 */
int preload_service_open(int access);
/* In a forked child: gives an inherited door a session of this process's.  0 or -errno. */
int preload_service_adopt(struct preload_door *door);

/*
 * Waits until the service knows whose memory is meant by all that was written up to now: what a
 * process has written before it executes another program is the old one's.  At most a second.
 */
void preload_service_settle(void);

/* Does what they wait for, if anybody does.  Service thread. */
void preload_service_heard(struct preload_service *service);

/*
 * Takes in those who connect.  False: there is no descriptor for one; he waits until it is called
 * again, and with IS_LAST he is turned away then.  Service thread.
 */
bool preload_handshake(struct preload_service *service, bool is_last);
/* Say hello to the service of this process, which runs: as preload_service_open() and _adopt(). */
int preload_hello_open(int access);
int preload_hello_adopt(struct preload_door *door, int copy);

/* Around fork(2): in the child there is no service yet, and no copy is to be closed. */
void preload_service_lock(void);
void preload_service_unlock(void);
void preload_service_forked(void);
void preload_copies_forked(void);

/* Copies of inner sockets that the program has and should not have any more are closed. */
void preload_copies_bury(int copy, ino_t ino);
void preload_copies_close(void);
/* How many there may still be; one less after a true. */
bool preload_copies_take(void);

/* Linux 6.5; older headers lack them. */
#define PRELOAD_SO_PASSPIDFD 76
#define PRELOAD_SCM_PIDFD    4

/* Bytes of a response to a request of REQUEST bytes. */
unsigned preload_response_size(int request);

#endif /* PRELOAD_SERVICE_H */
