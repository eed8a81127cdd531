/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c: attributes of a device, its queues, engines and groups, one small file each. */
#include "tests/dsa/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VALUE_MAX     256u
#define ENGINES       4u
#define CMD_NO_ERROR  0u
#define CMD_DISABLED  0x80000020u /* the device is not enabled */
#define CAP_BOF       (UINT64_C(1) << 0)
#define CAP_OVERLAP   (UINT64_C(1) << 1)
#define CAP_CACHE_MEM (UINT64_C(1) << 2)
#define CAP_CACHE     (UINT64_C(1) << 3)
#define CAP_CONFIG    (UINT64_C(1) << 31)
#define CAP_TRANSFER  16 /* shift of the binary logarithm */
#define CAP_BATCH     21

struct dsa_tree {
	struct dsa_model *model;
	pthread_mutex_t lock; /* one writes at a time */
	char root[PATH_MAX / 2];
};

static const uint64_t all_ops =
    UINT64_C(1) << DSA_OP_NOOP | UINT64_C(1) << DSA_OP_BATCH | UINT64_C(1) << DSA_OP_DRAIN |
    UINT64_C(1) << DSA_OP_MEMMOVE | UINT64_C(1) << DSA_OP_FILL | UINT64_C(1) << DSA_OP_COMPARE |
    UINT64_C(1) << DSA_OP_DUALCAST | UINT64_C(1) << DSA_OP_CRCGEN | UINT64_C(1) << DSA_OP_COPY_CRC;

/* Replaces ROOT/DIR/NAME as a whole: nobody reads half of it. */
__attribute__((format(printf, 4, 5))) static int
put(const struct dsa_tree *tree, const char *dir, const char *name, const char *format, ...)
{
	char path[PATH_MAX], next[PATH_MAX + 8], value[VALUE_MAX];
	va_list args;
	int fd, len, err = 0;

	va_start(args, format);
	len = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s/%s", tree->root, dir, name);
	snprintf(next, sizeof(next), "%s.next", path);
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, value, (size_t)len) != len)
		err = -EIO;
	close(fd);
	if (err == 0 && rename(next, path) != 0)
		err = -errno;
	if (err < 0)
		unlink(next);
	return err;
}

