/* SPDX-License-Identifier: BSD-2-Clause */
/* test_program.c: what kind of program a file is, however hostile the file. */
#include "unit.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tools/run/program.h"

/* The file ends with a page: what is read beyond is a fault. */
#define FILE_SIZE ((size_t)4096)
#define BASE      0x400000

/* A file with each of the parts that are looked at. */
struct sample {
	ElfW(Ehdr) elf;
	ElfW(Phdr) load, interp, dynamic, note;
	ElfW(Dyn) needed, table, end;
	char interpreter[64];
	char strings[128];
	ElfW(Nhdr) head;
	char owner[4], contents[8];
};

static struct sample
sample_of(const char *interpreter, const char *library)
{
	struct sample s = { .elf = { .e_phoff = offsetof(struct sample, load),
				.e_phnum = 4,
				.e_phentsize = sizeof(ElfW(Phdr)) } };
	ElfW(Ehdr) own;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(pread(fd, &own, sizeof(own), 0), sizeof(own));
	close(fd);
	memcpy(s.elf.e_ident, own.e_ident, sizeof(s.elf.e_ident));
	s.elf.e_machine = own.e_machine;
	s.load = (ElfW(Phdr)){ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(s) };
	s.interp = (ElfW(Phdr)){ .p_type = PT_INTERP,
		.p_offset = offsetof(struct sample, interpreter),
		.p_filesz = sizeof(s.interpreter) };
	s.dynamic = (ElfW(Phdr)){ .p_type = PT_DYNAMIC,
		.p_offset = offsetof(struct sample, needed),
		.p_filesz = 3 * sizeof(ElfW(Dyn)) };
	s.note = (ElfW(Phdr)){ .p_type = PT_NOTE,
		.p_offset = offsetof(struct sample, head),
		.p_filesz = sizeof(s.head) + sizeof(s.owner) + sizeof(s.contents) };
	s.needed = (ElfW(Dyn)){ .d_tag = DT_NEEDED, .d_un.d_val = 1 };
	s.table = (ElfW(Dyn)){ .d_tag = DT_STRTAB,
		.d_un.d_ptr = BASE + offsetof(struct sample, strings) };
	snprintf(s.interpreter, sizeof(s.interpreter), "%s", interpreter);
	snprintf(s.strings + 1, sizeof(s.strings) - 1, "%s", library);
	s.head = (ElfW(Nhdr)){ .n_namesz = sizeof(s.owner), .n_descsz = sizeof(s.contents) };
	memcpy(s.owner, "GNU", sizeof(s.owner));
	return s;
}

static struct sample
sample_usual(void)
{
	return sample_of("/lib64/ld-linux-x86-64.so.2", "libasan.so.8");
}

/* A file of no folder: its path is the descriptor's in /proc. */
struct file {
	int fd;
	char path[64];
};

