/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_tree.c: the files from which discovery learns of software devices. */
#include "idxd_tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What gen_cap says: moves of overlapping buffers, and the cache control flag. */
#define CAN_OVERLAP 0x2u
#define CAN_CACHE   0x4u

/* Of the second word of dsacaps: bytes, and exclusive or. */
#define CAN_XOR (UINT64_C(1) << 0 | UINT64_C(1) << 53)

/* Where files are added. */
struct branch {
	char path[256];
	int *err; /* the first one, and nothing is done after it */
};

__attribute__((format(printf, 2, 3))) static struct branch
branch_make(const struct branch *trunk, const char *format, ...)
{
	struct branch branch = { .err = trunk->err };
	const size_t size = sizeof(branch.path);
	va_list args;
	int n = snprintf(branch.path, size, "%s/", trunk->path);

	va_start(args, format);
	if ((size_t)n < size)
		n += vsnprintf(branch.path + n, size - (size_t)n, format, args);
	va_end(args);
	if (*branch.err != 0)
		return branch;
	if ((size_t)n >= size)
		*branch.err = -ENAMETOOLONG;
	else if (mkdir(branch.path, 0755) < 0 && errno != EEXIST)
		*branch.err = -errno;
	return branch;
}

__attribute__((format(printf, 3, 4))) static void
add(const struct branch *branch, const char *name, const char *format, ...)
{
	char path[sizeof(branch->path) + 32];
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", branch->path, name);
	file = *branch->err == 0 ? fopen(path, "we") : NULL;
	if (file == NULL) {
		*branch->err = *branch->err == 0 ? -errno : *branch->err;
		return;
	}
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	if (fclose(file) != 0)
		*branch->err = -errno;
}

/* 256 bits, of which the lowest 64 may be set, as the kernel prints them. */
static void
add_ops(const struct branch *branch, const char *name, uint64_t ops)
{
	add(branch, name, "00000000,00000000,00000000,00000000,00000000,00000000,%08x,%08x\n",
	    (unsigned)(ops >> 32), (unsigned)ops);
}

static uint64_t
ops_of(const struct dsa_model_options *options)
{
	static const enum dsa_opcode all[] = { DSA_OP_NOOP, DSA_OP_BATCH, DSA_OP_DRAIN,
		DSA_OP_MEMMOVE, DSA_OP_FILL, DSA_OP_COMPARE, DSA_OP_DUALCAST, DSA_OP_CRCGEN,
		DSA_OP_COPY_CRC };
	uint64_t ops = options->version >= DSA_VERSION_3 ? UINT64_C(1) << DSA_OP_REDUCE : 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ops |= UINT64_C(1) << all[i];
	/* Linux shows no batches where it takes none by write(2). */
	if (options->version < DSA_VERSION_2)
		ops &= ~(UINT64_C(1) << DSA_OP_BATCH);
	return ops;
}

static void
add_device(const struct branch *sysfs, const struct dsa_model_options *options)
{
	const struct branch device = branch_make(sysfs, "dsa%u", options->number);
	const struct branch group = branch_make(sysfs, "group%u.0", options->number);

	add(&device, "state", "enabled\n");
	add(&device, "version", "0x%x\n", (unsigned)options->version);
	add(&device, "pasid_enabled", "1\n");
	add(&device, "numa_node", "-1\n");
	add(&device, "cmd_status", "0x0\n");
	add(&device, "max_transfer_size", "%u\n", DSA_TRANSFER_MAX);
	add(&device, "max_batch_size", "%u\n", DSA_BATCH_MAX);
	add(&device, "gen_cap", "0x%x\n",
	    (options->no_overlap ? 0 : CAN_OVERLAP) | (options->no_cache_control ? 0 : CAN_CACHE));
	add_ops(&device, "op_cap", ops_of(options));
	if (options->version >= DSA_VERSION_3)
		add(&device, "dsacaps", "0,%llx,0\n", (unsigned long long)CAN_XOR);
	add(&device, "model", "1\n");
	add(&group, "engines", "engine%u.0\n", options->number);
}

static void
add_queue(const struct branch *sysfs, const struct dsa_model_options *options, unsigned number)
{
	const struct dsa_queue_options *queue = &options->queues[number];
	const struct branch branch = branch_make(sysfs, "wq%u.%u", options->number, number);

	add(&branch, "state", "enabled\n");
	add(&branch, "type", "user\n");
	add(&branch, "driver_name", "user\n");
	add(&branch, "mode", "%s\n", queue->is_dedicated ? "dedicated" : "shared");
	add(&branch, "name", "%s\n", queue->name);
	add(&branch, "group_id", "0\n");
	add(&branch, "size", "%u\n", queue->size);
	add(&branch, "threshold", "%u\n", queue->is_dedicated ? 0 : queue->threshold);
	add(&branch, "max_transfer_size", "%u\n", (unsigned)queue->max_transfer);
	add(&branch, "max_batch_size", "%u\n", queue->max_batch);
	add(&branch, "block_on_fault", "%d\n", queue->may_block_on_fault);
	add(&branch, "clients", "0\n");
	add_ops(&branch, "op_config", ops_of(options) & ~queue->disabled_ops);
}

int
idxd_tree_add(const char *folder, const struct dsa_model_options *options)
{
	int err = 0;
	struct branch trunk = { .err = &err }, sysfs, dev;

	snprintf(trunk.path, sizeof(trunk.path), "%s", folder);
	sysfs = branch_make(&trunk, "sysfs");
	dev = branch_make(&trunk, "dev");
	add_device(&sysfs, options);
	for (unsigned i = 0; i < options->nqueues; i++) {
		char name[16];

		add_queue(&sysfs, options, i);
		snprintf(name, sizeof(name), "wq%u.%u", options->number, i);
		add(&dev, name, "%s", "");
	}
	return err;
}

/* One file "state" below FOLDER/sysfs/NAME, in one step. */
static int
say(const char *folder, const char *name, const char *state)
{
	char path[256], next[264];
	FILE *file;
	int n = snprintf(path, sizeof(path), "%s/sysfs/%s/state", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	snprintf(next, sizeof(next), "%s.next", path);
	file = fopen(next, "we");
	if (file == NULL)
		return -errno;
	fprintf(file, "%s\n", state);
	if (fclose(file) != 0 || rename(next, path) < 0)
		return -errno;
	return 0;
}

int
idxd_tree_say_state(const char *folder, struct dsa_model *model)
{
	const struct dsa_model_options *options = dsa_model_options(model);
	const bool is_halted = dsa_model_is_halted(model);
	char name[32];
	int err;

	snprintf(name, sizeof(name), "dsa%u", options->number);
	err = say(folder, name, is_halted ? "halted" : "enabled");
	for (unsigned i = 0; err == 0 && i < options->nqueues; i++) {
		const bool is_enabled = !is_halted && dsa_model_is_enabled(model, i);

		snprintf(name, sizeof(name), "wq%u.%u", options->number, i);
		err = say(folder, name, is_enabled ? "enabled" : "disabled");
	}
	return err;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
idxd_tree_remove(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