/* A folder below the device's, and the link that stands for it on the bus. */
static int
make_folder(const struct dsa_tree *tree, const char *device, const char *name)
{
	char path[PATH_MAX], target[64];

	snprintf(path, sizeof(path), "%s/%s/%s", tree->root, device, name);
	if (mkdir(path, 0755) != 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", tree->root, name);
	snprintf(target, sizeof(target), "%s/%s", device, name);
	return symlink(target, path) == 0 ? 0 : -errno;
}

/* As the kernel prints 256 bits: 32 at a time, the highest first. */
static void
print_ops(uint64_t ops, char *buf, size_t len)
{
	snprintf(buf, len, "00000000,00000000,00000000,00000000,00000000,00000000,%08x,%08x",
	    (unsigned)(ops >> 32), (unsigned)(ops & UINT32_MAX));
}

/* Where users may not be given portals, the kernel hides that the device knows batches. */
static uint64_t
device_ops(const struct dsa_model_options *options)
{
	if (options->version < DSA_VERSION_2)
		return all_ops & ~(UINT64_C(1) << DSA_OP_BATCH);
	if (options->version >= DSA_VERSION_3)
		return all_ops | UINT64_C(1) << DSA_OP_REDUCE;
	return all_ops;
}

static uint64_t
device_caps(const struct dsa_model_options *options)
{
	uint64_t caps =
	    CAP_BOF | CAP_CONFIG | UINT64_C(31) << CAP_TRANSFER | UINT64_C(10) << CAP_BATCH;

	if (!options->no_overlap)
		caps |= CAP_OVERLAP;
	if (!options->no_cache_control)
		caps |= CAP_CACHE_MEM | CAP_CACHE;
	return caps;
}

/* What changes in a device's life. */
static int
put_state(const struct dsa_tree *tree)
{
	struct dsa_model *model = tree->model;
	const unsigned number = dsa_model_options(model)->number;
	const bool is_halted = dsa_model_is_halted(model);
	unsigned nclients, all = 0;
	char name[64];
	int err;

	snprintf(name, sizeof(name), "dsa%u", number);
	err = put(tree, name, "state", "%s\n", is_halted ? "halted" : "enabled");
	if (err == 0)
		err =
		    put(tree, name, "cmd_status", "%#x\n", is_halted ? CMD_DISABLED : CMD_NO_ERROR);
	for (unsigned i = 0; err == 0 && i < dsa_model_options(model)->nqueues; i++) {
		const bool is_enabled = !is_halted && dsa_model_is_enabled(model, i);

		snprintf(name, sizeof(name), "dsa%u/wq%u.%u", number, number, i);
		err = put(tree, name, "state", "%s\n", is_enabled ? "enabled" : "disabled");
		nclients = dsa_model_clients(model, i);
		all += nclients;
		if (err == 0)
			err = put(tree, name, "clients", "%u\n", nclients);
	}
	snprintf(name, sizeof(name), "dsa%u", number);
	return err == 0 ? put(tree, name, "clients", "%u\n", all) : err;
}

static int
put_device(const struct dsa_tree *tree, const char *name)
{
	const struct dsa_model_options *options = dsa_model_options(tree->model);
	/* REDUCE and its four sizes of elements: bits 48 to 63 and 0 to 15 of the second word. */
	const uint64_t caps1 =
	    options->version >= DSA_VERSION_3 ? UINT64_C(1) << (48 + DSA_REDUCE_XOR) | 0xf : 0;
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "pasid_enabled", 1 },
		{ "max_transfer_size", DSA_TRANSFER_MAX },
		{ "max_batch_size", DSA_BATCH_MAX },
		{ "max_work_queues", DSA_QUEUES_MAX },
		{ "max_work_queues_size", DSA_SIZE_MAX },
		{ "max_engines", ENGINES },
		{ "max_groups", 4 },
		{ "configurable", 1 },
		{ "model", (uint64_t)getpid() },
	};
	char ops[VALUE_MAX];
	int err = 0;

	print_ops(device_ops(options), ops, sizeof(ops));
	for (size_t i = 0; err == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = put(
		    tree, name, numbers[i].name, "%llu\n", (unsigned long long)numbers[i].value);
	if (err == 0)
		err = put(tree, name, "version", "%#x\n", (unsigned)options->version);
	if (err == 0)
		err = put(tree, name, "numa_node", "-1\n");
	if (err == 0)
		err =
		    put(tree, name, "gen_cap", "%#llx\n", (unsigned long long)device_caps(options));
	if (err == 0)
		err = put(tree, name, "op_cap", "%s\n", ops);
	if (err == 0)
		err = put(tree, name, "dsacaps", "%016llx,%016llx,%016llx\n", 0ull,
		    (unsigned long long)caps1, 0ull);
	return err;
}

