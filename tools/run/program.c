/* SPDX-License-Identifier: BSD-2-Clause */
/* program.c: looks into the file of the program that is to be run. */
#include "tools/run/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Names and contents of notes are padded. */
#define NOTE_PADDED(size) (((uint64_t)(size) + 3) & ~(uint64_t)3)

/* The name in Go's notes. */
static const char go_name[4] = "Go\0";

/* A script's interpreter may be a script; the kernel follows five of them. */
#define SCRIPTS_MAX 5

/* A file in memory; nothing beyond its end is looked at. */
struct image {
	const unsigned char *bytes;
	size_t size;
	mode_t mode;
	bool has_capabilities; /* see capabilities(7), "File capabilities" */
};

static int
image_open(const char *path, struct image *ret_image)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	void *bytes = MAP_FAILED;

	*ret_image = (struct image){ 0 };
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size == 0)
		err = -ENOEXEC;
	if (err == 0) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		err = bytes == MAP_FAILED ? -errno : 0;
	}
	close(fd);
	if (err == 0)
		*ret_image = (struct image){ bytes, (size_t)st.st_size, st.st_mode,
			getxattr(path, "security.capability", NULL, 0) > 0 };
	return err;
}

static void
image_close(const struct image *image)
{
	munmap((void *)(uintptr_t)image->bytes, image->size);
}

/* LEN bytes at OFFSET, or NULL. */
static const void *
image_at(const struct image *image, uint64_t offset, uint64_t len)
{
	if (offset > image->size || len > image->size - offset)
		return NULL;
	return image->bytes + offset;
}

/* The same of tables: no linker writes them where the machine could not read them in place. */
static const void *
image_table(const struct image *image, uint64_t offset, uint64_t len)
{
	return offset % sizeof(ElfW(Addr)) == 0 ? image_at(image, offset, len) : NULL;
}

/* The string at OFFSET, which ends within the file, or NULL. */
static const char *
image_string(const struct image *image, uint64_t offset)
{
	if (offset >= image->size ||
	    memchr(image->bytes + offset, '\0', image->size - offset) == NULL)
		return NULL;
	return (const char *)image->bytes + offset;
}

/* Program header I of the file, or NULL. */
static const ElfW(Phdr) * header_at(const struct image *image, const ElfW(Ehdr) * elf, unsigned i)
{
	if (i >= elf->e_phnum || elf->e_phentsize != sizeof(ElfW(Phdr)))
		return NULL;
	return image_table(
	    image, elf->e_phoff + (uint64_t)i * sizeof(ElfW(Phdr)), sizeof(ElfW(Phdr)));
}

static const ElfW(Phdr) *
    header_find(const struct image *image, const ElfW(Ehdr) * elf, unsigned type)
{
	const ElfW(Phdr) * header;

	for (unsigned i = 0; (header = header_at(image, elf, i)) != NULL; i++)
		if (header->p_type == type)
			return header;
	return NULL;
}

/* Where an address lies in the file. */
static uint64_t
offset_of(const struct image *image, const ElfW(Ehdr) * elf, uint64_t address)
{
	const ElfW(Phdr) * header;

	for (unsigned i = 0; (header = header_at(image, elf, i)) != NULL; i++)
		if (header->p_type == PT_LOAD && address >= header->p_vaddr &&
		    address - header->p_vaddr < header->p_filesz)
			return address - header->p_vaddr + header->p_offset;
	return UINT64_MAX;
}

static void
note_library(const char *name, struct program *program)
{
	static const char *const sanitizers[] = { "libasan.so", "libtsan.so", "libubsan.so" };

	/* UBSan's may come in any order; the others insist on being first. */
	for (unsigned i = 0; name != NULL && i < 2; i++)
		if (strncmp(name, sanitizers[i], strlen(sanitizers[i])) == 0 &&
		    strlen(name) < sizeof(program->sanitizer))
			memcpy(program->sanitizer, name, strlen(name) + 1);
}

/* Finds the libraries that it needs. */
static void
read_dynamic(const struct image *image, const ElfW(Ehdr) * elf, struct program *program)
{
	const ElfW(Phdr) *header = header_find(image, elf, PT_DYNAMIC);
	const ElfW(Dyn) * dyn;
	uint64_t strings = UINT64_MAX;
	size_t n;

	if (header == NULL)
		return;
	dyn = image_table(image, header->p_offset, header->p_filesz);
	n = dyn != NULL ? header->p_filesz / sizeof(*dyn) : 0;
	for (size_t i = 0; i < n && dyn[i].d_tag != DT_NULL; i++)
		if (dyn[i].d_tag == DT_STRTAB)
			strings = offset_of(image, elf, dyn[i].d_un.d_ptr);
	if (strings == UINT64_MAX)
		return;
	for (size_t i = 0; i < n && dyn[i].d_tag != DT_NULL; i++)
		if (dyn[i].d_tag == DT_NEEDED)
			note_library(image_string(image, strings + dyn[i].d_un.d_val), program);
}

