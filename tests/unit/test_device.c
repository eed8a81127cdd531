/* SPDX-License-Identifier: BSD-2-Clause */
/* test_device.c: open, ioctl, read, poll and stop, as the front ends call them. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define RESPONSE ((ssize_t)sizeof(struct dmio_usrresp))

START_TEST(a_function_is_selected_by_ioctl)
{
	struct dmio_setfunc setfunc;
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, NULL);
	kernel_call(&kernel, &call);
	dmio_ioctl(&call.call, DMIO_SETFUNC + 1, 0, &setfunc, sizeof(setfunc));
	same_int(kernel_answer(&call), -ENOTTY);
	kernel_call(&kernel, &call);
	dmio_ioctl(&call.call, DMIO_SETFUNC, 0, &setfunc, sizeof(setfunc) - 1);
	same_int(kernel_answer(&call), -ENOTTY);
	/* A name without an end is ended. */
	memset(&setfunc, 'x', sizeof(setfunc));
	kernel_call(&kernel, &call);
	dmio_ioctl(&call.call, DMIO_SETFUNC, 0, &setfunc, sizeof(setfunc));
	same_int(kernel_answer(&call), -ESRCH);
	same_int(kernel_setfunc(&kernel, "copy"), 0);
	same_int(kernel_setfunc(&kernel, "copy"), -EBUSY);
	holds(!kernel.session->ses_is_32bit);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_32_bit_caller_is_known_by_its_ioctl)
{
	struct dmio_setfunc setfunc = { "zero" };
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, NULL);
	kernel_call(&kernel, &call);
	dmio_ioctl(&call.call, DMIO_SETFUNC, FUSE_IOCTL_COMPAT, &setfunc, sizeof(setfunc));
	same_int(kernel_answer(&call), 0);
	holds(kernel.session->ses_is_32bit);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(reads_are_checked_before_anything_else)
{
	struct dmio_usrresp response;
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, NULL);
	same_int(kernel_read(&kernel, &response, 1, false), -ENXIO);
	kernel_call(&kernel, &call);
	dmio_read(&call.call, 7);
	same_int(kernel_answer(&call), -EINVAL);
	same_int(kernel_setfunc(&kernel, "copy"), 0);
	same_int(kernel_read(&kernel, &response, 1, true), -EAGAIN);
	/* The rest of a read that was cut takes what is there, and no whole records are left. */
	kernel_call(&kernel, &call);
	call.call.is_continued = true;
	dmio_read(&call.call, 7);
	same_int(kernel_answer(&call), 0);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_blocked_reader_is_answered_when_all_is_there)
{
	uint8_t in[10] = { 1, 2, 3 }, out[10] = { 0 };
	struct kernel_copy copy;
	struct kernel_call call;
	struct dmio_usrresp response;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_begin_read(&kernel, &call, 4);
	holds(kernel_is_waiting(&call));
	kernel_copy(&copy, 77, out, in, sizeof(in));
	same_int(kernel_write(&kernel, &copy.request, 1, false), sizeof(copy.request));
	same_int(kernel_answer(&call), RESPONSE);
	memcpy(&response, call.bytes, sizeof(response));
	same_size(response.resp_id, 77);
	same_int(response.resp_error, 0);
	same_bytes(in, out, sizeof(in));
	kernel_stop(&kernel);
}
END_TEST

START_TEST(a_reader_takes_what_is_there)
{
	uint8_t in[8] = { 1 }, out[8];
	struct dmio_usrresp responses[4];
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	for (int i = 0; i < 3; i++)
		same_int(kernel_write(&kernel, &copy.request, 1, false), sizeof(copy.request));
	same_int(kernel_read(&kernel, responses, 1, false), RESPONSE);
	same_int(kernel_read(&kernel, responses, 4, true), 2 * RESPONSE);
	same_int(kernel_write(&kernel, &copy.request, 1, false), sizeof(copy.request));
	same_int(kernel_read(&kernel, responses, 4, false), RESPONSE);
	kernel_stop(&kernel);
}
END_TEST