static int
put_queue(const struct dsa_tree *tree, const char *dir, unsigned number)
{
	const struct dsa_model_options *options = dsa_model_options(tree->model);
	const struct dsa_queue_options *queue = &options->queues[number];
	const struct {
		const char *name;
		unsigned value;
	} numbers[] = {
		{ "size", queue->size },
		{ "max_transfer_size", queue->max_transfer },
		{ "max_batch_size", queue->max_batch },
		{ "block_on_fault", queue->may_block_on_fault },
		{ "group_id", 0 },
		{ "priority", 10 },
		{ "prs_disable", 0 },
		{ "ats_disable", 0 },
	};
	char ops[VALUE_MAX];
	int err = 0;

	print_ops(device_ops(options) & ~queue->disabled_ops, ops, sizeof(ops));
	for (size_t i = 0; err == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = put(tree, dir, numbers[i].name, "%u\n", numbers[i].value);
	if (err == 0)
		err = put(tree, dir, "mode", "%s\n", queue->is_dedicated ? "dedicated" : "shared");
	if (err == 0)
		err =
		    put(tree, dir, "threshold", "%u\n", queue->is_dedicated ? 0 : queue->threshold);
	if (err == 0)
		err = put(tree, dir, "type", "user\n");
	if (err == 0)
		err = put(tree, dir, "driver_name", "user\n");
	if (err == 0)
		err = put(tree, dir, "name", "%s\n", queue->name);
	if (err == 0)
		err = put(tree, dir, "op_config", "%s\n", ops);
	return err;
}

/* All engines and queues are in one group. */
static int
put_group(const struct dsa_tree *tree, const char *device)
{
	const struct dsa_model_options *options = dsa_model_options(tree->model);
	char dir[64], name[32], engines[128] = "", queues[128] = "";
	size_t used = 0;
	int err = 0;

	for (unsigned i = 0; err == 0 && i < ENGINES; i++) {
		snprintf(name, sizeof(name), "engine%u.%u", options->number, i);
		snprintf(dir, sizeof(dir), "%s/%s", device, name);
		err = make_folder(tree, device, name);
		if (err == 0)
			err = put(tree, dir, "group_id", "0\n");
		used += (size_t)snprintf(
		    engines + used, sizeof(engines) - used, "%s%s", i > 0 ? " " : "", name);
	}
	used = 0;
	for (unsigned i = 0; i < options->nqueues; i++)
		used += (size_t)snprintf(queues + used, sizeof(queues) - used, "%swq%u.%u",
		    i > 0 ? " " : "", options->number, i);
	snprintf(name, sizeof(name), "group%u.0", options->number);
	snprintf(dir, sizeof(dir), "%s/%s", device, name);
	if (err == 0)
		err = make_folder(tree, device, name);
	if (err == 0)
		err = put(tree, dir, "engines", "%s\n", engines);
	if (err == 0)
		err = put(tree, dir, "work_queues", "%s\n", queues);
	return err;
}

static int
put_all(const struct dsa_tree *tree)
{
	const struct dsa_model_options *options = dsa_model_options(tree->model);
	char device[32], name[32], dir[80], path[PATH_MAX];
	int err;

	snprintf(device, sizeof(device), "dsa%u", options->number);
	snprintf(path, sizeof(path), "%s/%s", tree->root, device);
	if (mkdir(path, 0755) != 0)
		return -errno;
	err = put_device(tree, device);
	for (unsigned i = 0; err == 0 && i < options->nqueues; i++) {
		snprintf(name, sizeof(name), "wq%u.%u", options->number, i);
		snprintf(dir, sizeof(dir), "%s/%s", device, name);
		err = make_folder(tree, device, name);
		if (err == 0)
			err = put_queue(tree, dir, i);
	}
	if (err == 0)
		err = put_group(tree, device);
	return err == 0 ? put_state(tree) : err;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	remove(path);
	return 0;
}

static void
remove_link(const struct dsa_tree *tree, const char *format, unsigned number, unsigned i)
{
	char path[PATH_MAX], name[64];

	snprintf(name, sizeof(name), "%s%u.%u", format, number, i);
	snprintf(path, sizeof(path), "%s/%s", tree->root, name);
	unlink(path);
}

static void
remove_all(const struct dsa_tree *tree)
{
	const unsigned number = dsa_model_options(tree->model)->number;
	char path[PATH_MAX];

	for (unsigned i = 0; i < DSA_QUEUES_MAX; i++)
		remove_link(tree, "wq", number, i);
	for (unsigned i = 0; i < ENGINES; i++)
		remove_link(tree, "engine", number, i);
	remove_link(tree, "group", number, 0);
	snprintf(path, sizeof(path), "%s/dsa%u", tree->root, number);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The process that has made it was killed. */
static bool
is_left_over(const struct dsa_tree *tree)
{
	char path[PATH_MAX];
	bool is_gone;
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/dsa%u/model", tree->root,
	    dsa_model_options(tree->model)->number);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	is_gone = fscanf(f, "%d", &pid) == 1 && pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
	fclose(f);
	return is_gone;
}

int
dsa_tree_create(
    struct dsa_model *model, const char *root, struct dsa_tree **ret_tree, char *why, size_t len)
{
	struct dsa_tree *tree = calloc(1, sizeof(*tree));
	int err = -ENOMEM;

	if (tree == NULL)
		goto complain;
	pthread_mutex_init(&tree->lock, NULL);
	tree->model = model;
	err = -ENAMETOOLONG;
	if (strlen(root) >= sizeof(tree->root))
		goto complain;
	memcpy(tree->root, root, strlen(root) + 1);
	err = put_all(tree);
	if (err == -EEXIST && is_left_over(tree)) {
		remove_all(tree);
		err = put_all(tree);
	}
	if (err == -EEXIST) /* another's */
		goto complain;
	if (err < 0) {
		remove_all(tree);
		goto complain;
	}
	*ret_tree = tree;
	return 0;

complain:
	snprintf(why, len, "%s: %s", root, strerror(-err));
	if (tree != NULL)
		pthread_mutex_destroy(&tree->lock);
	free(tree);
	return err;
}

int
dsa_tree_update(struct dsa_tree *tree)
{
	int err;

	pthread_mutex_lock(&tree->lock);
	err = put_state(tree);
	pthread_mutex_unlock(&tree->lock);
	return err;
}

void
dsa_tree_destroy(struct dsa_tree *tree)
{
	if (tree == NULL)
		return;
	remove_all(tree);
	pthread_mutex_destroy(&tree->lock);
	free(tree);
}
