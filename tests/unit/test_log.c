/* SPDX-License-Identifier: BSD-2-Clause */
/* test_log.c: one line for each message, from the level that is set. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuse/log.h"

/* What comes out on standard error when all levels say something, and a long text follows. */
static void catch (enum dmio_log_level level, char *text, size_t size)
{
	int file = memfd_create("stderr", MFD_CLOEXEC), kept = dup(STDERR_FILENO);
	char longest[1000];
	ssize_t n;

	memset(longest, 'y', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
	dmio_log_level = level;
	dmio_log(DMIO_LOG_ERROR, "e%d", 1);
	dmio_log(DMIO_LOG_WARNING, "w%s", "x");
	dmio_log(DMIO_LOG_INFO, "i");
	dmio_log(DMIO_LOG_DEBUG, "%s", longest);
	dup2(kept, STDERR_FILENO);
	n = pread(file, text, size - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(file);
	close(kept);
	dmio_log_level = DMIO_LOG_WARNING;
}

START_TEST(messages_below_the_level_are_dropped)
{
	char text[2000];

	catch (DMIO_LOG_ERROR, text, sizeof(text));
	same_text(text, "dmoverd: e1\n");
	catch (DMIO_LOG_INFO, text, sizeof(text));
	same_text(text, "dmoverd: e1\ndmoverd: wx\ndmoverd: i\n");
}
END_TEST

START_TEST(a_line_is_cut_and_ends_all_the_same)
{
	char text[2000];
	size_t n;

	catch (DMIO_LOG_DEBUG, text, sizeof(text));
	n = strlen(text);
	holds(n > 500 && n < 600);
	same_int(text[n - 1], '\n');
	same_int(text[n - 2], 'y');
}
END_TEST

TCase *
unit_log(void)
{
	TCase *tc = unit_case("log");

	tcase_add_test(tc, messages_below_the_level_are_dropped);
	tcase_add_test(tc, a_line_is_cut_and_ends_all_the_same);
	return tc;
}