/* The linker of Go leaves its name in a note. */
static bool
has_go_note(const struct image *image, const ElfW(Ehdr) * elf)
{
	const ElfW(Phdr) * header;

	for (unsigned i = 0; (header = header_at(image, elf, i)) != NULL; i++) {
		const unsigned char *notes = image_at(image, header->p_offset, header->p_filesz);
		uint64_t at = 0, left;

		if (header->p_type != PT_NOTE || notes == NULL)
			continue;
		while ((left = header->p_filesz - at) >= sizeof(ElfW(Nhdr))) {
			ElfW(Nhdr) note;
			uint64_t size;

			memcpy(&note, notes + at, sizeof(note));
			size =
			    sizeof(note) + NOTE_PADDED(note.n_namesz) + NOTE_PADDED(note.n_descsz);
			if (size > left)
				break;
			if (note.n_namesz == sizeof(go_name) &&
			    memcmp(notes + at + sizeof(note), go_name, sizeof(go_name)) == 0)
				return true;
			at += size;
		}
	}
	return false;
}

static int
read_elf(const struct image *image, struct program *program)
{
	const ElfW(Ehdr) *elf = image_at(image, 0, sizeof(*elf));
	const ElfW(Ehdr) * own;
	const ElfW(Phdr) * header;
	const char *interpreter;
	struct image self;
	bool is_own;

	if (elf == NULL || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (image_open("/proc/self/exe", &self) == 0) {
		own = image_at(&self, 0, sizeof(*own));
		is_own = elf->e_ident[EI_CLASS] == own->e_ident[EI_CLASS] &&
			 elf->e_machine == own->e_machine;
		image_close(&self);
		if (!is_own) {
			program->kind = PROGRAM_FOREIGN;
			return 0;
		}
	}
	header = header_find(image, elf, PT_INTERP);
	interpreter = header != NULL ? image_string(image, header->p_offset) : NULL;
	if (interpreter == NULL)
		program->kind = PROGRAM_STATIC;
	else
		program->kind =
		    strstr(interpreter, "ld-musl") != NULL ? PROGRAM_MUSL : PROGRAM_GLIBC;
	if (interpreter != NULL && has_go_note(image, elf))
		program->kind = PROGRAM_GO;
	if ((image->mode & (S_ISUID | S_ISGID)) != 0 || image->has_capabilities)
		program->kind = PROGRAM_SETUID;
	read_dynamic(image, elf, program);
	return 0;
}

/* The interpreter that a script names, into PATH; false: it is no script. */
static bool
read_script(const struct image *image, char *path)
{
	size_t len, at = 2;

	if (image->size < 4 || memcmp(image->bytes, "#!", 2) != 0)
		return false;
	while (at < image->size && (image->bytes[at] == ' ' || image->bytes[at] == '\t'))
		at++;
	for (len = 0; at + len < image->size && len < PATH_MAX - 1; len++)
		if (strchr(" \t\n\r", image->bytes[at + len]) != NULL)
			break;
	memcpy(path, image->bytes + at, len);
	path[len] = '\0';
	return len > 0;
}

/* 0: a file that may be executed; a directory's "x" means something else. */
static int
check_file(const char *path)
{
	struct stat st;

	if (access(path, X_OK) != 0 || stat(path, &st) != 0)
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EACCES;
}

/* The file that execvp(3) would take. */
static int
find(const char *name, char *ret_path)
{
	const char *path = getenv("PATH"), *end;
	int err = -ENOENT, found;

	if (strchr(name, '/') != NULL) {
		if (strlen(name) >= PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(ret_path, name, strlen(name) + 1);
		return check_file(name);
	}
	for (path = path != NULL ? path : "/bin:/usr/bin"; path != NULL;
	     path = *end != '\0' ? end + 1 : NULL) {
		size_t len = strcspn(path, ":");

		end = path + len;
		if (len + strlen(name) + 2 > PATH_MAX)
			continue;
		memcpy(ret_path, len > 0 ? path : ".", len > 0 ? len : 1);
		len = len > 0 ? len : 1;
		ret_path[len] = '/';
		memcpy(ret_path + len + 1, name, strlen(name) + 1);
		found = check_file(ret_path);
		if (found == 0)
			return 0;
		if (found == -EACCES)
			err = -EACCES;
	}
	return err;
}

int
program_inspect(const char *name, struct program *ret_program)
{
	int err = find(name, ret_program->path);
	char next[PATH_MAX];

	ret_program->sanitizer[0] = '\0';
	if (err == 0)
		memcpy(next, ret_program->path, sizeof(next));
	for (int i = 0; err == 0 && i <= SCRIPTS_MAX; i++) {
		struct image image;

		err = image_open(next, &image);
		if (err < 0) {
			/* It may be executed, but not read: taken for what most programs are. */
			ret_program->kind = PROGRAM_GLIBC;
			return err == -EACCES ? 0 : err;
		}
		if (!read_script(&image, next)) {
			err = read_elf(&image, ret_program);
			image_close(&image);
			/* The kernel, or a shell, says what it makes of other files. */
			ret_program->kind = err == -ENOEXEC ? PROGRAM_GLIBC : ret_program->kind;
			return err == -ENOEXEC ? 0 : err;
		}
		image_close(&image);
	}
	return err < 0 ? err : -ELOOP;
}
