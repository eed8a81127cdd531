/* SPDX-License-Identifier: BSD-2-Clause */
/* uring_site.h: memory of a process, with its file, and requests whose buffers lie there. */
#ifndef TESTS_ENGINES_URING_SITE_H
#define TESTS_ENGINES_URING_SITE_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check.h>

#include <dev/dmover/engine.h>

/* Set by --break: one bit of what is compared is flipped, so that every test must fail. */
extern bool site_break;

/* Whatever takes longer than this is lost. */
#define SITE_DEADLINE_S 30

/* The memory that sites share the addresses of: one place for each input, and for the output. */
#define SITE_PLACES 17u
#define SITE_PLACE  ((size_t)4 << 20)
#define SITE_OUT    16u

/* An address space.  A child has a copy of site_region at the same addresses. */
struct site {
	struct dmover_space space; /* first */
	pid_t pid;
	int mem_fd;
	int to_child;     /* a pipe; closing it ends the child */
	bool is_trusting; /* allows everything: what is not accessible is for the kernel to find */
};

/* Maps the region on first use, fills it with bytes that differ everywhere. */
uint8_t *site_region(void);

/* This process. */
void site_open_self(struct site *site);
/* A child that calls PREPARE(ARG), unless that is NULL, and waits. */
void site_open_child(struct site *site, void (*prepare)(void *arg), void *arg);
/* A process that was started otherwise, and is ended otherwise. */
void site_open_pid(struct site *site, pid_t pid);
/* Ends the child, too. */
void site_close(struct site *site);
/* Kills the child and waits for its death. */
void site_kill(struct site *site);

/* Copies LEN bytes at ADDR of the site to BYTES; the test fails when they are not all there. */
void site_read(const struct site *site, void *bytes, const void *addr, size_t len);

#define JOB_PIECES 64u

/* The engine, opened. */
struct rider {
	const struct dmover_engine *engine;
	void *state;
};

void rider_open(struct rider *rider);
void rider_close(struct rider *rider);

/* One request. */
struct job {
	struct dmover_request dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	struct iovec iov[SITE_PLACES][JOB_PIECES];
	void (*hook)(struct job *job); /* called in dreq_done, before the end is seen */
	sem_t ended;
	unsigned ends; /* completions; read it after job_wait */
};

/* FUNC by name, or NULL where INIT's caller sets dreq_func. */
void job_init(struct job *job, const char *func, size_t len);
void job_fini(struct job *job);

/* The buffer WHICH (an input, or SITE_OUT) becomes a uio of one vector at ADDR. */
void job_place(struct job *job, unsigned which, struct site *site, void *addr);
/* The same, in N vectors with gaps between some of them and none in others; SEED says which. */
void job_scatter(struct job *job, unsigned which, struct site *site, unsigned n, unsigned seed);
/* Every buffer of the function, in its own place of the region. */
void job_scatter_all(struct job *job, struct site *site, unsigned n_in, unsigned n_out);
/* Becomes daemon memory. */
void job_linear(struct job *job, unsigned which, uint8_t *bytes);

/* Asks again while the engine is full; its answer. */
int job_submit(struct job *job, const struct rider *rider);
/* The test fails when there is no end, or more than one.  Returns dreq_error. */
int job_wait(struct job *job);
/* Both; the test fails when it is not taken. */
int job_run(struct job *job, const struct rider *rider);

/* Runs the job and compares with the oracle: the output, the result, and all bytes around them. */
void job_compare(struct job *job, const struct site *site, const struct rider *rider);

#endif /* TESTS_ENGINES_URING_SITE_H */