START_TEST(pollers_are_told_once)
{
	static struct kernel_handle handles[3];
	uint8_t in[8] = { 1 }, out[8];
	struct kernel_copy copy;
	struct kernel_call call;
	struct kernel kernel;

	kernel_start(&kernel, NULL, "copy");
	for (int i = 0; i < 2; i++) {
		kernel_call(&kernel, &call);
		dmio_poll(&call.call, (struct fuse_pollhandle *)&handles[i]);
		same_int(kernel_answer(&call), POLLOUT | POLLWRNORM);
	}
	same_size(handles[0].destroyed, 1);
	kernel_copy(&copy, 1, out, in, sizeof(in));
	same_int(kernel_write(&kernel, &copy.request, 1, false), sizeof(copy.request));
	same_size(handles[0].notified, 0);
	same_size(handles[1].notified, 1);
	same_size(handles[1].destroyed, 1);
	kernel_call(&kernel, &call);
	dmio_poll(&call.call, NULL);
	same_int(kernel_answer(&call), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	kernel_call(&kernel, &call);
	dmio_poll(&call.call, (struct fuse_pollhandle *)&handles[2]);
	kernel_answer(&call);
	kernel_stop(&kernel);
	same_size(handles[2].destroyed, 1);
	same_size(handles[2].notified, 0);
}
END_TEST

START_TEST(opens_are_limited)
{
	struct dmover_session *sessions[2];
	struct dmover_core_options options;
	struct kernel_call call;
	struct kernel kernel;

	kernel_options(&options);
	options.max_sessions = 3;
	options.max_sessions_per_uid = 2;
	kernel_start(&kernel, &options, NULL);
	kernel_call(&kernel, &call);
	same_int(dmio_open(&kernel.device, (fuse_req_t)&call, &sessions[0]), 0);
	same_int(dmio_open(&kernel.device, (fuse_req_t)&call, &sessions[1]), -EMFILE);
	call.ctx.uid++;
	same_int(dmio_open(&kernel.device, (fuse_req_t)&call, &sessions[1]), 0);
	call.ctx.uid++;
	same_int(dmio_open(&kernel.device, (fuse_req_t)&call, &kernel.session), -ENFILE);
	dmio_release(&kernel.device, sessions[0]);
	same_int(dmio_open(&kernel.device, (fuse_req_t)&call, &sessions[0]), 0);
	kernel_stop(&kernel); /* releases what is open still */
}
END_TEST

START_TEST(at_the_stop_every_parked_call_is_answered)
{
	uint8_t in[8] = { 1 }, out[8];
	struct dmover_core_options options;
	struct kernel_call reader, writer;
	struct dmio_usrreq three[3];
	struct kernel_copy copy;
	struct kernel kernel;

	kernel_options(&options);
	options.queue_depth = 2;
	kernel_start(&kernel, &options, "copy");
	kernel_copy(&copy, 1, out, in, sizeof(in));
	three[0] = three[1] = three[2] = copy.request;
	/* Two fill the queue: the third one waits. */
	kernel_begin_write(&kernel, &writer, three, 3);
	holds(kernel_is_waiting(&writer));
	kernel_stop(&kernel);
	same_int(kernel_answer(&writer), 2 * sizeof(copy.request));

	kernel_start(&kernel, &options, "copy");
	kernel_begin_read(&kernel, &reader, 1);
	holds(kernel_is_waiting(&reader));
	kernel_stop(&kernel);
	same_int(kernel_answer(&reader), -ENODEV);
}
END_TEST

TCase *
unit_device(void)
{
	TCase *tc = unit_case("device");

	tcase_add_test(tc, a_function_is_selected_by_ioctl);
	tcase_add_test(tc, a_32_bit_caller_is_known_by_its_ioctl);
	tcase_add_test(tc, reads_are_checked_before_anything_else);
	tcase_add_test(tc, a_blocked_reader_is_answered_when_all_is_there);
	tcase_add_test(tc, a_reader_takes_what_is_there);
	tcase_add_test(tc, pollers_are_told_once);
	tcase_add_test(tc, opens_are_limited);
	tcase_add_test(tc, at_the_stop_every_parked_call_is_answered);
	return tc;
}
