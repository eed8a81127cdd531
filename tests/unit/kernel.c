/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel.c: the kernel, and libfuse, that are not there. */
#include "kernel.h"

#include <string.h>
#include <unistd.h>

#include "unit.h"

static struct kernel_call *
call_of(fuse_req_t req)
{
	return (struct kernel_call *)req;
}

static int
answer(fuse_req_t req, enum answer_type type, size_t count, int error, const void *bytes)
{
	struct kernel_call *call = call_of(req);

	pthread_mutex_lock(&call->lock);
	if (call->type != ANSWER_NONE)
		call->was_wrong = true;
	call->type = type;
	call->count = count;
	call->error = error;
	if (bytes != NULL)
		memcpy(call->bytes, bytes, count < ANSWER_MAX ? count : ANSWER_MAX);
	pthread_mutex_unlock(&call->lock);
	sem_post(&call->answered);
	return 0;
}

int
fuse_reply_err(fuse_req_t req, int err)
{
	return answer(req, ANSWER_ERROR, 0, err, NULL);
}

int
fuse_reply_write(fuse_req_t req, size_t count)
{
	return answer(req, ANSWER_COUNT, count, 0, NULL);
}

int
fuse_reply_buf(fuse_req_t req, const char *buf, size_t size)
{
	return answer(req, ANSWER_BYTES, size, 0, buf);
}

int
fuse_reply_ioctl(fuse_req_t req, int result, const void *buf, size_t size)
{
	(void)buf, (void)size;
	return answer(req, ANSWER_IOCTL, (size_t)result, 0, NULL);
}

int
fuse_reply_poll(fuse_req_t req, unsigned revents)
{
	return answer(req, ANSWER_POLL, revents, 0, NULL);
}

const struct fuse_ctx *
fuse_req_ctx(fuse_req_t req)
{
	struct kernel_call *call = call_of(req);

	pthread_mutex_lock(&call->lock);
	if (call->type != ANSWER_NONE)
		call->was_wrong = true;
	pthread_mutex_unlock(&call->lock);
	return &call->ctx;
}

/* As libfuse does: at once when the signal was there before. */
void
fuse_req_interrupt_func(fuse_req_t req, fuse_interrupt_func_t func, void *data)
{
	struct kernel_call *call = call_of(req);
	bool is_interrupted;

	pthread_mutex_lock(&call->lock);
	if (call->type != ANSWER_NONE)
		call->was_wrong = true;
	call->func = func;
	call->data = data;
	is_interrupted = call->is_interrupted;
	pthread_mutex_unlock(&call->lock);
	if (is_interrupted)
		func(req, data);
}

int
fuse_lowlevel_notify_poll(struct fuse_pollhandle *ph)
{
	((struct kernel_handle *)ph)->notified++;
	return 0;
}

void
fuse_pollhandle_destroy(struct fuse_pollhandle *ph)
{
	((struct kernel_handle *)ph)->destroyed++;
}

void
kernel_interrupt(struct kernel_call *call)
{
	fuse_interrupt_func_t func = NULL;
	void *data;

	pthread_mutex_lock(&call->lock);
	call->is_interrupted = true;
	if (call->type == ANSWER_NONE)
		func = call->func;
	data = call->data;
	pthread_mutex_unlock(&call->lock);
	if (func != NULL)
		func((fuse_req_t)call, data);
}

ssize_t
kernel_answer(struct kernel_call *call)
{
	unit_take(&call->answered);
	/* Exactly one. */
	holds(!unit_try(&call->answered));
	holds(!call->was_wrong);
	return call->type == ANSWER_ERROR ? -call->error : (ssize_t)call->count;
}

bool
kernel_is_waiting(struct kernel_call *call)
{
	bool is_waiting;

	pthread_mutex_lock(&call->lock);
	is_waiting = call->type == ANSWER_NONE;
	pthread_mutex_unlock(&call->lock);
	return is_waiting;
}

