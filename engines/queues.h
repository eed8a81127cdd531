/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queues.h: the work queues of Intel DSA devices, as sysfs tells of them, and what stands in the way
 * of using each.  The idxd engine opens what this finds; the doctor prints it.
 *
 * Nothing here opens a queue or needs a privilege, and nothing is kept.
 */
#ifndef ENGINES_QUEUES_H
#define ENGINES_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUES_SYSFS "/sys/bus/dsa/devices"
#define QUEUES_DEV   "/dev/dsa"

#define QUEUES_MAX      64 /* that are looked at */
#define QUEUES_FINDINGS 24 /* of one queue */

/* One condition, and what was found.  Texts are printable, whatever the files hold. */
struct queue_finding {
	const char *what; /* "the queue is enabled" */
	char file[96];  /* relative to the sysfs root, or the device node; "" when it is neither */
	char value[64]; /* as found, without the line's end; "(none)" when there is no such file */
	int err;        /* -errno: the file could not be read, and VALUE says so in brackets */
	bool is_good;
	bool
	    is_needed; /* not good: the queue cannot be used; else it is slower, or worth knowing */
	char why[160]; /* not good: what that means */
	char cure
	    [256]; /* not good: commands, "; " between them, or what to do; "" when there is none */
};

struct dsa_queue {
	char name[24];    /* "wq0.1" */
	char device[16];  /* "dsa0" */
	char label[64];   /* the name that the administrator gave it: "dmover" */
	bool is_model;    /* a software device (dsaN/model is there): timings mean nothing */
	char node[256];   /* path of the device node */
	unsigned version; /* 0x100, 0x200 ... */
	bool is_shared;   /* else dedicated */
	unsigned size;    /* entries; for a dedicated queue the most that may be in flight */
	unsigned threshold;
	size_t max_transfer;     /* bytes of a descriptor */
	unsigned max_batch;      /* descriptors of a batch; below 2: none */
	bool may_block_on_fault; /* the flag is allowed */
	bool may_overlap;        /* MEMMOVE may */
	bool has_cache_control;  /* the flag for writes to the cache is allowed */
	uint64_t ops[4];         /* bit n % 64 of word n / 64: opcode n is allowed */
	bool has_xor;            /* DSA 3.0: REDUCE by exclusive or of bytes */
	int numa_node;           /* -1: none */
	bool is_usable;          /* every needed finding is good; else a number above may be 0 */
	unsigned nfindings; /* the first that is needed and not good is the root of the trouble */
	struct queue_finding findings[QUEUES_FINDINGS];
};

struct queues_roots {
	const char *sysfs; /* NULL: QUEUES_SYSFS */
	const char *dev;   /* NULL: QUEUES_DEV */
	bool is_image;     /* of another machine: regular files may stand for its nodes */
};

/* There is no queue: what is missing (the driver, a device, a queue), and what to do. */
struct queues_lack {
	char why[256];
	char cure[256];
};

/*
 * Looks at every queue of every DSA device, in order of their numbers; queues of IAX devices are
 * passed over.  Fills in at most MAX of QUEUES, the first ones, and returns how many there are; 0:
 * none, and *RET_LACK says why.  Any thread.  The permission to open a node is that of the calling
 * process now.  A queue takes some 15 KiB: an array of them belongs to the heap.
 */
unsigned dmover_queues_survey(const struct queues_roots *roots, struct dsa_queue *queues,
    unsigned max, struct queues_lack *ret_lack);

/* The first finding that keeps the queue from being used; NULL when it is usable. */
const struct queue_finding *dmover_queue_obstacle(const struct dsa_queue *queue);

/* True when the queue's ops have OPCODE. */
static inline bool
dmover_queue_allows(const struct dsa_queue *queue, unsigned opcode)
{
	return opcode < 256 && (queue->ops[opcode / 64] >> (opcode % 64) & 1) != 0;
}

#endif /* ENGINES_QUEUES_H */