static void
file_open(struct file *file)
{
	file->fd = memfd_create("program", 0);
	ck_assert_int_ge(file->fd, 0);
	ck_assert_int_eq(fchmod(file->fd, 0755), 0);
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

static void
file_write(const struct file *file, const void *bytes, size_t len, size_t size)
{
	ck_assert_int_eq(ftruncate(file->fd, 0), 0);
	ck_assert_int_eq(pwrite(file->fd, bytes, len, 0), (ssize_t)len);
	ck_assert_int_eq(ftruncate(file->fd, (off_t)size), 0);
}

/* What is made of a file of LEN bytes, and zeros up to SIZE. */
static int
inspect_file(const void *bytes, size_t len, size_t size, struct program *ret_program)
{
	struct file file;
	int err;

	file_open(&file);
	file_write(&file, bytes, len, size);
	err = program_inspect(file.path, ret_program);
	close(file.fd);
	return err;
}

static enum program_kind
kind_of(const struct sample *sample)
{
	struct program program;

	same_int(inspect_file(sample, sizeof(*sample), FILE_SIZE, &program), 0);
	return program.kind;
}

START_TEST(a_program_is_what_its_interpreter_and_its_notes_say)
{
	struct sample sample = sample_usual();

	same_int(kind_of(&sample), PROGRAM_GLIBC);
	memcpy(sample.owner, "Go\0", sizeof(sample.owner));
	same_int(kind_of(&sample), PROGRAM_GO);
	sample.interp.p_type = PT_NULL;
	same_int(kind_of(&sample), PROGRAM_STATIC);
	sample = sample_of("/lib/ld-musl-x86_64.so.1", "libc.so");
	same_int(kind_of(&sample), PROGRAM_MUSL);
	sample = sample_usual();
	sample.elf.e_machine = (ElfW(Half))(sample.elf.e_machine + 1);
	same_int(kind_of(&sample), PROGRAM_FOREIGN);
	sample = sample_usual();
	sample.elf.e_ident[EI_CLASS] = (unsigned char)(3 - sample.elf.e_ident[EI_CLASS]);
	same_int(kind_of(&sample), PROGRAM_FOREIGN);
	sample = sample_usual();
	sample.elf.e_ident[EI_MAG3] = 'f';
	same_int(kind_of(&sample), PROGRAM_GLIBC); /* for a shell to say what it is */
}
END_TEST

START_TEST(a_note_of_go_is_found_behind_others)
{
	struct sample sample = sample_usual();
	struct {
		ElfW(Nhdr) head;
		char owner[4];
	} go = { { .n_namesz = 4, .n_descsz = 0 }, "Go\0" };
	uint8_t bytes[FILE_SIZE] = { 0 };
	struct program program;

	/* The second one is the last thing in the file. */
	sample.note.p_offset = FILE_SIZE - sizeof(go) - sample.note.p_filesz;
	memcpy(bytes + sample.note.p_offset, &sample.head, sample.note.p_filesz);
	memcpy(bytes + FILE_SIZE - sizeof(go), &go, sizeof(go));
	sample.note.p_filesz += sizeof(go);
	memcpy(bytes, &sample, sizeof(sample));
	same_int(inspect_file(bytes, FILE_SIZE, FILE_SIZE, &program), 0);
	same_int(program.kind, PROGRAM_GO);
	/* Padding that is not there. */
	go.head.n_descsz = 1;
	memcpy(bytes + FILE_SIZE - sizeof(go), &go, sizeof(go));
	same_int(inspect_file(bytes, FILE_SIZE, FILE_SIZE, &program), 0);
	same_int(program.kind, PROGRAM_GLIBC);
}
END_TEST

START_TEST(a_program_that_gains_privileges_is_told_apart)
{
	static const mode_t modes[] = { 04755, 02755 };
	const struct vfs_cap_data caps = { .magic_etc = htole32(VFS_CAP_REVISION_2) };
	struct sample sample = sample_usual();
	struct program program;
	struct file file;

	file_open(&file);
	file_write(&file, &sample, sizeof(sample), FILE_SIZE);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(fchmod(file.fd, modes[i]), 0);
		same_int(program_inspect(file.path, &program), 0);
		same_int(program.kind, PROGRAM_SETUID);
	}
	ck_assert_int_eq(fchmod(file.fd, 0755), 0);
	/* Who may not give capabilities, or has no place for them, cannot test this. */
	if (fsetxattr(file.fd, "security.capability", &caps, sizeof(caps), 0) == 0) {
		same_int(program_inspect(file.path, &program), 0);
		same_int(program.kind, PROGRAM_SETUID);
	}
	close(file.fd);
}
END_TEST

START_TEST(a_sanitizer_is_named_when_it_must_come_first)
{
	/* There is room for 63. */
	static const char longest[] =
	    "libasan.so.1234567890123456789012345678901234567890123456789012";
	static const char too_long[] =
	    "libasan.so.12345678901234567890123456789012345678901234567890123";
	const char *const rows[][2] = {
		{ "libasan.so.8", "libasan.so.8" },
		{ "libtsan.so.2", "libtsan.so.2" },
		{ "libubsan.so.1", "" },
		{ "libc.so.6", "" },
		{ "", "" },
		{ longest, longest },
		{ too_long, "" },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sample sample = sample_of("/lib/ld.so", rows[i][0]);
		struct program program;

		same_int(inspect_file(&sample, sizeof(sample), FILE_SIZE, &program), 0);
		same_text(program.sanitizer, rows[i][1]);
	}
}
END_TEST

#define FIELD(member) offsetof(struct sample, member), sizeof(((struct sample *)NULL)->member)

