/* SPDX-License-Identifier: BSD-2-Clause */
/* queue_tree.c: files such as the driver idxd shows of its devices and queues, made for a test. */
#include "queue_tree.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char tree_root[64];

const char *
tree_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", tree_root, name);
	return path;
}

void
tree_put_bytes(const char *name, const void *bytes, size_t len)
{
	int fd = open(tree_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* As the kernel writes it, with a line's end. */
void
tree_put(const char *name, const char *text)
{
	char line[1200];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	tree_put_bytes(name, line, (size_t)len);
}

void
tree_take_away(const char *name)
{
	ck_assert_int_eq(remove(tree_path(name)), 0);
}

void
tree_move(const char *from, const char *to)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s/%s", tree_root, from);
	ck_assert_int_eq(rename(whole, tree_path(to)), 0);
}

void
tree_put_folder(const char *name)
{
	ck_assert_int_eq(mkdir(tree_path(name), 0755), 0);
}

/* A set of 256 bits as the kernel prints it, with these lowest 64. */
const char *
tree_bits(unsigned high, unsigned low)
{
	static char text[80];

	snprintf(text, sizeof(text),
	    "00000000,00000000,00000000,00000000,00000000,00000000,%08x,%08x", high, low);
	return text;
}

struct file {
	const char *name, *text;
};

static void
put_all(const char *folder, const struct file *files)
{
	char name[64];

	tree_put_folder(folder);
	for (; files->name != NULL; files++) {
		snprintf(name, sizeof(name), "%s/%s", folder, files->name);
		tree_put(name, files->text);
	}
}

void
tree_put_queue(const char *name)
{
	static const struct file files[] = {
		{ "state", "enabled" },
		{ "type", "user" },
		{ "driver_name", "user" },
		{ "mode", "shared" },
		{ "name", "dmover" },
		{ "group_id", "0" },
		{ "size", "16" },
		{ "threshold", "12" },
		{ "max_transfer_size", "2097152" },
		{ "max_batch_size", "32" },
		{ "block_on_fault", "0" },
		{ "clients", "0" },
		{ NULL, NULL },
	};
	char node[64];

	put_all(name, files);
	snprintf(node, sizeof(node), "%s/op_config", name);
	tree_put(node, tree_bits(1, 0x03f0ffff));
	snprintf(node, sizeof(node), "nodes/%s", name);
	tree_put_bytes(node, "", 0);
}

void
tree_put_device(const char *name, const char *group)
{
	static const struct file files[] = {
		{ "state", "enabled" },
		{ "version", "0x100" },
		{ "pasid_enabled", "1" },
		{ "cmd_status", "0" },
		{ "gen_cap", "0x40915f0107" },
		{ "max_transfer_size", "2147483648" },
		{ "max_batch_size", "1024" },
		{ "numa_node", "1" },
		{ NULL, NULL },
	};
	static const struct file group_files[] = {
		{ "engines", "engine0.0 engine0.1" },
		{ NULL, NULL },
	};
	char file[64];

	put_all(name, files);
	snprintf(file, sizeof(file), "%s/op_cap", name);
	tree_put(file, tree_bits(1, 0x003f03ff));
	put_all(group, group_files);
}

void
tree_make(void)
{
	strcpy(tree_root, "/tmp/test_queues.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree_root));
	ck_assert_int_eq(chmod(tree_root, 0755), 0);
	tree_put_folder("nodes");
	tree_put_device("dsa0", "group0.0");
	tree_put_queue("wq0.0");
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void
tree_remove(void)
{
	nftw(tree_root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
