/* SPDX-License-Identifier: BSD-2-Clause */
/* test_handle.c: an address space by its open "mem" and "maps". */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "child.h"
#include "cuse/handle.h"

static ssize_t
access_one(const struct dmio_handle *handle, bool is_write, void *buf, void *at, size_t len)
{
	struct iovec local = { buf, len }, remote = { at, len };
	struct dmio_access access = { is_write, &local, 1, &remote, 1 };

	return dmio_handle_access(handle, &access);
}

START_TEST(what_is_allowed_ends_with_the_mapping)
{
	struct dmio_handle handle;
	struct child child;
	uintptr_t at;

	child_start(&child);
	at = (uintptr_t)child.memory;
	same_int(dmio_handle_open(child.pid, &handle), 0);
	same_int(dmio_handle_allowed(&handle, true, at + 1, 10), 10);
	same_int(dmio_handle_allowed(&handle, true, at, NPAGES * CHILD_PAGE), 2 * CHILD_PAGE);
	at += PAGE_READ * CHILD_PAGE;
	same_int(dmio_handle_allowed(&handle, true, at, 10), -EFAULT);
	same_int(dmio_handle_allowed(&handle, false, at, 2 * CHILD_PAGE), CHILD_PAGE);
	at += CHILD_PAGE;
	same_int(dmio_handle_allowed(&handle, false, at, 10), -EFAULT);
	child_exit(&child);
	same_int(dmio_handle_allowed(&handle, false, at, 10), -ESRCH);
	dmio_handle_close(&handle);
}
END_TEST

struct opener {
	struct dmio_handle handle;
	int err;
};

static void *
open_own(void *arg)
{
	struct opener *opener = arg;

	opener->err = dmio_handle_open(gettid(), &opener->handle);
	return NULL;
}

START_TEST(the_handle_outlives_the_thread_it_was_made_of)
{
	struct opener opener;
	char byte = 'a', copy = 'b';
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, open_own, &opener), 0);
	pthread_join(thread, NULL);
	same_int(opener.err, 0);
	same_int(access_one(&opener.handle, false, &copy, &byte, 1), 1);
	same_int(copy, 'a');
	copy = 'c';
	same_int(access_one(&opener.handle, true, &copy, &byte, 1), 1);
	same_int(byte, 'c');
	dmio_handle_close(&opener.handle);
}
END_TEST

TCase *
unit_handle(void)
{
	TCase *tc = unit_case("handle");

	tcase_add_test(tc, what_is_allowed_ends_with_the_mapping);
	tcase_add_test(tc, the_handle_outlives_the_thread_it_was_made_of);
	return tc;
}