/* One field of the usual file says something else; what is made of it then. */
static const struct {
	size_t offset, size;
	uint64_t value;
	enum program_kind kind;
	bool has_sanitizer;
} spoilt[] = {
	{ FIELD(elf.e_phoff), UINT64_MAX, PROGRAM_STATIC, false },
	{ FIELD(elf.e_phoff), UINT64_MAX - sizeof(ElfW(Phdr)) + 1, PROGRAM_STATIC, false },
	{ FIELD(elf.e_phoff), FILE_SIZE - sizeof(ElfW(Phdr)) + 1, PROGRAM_STATIC, false },
	{ FIELD(elf.e_phoff), sizeof(ElfW(Ehdr)) + 1, PROGRAM_STATIC, false },
	{ FIELD(elf.e_phnum), 0, PROGRAM_STATIC, false },
	{ FIELD(elf.e_phnum), UINT16_MAX, PROGRAM_GLIBC, true },
	{ FIELD(elf.e_phentsize), 1, PROGRAM_STATIC, false },
	{ FIELD(interp.p_offset), UINT64_MAX, PROGRAM_STATIC, true },
	{ FIELD(dynamic.p_offset), UINT64_MAX, PROGRAM_GLIBC, false },
	{ FIELD(dynamic.p_offset), offsetof(struct sample, needed) + 1, PROGRAM_GLIBC, false },
	{ FIELD(dynamic.p_filesz), UINT64_MAX, PROGRAM_GLIBC, false },
	{ FIELD(dynamic.p_filesz), sizeof(ElfW(Dyn)) - 1, PROGRAM_GLIBC, false },
	{ FIELD(end.d_tag), DT_NEEDED, PROGRAM_GLIBC, true },
	{ FIELD(table.d_un.d_ptr), UINT64_MAX, PROGRAM_GLIBC, false },
	{ FIELD(needed.d_un.d_val), FILE_SIZE - offsetof(struct sample, strings), PROGRAM_GLIBC,
	    false },
	{ FIELD(load.p_vaddr), UINT64_MAX, PROGRAM_GLIBC, false },
	{ FIELD(load.p_offset), UINT64_MAX, PROGRAM_GLIBC, false },
	{ FIELD(load.p_filesz), UINT64_MAX, PROGRAM_GLIBC, true },
	{ FIELD(note.p_offset), UINT64_MAX, PROGRAM_GLIBC, true },
	{ FIELD(note.p_filesz), UINT64_MAX, PROGRAM_GLIBC, true },
	{ FIELD(note.p_filesz), FILE_SIZE - offsetof(struct sample, head), PROGRAM_GLIBC, true },
	{ FIELD(note.p_filesz), sizeof(ElfW(Nhdr)) - 1, PROGRAM_GLIBC, true },
	{ FIELD(head.n_namesz), UINT32_MAX, PROGRAM_GLIBC, true },
	{ FIELD(head.n_descsz), UINT32_MAX, PROGRAM_GLIBC, true },
};

START_TEST(a_field_that_lies_leads_nowhere)
{
	struct sample sample = sample_usual();
	uint8_t *at = (uint8_t *)&sample + spoilt[_i].offset;
	struct program program;

	if (spoilt[_i].size == sizeof(uint64_t))
		memcpy(at, &spoilt[_i].value, sizeof(uint64_t));
	else if (spoilt[_i].size == sizeof(uint32_t))
		memcpy(at, &(uint32_t){ (uint32_t)spoilt[_i].value }, sizeof(uint32_t));
	else
		memcpy(at, &(uint16_t){ (uint16_t)spoilt[_i].value }, sizeof(uint16_t));
	same_int(inspect_file(&sample, sizeof(sample), FILE_SIZE, &program), 0);
	same_int(program.kind, spoilt[_i].kind);
	same_text(program.sanitizer, spoilt[_i].has_sanitizer ? "libasan.so.8" : "");
}
END_TEST

START_TEST(a_string_that_does_not_end_in_the_file_is_none)
{
	struct sample sample = sample_usual();
	uint8_t bytes[FILE_SIZE] = { 0 };
	struct program program;

	sample.interp.p_offset = FILE_SIZE - 4;
	sample.load.p_filesz = FILE_SIZE;
	sample.needed.d_un.d_val = FILE_SIZE - 10 - offsetof(struct sample, strings);
	memcpy(bytes, &sample, sizeof(sample));
	memcpy(bytes + FILE_SIZE - 10, "libasan.so", 10);
	same_int(inspect_file(bytes, FILE_SIZE, FILE_SIZE, &program), 0);
	same_int(program.kind, PROGRAM_STATIC);
	bytes[FILE_SIZE - 1] = '\0';
	same_int(inspect_file(bytes, FILE_SIZE, FILE_SIZE, &program), 0);
	same_int(program.kind, PROGRAM_GLIBC);
	same_text(program.sanitizer, "");
}
END_TEST

START_TEST(a_file_may_be_cut_anywhere)
{
	struct sample sample = sample_usual();
	struct program program;
	struct file file;

	file_open(&file);
	for (size_t len = 1; len < sizeof(sample); len++) {
		file_write(&file, &sample, len, len);
		same_int(program_inspect(file.path, &program), 0);
		if (len >= sizeof(sample.elf))
			same_int(program.kind,
			    len > sample.interp.p_offset + 27 ? PROGRAM_GLIBC : PROGRAM_STATIC);
		else
			same_int(program.kind, PROGRAM_GLIBC);
	}
	close(file.fd);
}
END_TEST