void
kernel_call(struct kernel *kernel, struct kernel_call *call)
{
	memset(call, 0, sizeof(*call));
	call->call.device = &kernel->device;
	call->call.req = (fuse_req_t)call;
	call->call.session = kernel->session;
	call->ctx.uid = getuid();
	call->ctx.pid = gettid();
	sem_init(&call->answered, 0, 0);
	pthread_mutex_init(&call->lock, NULL);
}

void
kernel_options(struct dmover_core_options *options)
{
	dmover_core_defaults(options);
	options->workers = 2;
}

void
kernel_start(struct kernel *kernel, const struct dmover_core_options *options, const char *func)
{
	struct dmover_core_options defaults;
	struct kernel_call call;
	char why[200] = "";

	kernel_options(&defaults);
	ck_assert_msg(dmover_core_init(&kernel->core, options != NULL ? options : &defaults, why,
			  sizeof(why)) == 0,
	    "%s", why);
	dmio_device_init(&kernel->device, &kernel->core);
	kernel->device.ways = (struct dmio_ways){ .is_lent = true, .is_checked = true };
	kernel->session = NULL;
	kernel_call(kernel, &call);
	same_int(dmio_open(&kernel->device, (fuse_req_t)&call, &kernel->session), 0);
	if (func != NULL)
		same_int(kernel_setfunc(kernel, func), 0);
}

void
kernel_stop(struct kernel *kernel)
{
	dmio_close_all(&kernel->device);
	holds(dmover_core_stop(&kernel->core));
	dmio_end_all(&kernel->device);
	same_size(atomic_load(&kernel->core.accounts.bytes), 0);
	same_size(atomic_load(&kernel->core.accounts.sessions), 0);
	dmio_device_fini(&kernel->device);
	dmover_core_fini(&kernel->core);
}

int
kernel_setfunc(struct kernel *kernel, const char *name)
{
	struct dmio_setfunc setfunc = { "" };
	struct kernel_call call;

	strncpy(setfunc.dsf_name, name, sizeof(setfunc.dsf_name) - 1);
	kernel_call(kernel, &call);
	dmio_ioctl(&call.call, DMIO_SETFUNC, 0, &setfunc, sizeof(setfunc));
	return (int)kernel_answer(&call);
}

void
kernel_begin_read(struct kernel *kernel, struct kernel_call *call, unsigned n)
{
	kernel_call(kernel, call);
	dmio_read(&call->call, n * sizeof(struct dmio_usrresp));
}

void
kernel_begin_write(
    struct kernel *kernel, struct kernel_call *call, const struct dmio_usrreq *requests, unsigned n)
{
	kernel_call(kernel, call);
	dmio_write(&call->call, (const uint8_t *)requests, n * sizeof(*requests));
}

ssize_t
kernel_read(struct kernel *kernel, struct dmio_usrresp *responses, unsigned n, bool is_nonblocking)
{
	struct kernel_call call;
	ssize_t len;

	kernel_call(kernel, &call);
	call.call.is_nonblocking = is_nonblocking;
	dmio_read(&call.call, n * sizeof(*responses));
	len = kernel_answer(&call);
	if (len > 0)
		memcpy(responses, call.bytes, (size_t)len);
	return len;
}

ssize_t
kernel_write(
    struct kernel *kernel, const struct dmio_usrreq *requests, unsigned n, bool is_nonblocking)
{
	struct kernel_call call;

	kernel_call(kernel, &call);
	call.call.is_nonblocking = is_nonblocking;
	dmio_write(&call.call, (const uint8_t *)requests, n * sizeof(*requests));
	return kernel_answer(&call);
}

void
kernel_copy(struct kernel_copy *copy, uint32_t id, void *out, const void *in, size_t len)
{
	*copy = (struct kernel_copy){
		.request = { .req_id = id },
		.out = { out, len },
		.in = { (void *)(uintptr_t)in, len },
	};
	copy->input = (dmio_buffer){ &copy->in, 1 };
	copy->request.req_outbuf = (dmio_buffer){ &copy->out, 1 };
	copy->request.req_inbuf = &copy->input;
}
