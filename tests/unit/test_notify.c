/* SPDX-License-Identifier: BSD-2-Clause */
/* test_notify.c: what the service manager is told. */
#include "unit.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cuse/notify.h"

/* A socket of that name; '@' begins one in the abstract name space. */
static int
listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, path, strlen(path));
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
	    0);
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
	return fd;
}

/* STATE arrives at the socket, and nothing else. */
static void
check_told(int fd, const char *state)
{
	char text[64] = "";

	same_int(dmio_notify(state), 0);
	ck_assert_int_ge(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT), 0);
	same_text(text, state);
	same_int(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
}

START_TEST(a_socket_in_the_file_system_is_told)
{
	char dir[] = "/tmp/notify-XXXXXX", path[64];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	fd = listen_at(path);
	check_told(fd, "READY=1");
	check_told(fd, "STOPPING=1");
	close(fd);
	unlink(path);
	same_int(dmio_notify("READY=1"), -ENOENT);
	rmdir(dir);
}
END_TEST

START_TEST(a_socket_in_the_abstract_name_space_is_told)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "@dmoverio-unit-%d", (int)getpid());
	fd = listen_at(path);
	check_told(fd, "READY=1");
	close(fd);
	same_int(dmio_notify("READY=1"), -ECONNREFUSED);
}
END_TEST

START_TEST(without_a_manager_nothing_happens)
{
	unsetenv("NOTIFY_SOCKET");
	same_int(dmio_notify("READY=1"), 0);
}
END_TEST

START_TEST(names_that_are_no_sockets_are_refused)
{
	char path[200];

	setenv("NOTIFY_SOCKET", "relative", 1);
	same_int(dmio_notify("READY=1"), -EINVAL);
	setenv("NOTIFY_SOCKET", "", 1);
	same_int(dmio_notify("READY=1"), -EINVAL);
	memset(path, '/', sizeof(path));
	path[108] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	same_int(dmio_notify("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
}
END_TEST

TCase *
unit_notify(void)
{
	TCase *tc = unit_case("notify");

	tcase_add_test(tc, a_socket_in_the_file_system_is_told);
	tcase_add_test(tc, a_socket_in_the_abstract_name_space_is_told);
	tcase_add_test(tc, without_a_manager_nothing_happens);
	tcase_add_test(tc, names_that_are_no_sockets_are_refused);
	return tc;
}