/* No more is known of these than that they harm nobody. */
START_TEST(random_bytes_are_some_program)
{
	struct sample usual = sample_usual();
	struct program program;
	struct file file;
	uint32_t seed = 5;

	file_open(&file);
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t bytes[sizeof(usual)];
		unsigned n = 1 + unit_random(&seed, 12);

		memcpy(bytes, &usual, sizeof(bytes));
		for (unsigned i = 0; i < n; i++)
			bytes[sizeof(usual.elf.e_ident) +
			      unit_random(&seed, sizeof(bytes) - sizeof(usual.elf.e_ident))] =
			    (uint8_t)(unit_random(&seed, 4) == 0 ? 0xff : unit_random(&seed, 256));
		file_write(&file, bytes, sizeof(bytes), round % 2 == 0 ? FILE_SIZE : sizeof(bytes));
		same_int(program_inspect(file.path, &program), 0);
		holds(program.kind <= PROGRAM_SETUID);
		holds(memchr(program.sanitizer, '\0', sizeof(program.sanitizer)) != NULL);
	}
	close(file.fd);
}
END_TEST

/* FILES[0] names FILES[1] between two texts, and so on; the last is a program. */
static int
inspect_chain(unsigned scripts, const char *before, const char *after, struct program *ret_program)
{
	struct sample sample = sample_of("/lib/ld-musl", "");
	struct file files[8];
	char text[128];
	int err;

	for (unsigned i = 0; i <= scripts; i++)
		file_open(&files[i]);
	for (unsigned i = 0; i < scripts; i++) {
		size_t n = (size_t)snprintf(
		    text, sizeof(text), "%s%s%s", before, files[i + 1].path, after);

		file_write(&files[i], text, n, n);
	}
	file_write(&files[scripts], &sample, sizeof(sample), FILE_SIZE);
	err = program_inspect(files[0].path, ret_program);
	for (unsigned i = 0; i <= scripts; i++)
		close(files[i].fd);
	return err;
}

START_TEST(the_interpreter_of_a_script_is_what_counts)
{
	static const char *const rows[][2] = { { "#!", "\n" }, { "#! \t ", "\n" },
		{ "#!", " -option\nmore" }, { "#!", "" } };
	struct program program;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		same_int(inspect_chain(1, rows[i][0], rows[i][1], &program), 0);
		same_int(program.kind, PROGRAM_MUSL);
	}
	same_int(inspect_chain(5, "#!", "\n", &program), 0);
	same_int(program.kind, PROGRAM_MUSL);
	same_int(inspect_chain(6, "#!", "\n", &program), -ELOOP);
}
END_TEST

START_TEST(a_script_without_an_interpreter_is_for_others_to_judge)
{
	static const char *const texts[] = { "#", "#!", "#!\n", "#!  \n", "#!\n/bin/sh", "true\n" };
	struct program program;
	char text[PATH_MAX + 100];

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		same_int(inspect_file(texts[i], strlen(texts[i]), strlen(texts[i]), &program), 0);
		same_int(program.kind, PROGRAM_GLIBC);
	}
	same_int(inspect_file("#!/nowhere/at/all\n", 18, 18, &program), -ENOENT);
	/* Longer than a path can be. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	holds(inspect_file(text, sizeof(text), sizeof(text), &program) < 0);
}
END_TEST

/* A file that may be executed, and not read. */
START_TEST(a_file_that_nobody_may_read_is_taken_for_a_usual_one)
{
	struct sample sample = sample_of("/lib/ld-musl", "");
	struct program program;
	struct file file;
	int err;

	file_open(&file);
	file_write(&file, &sample, sizeof(sample), FILE_SIZE);
	ck_assert_int_eq(fchmod(file.fd, 0111), 0);
	unit_drop_privileges();
	prctl(PR_SET_DUMPABLE, 1); /* else our own descriptors are not ours to follow */
	err = program_inspect(file.path, &program);
	unit_regain_privileges();
	close(file.fd);
	same_int(err, 0);
	same_int(program.kind, PROGRAM_GLIBC);
}
END_TEST

TCase *
unit_program(void)
{
	TCase *tc = unit_case("program");

	tcase_add_test(tc, a_program_is_what_its_interpreter_and_its_notes_say);
	tcase_add_test(tc, a_note_of_go_is_found_behind_others);
	tcase_add_test(tc, a_program_that_gains_privileges_is_told_apart);
	tcase_add_test(tc, a_sanitizer_is_named_when_it_must_come_first);
	tcase_add_loop_test(
	    tc, a_field_that_lies_leads_nowhere, 0, sizeof(spoilt) / sizeof(spoilt[0]));
	tcase_add_test(tc, a_string_that_does_not_end_in_the_file_is_none);
	tcase_add_test(tc, a_file_may_be_cut_anywhere);
	tcase_add_test(tc, random_bytes_are_some_program);
	tcase_add_test(tc, the_interpreter_of_a_script_is_what_counts);
	tcase_add_test(tc, a_script_without_an_interpreter_is_for_others_to_judge);
	tcase_add_test(tc, a_file_that_nobody_may_read_is_taken_for_a_usual_one);
	return tc;
}
