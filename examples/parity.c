/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parity.c: an ordinary program that uses /dev/dmoverio -- parity of several files, and a rebuild.
 *
 *   1. reads 2 to 16 files into memory, each padded with zeros to whole blocks;
 *   2. computes their XOR, block by block, and the CRC32C of each one, at the same time: two
 *      sessions, non-blocking, one poll(2).  XOR blocks do not depend on each other, so up to
 *      WINDOW of them are in flight.  A CRC is a chain: the result of one block is the immediate
 *      value of the next, so each file has one request in flight, and all files go in parallel;
 *   3. forgets the longest file, rebuilds it from the parity and the other files, and compares.
 *
 * Nothing here but libc and <dev/dmover/dmover_io.h>.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <dev/dmover/dmover_io.h>

#define BLOCK     ((size_t)128 << 10)
#define WINDOW    64u /* requests in flight on one session */
#define FILES_MAX 16u

/* What a block of a file that has ended reads as. */
static uint8_t zeros[BLOCK];

struct file {
	const char *name;
	uint8_t *data; /* nblocks whole blocks; zero after size */
	size_t size;
	size_t nblocks;
	struct iovec iov; /* of the CRC request in flight */
	dmio_buffer inbuf;
	size_t crc_done;
	uint32_t crc;  /* of the bytes before crc_done */
	bool crc_busy; /* a request for the next block is in flight */
};

/* One open of the device.  Embedded first in the structure that knows what to ask it for. */
struct session {
	char function[DMIO_MAX_FUNCNAME];
	int fd;
	struct dmio_usrreq queue[WINDOW]; /* made, not yet taken by the device */
	unsigned nqueued;
	unsigned outstanding; /* taken by the device, response not yet read */
	unsigned most;        /* the highest value that outstanding had */
	unsigned long nrequests;
	uint64_t bytes; /* of all inputs */
	struct timespec start;
	double seconds;
	bool has_failed;
	/* Makes the next request; false when none can be started now. */
	bool (*make)(struct session *ses, struct dmio_usrreq *ret_req);
	/* Takes the response of one that did not fail; false when none such is in flight. */
	bool (*take)(struct session *ses, const struct dmio_usrresp *resp);
};

struct crc_session {
	struct session ses;
	struct file *files;
	unsigned nfiles;
};

/* What one XOR request in flight points at. */
struct slot {
	bool busy;
	struct iovec out;
	struct iovec in[FILES_MAX];
	dmio_buffer inbuf[FILES_MAX];
};

struct xor_session {
	struct session ses;
	const struct file *inputs[FILES_MAX];
	unsigned ninputs;
	const struct file *out;
	size_t next; /* first block not yet asked for */
	struct slot slots[WINDOW];
};

/* What is computed in one go, and what the lines of the table are called. */
struct stage {
	const char *xor_label;
	const char *crc_label;
	const struct file *inputs[FILES_MAX];
	unsigned ninputs;
	const struct file *out;
	struct file *crc_files; /* out itself, once it is complete; or files that are */
	unsigned ncrc_files;
};

/* Prints what failed and why; always -1. */
static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "parity: %s: %s\n", what, why);
	return -1;
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Memory for NBLOCKS blocks, all zero; freed with free(3). */
static uint8_t *
blocks_alloc(size_t nblocks)
{
	return calloc(nblocks > 0 ? nblocks : 1, BLOCK);
}

static int
file_read(struct file *file, int fd)
{
	size_t done = 0;
	ssize_t n;

	while (done < file->size) {
		n = read(fd, file->data + done, file->size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(file->name, strerror(errno));
		if (n == 0)
			return fail(file->name, "became shorter while it was read");
		done += (size_t)n;
	}
	return 0;
}

static int
file_load(struct file *file, const char *name)
{
	struct stat st;
	uint8_t *data;
	int ret = -1;
	int fd;

	file->name = name;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(name, strerror(errno));
	if (fstat(fd, &st) < 0) {
		fail(name, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		fail(name, "is not a regular file");
		goto out;
	}
	file->size = (size_t)st.st_size;
	file->nblocks = (file->size + BLOCK - 1) / BLOCK;
	data = blocks_alloc(file->nblocks);
	file->data = data; /* free()d with the file */
	if (data == NULL) {
		fail(name, strerror(ENOMEM));
		goto out;
	}
	ret = file_read(file, fd);
out:
	close(fd);
	return ret;
}

static int
session_open(struct session *ses, const char *device)
{
	struct dmio_setfunc dsf = { 0 };

	ses->fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (ses->fd < 0) {
		fprintf(stderr, "parity: %s: %s (is dmoverd running?)\n", device, strerror(errno));
		return -1;
	}
	memcpy(dsf.dsf_name, ses->function, sizeof(dsf.dsf_name));
	if (ioctl(ses->fd, DMIO_SETFUNC, &dsf) < 0)
		return fail(ses->function, strerror(errno));
	return 0;
}

static void
session_close(struct session *ses)
{
	if (ses->fd >= 0)
		close(ses->fd);
	ses->fd = -1;
}

/* What failed is printed once for each session; no new request is started after it. */
static void
session_fail(struct session *ses, const char *why)
{
	if (!ses->has_failed)
		fail(ses->function, why);
	ses->has_failed = true;
}

/* Queues all that can be started now.  True while the session has anything to wait for. */
static bool
session_fill(struct session *ses)
{
	while (ses->nqueued + ses->outstanding < WINDOW) {
		if (!ses->make(ses, &ses->queue[ses->nqueued]))
			break;
		ses->nqueued++;
	}
	if (ses->nqueued + ses->outstanding > 0)
		return true;
	if (ses->seconds == 0)
		ses->seconds = seconds_since(&ses->start);
	return false;
}

/* Gives the device as many queued requests as it takes: it may take fewer than it is offered. */
static void
session_write(struct session *ses)
{
	ssize_t n = write(ses->fd, ses->queue, ses->nqueued * sizeof(ses->queue[0]));
	unsigned taken;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			session_fail(ses, strerror(errno));
		return;
	}
	taken = (unsigned)((size_t)n / sizeof(ses->queue[0]));
	ses->nqueued -= taken;
	memmove(ses->queue, ses->queue + taken, ses->nqueued * sizeof(ses->queue[0]));
	ses->outstanding += taken;
	ses->nrequests += taken;
	if (ses->outstanding > ses->most)
		ses->most = ses->outstanding;
}

/* Takes the responses that are there, in whatever order they came. */
static void
session_read(struct session *ses)
{
	struct dmio_usrresp resp[WINDOW];
	ssize_t n = read(ses->fd, resp, sizeof(resp));
	size_t i;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		session_fail(ses, strerror(errno));
		ses->outstanding = 0; /* no response will ever come */
		return;
	}
	for (i = 0; i < (size_t)n / sizeof(resp[0]); i++) {
		ses->outstanding--;
		if (resp[i].resp_error != 0)
			session_fail(ses, strerror(resp[i].resp_error));
		else if (!ses->take(ses, &resp[i]))
			session_fail(ses, "a response to no request came");
	}
}

static void
session_serve(struct session *ses, short revents)
{
	if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
		session_fail(ses, "the device is gone");
		ses->outstanding = 0;
		return;
	}
	if (revents & POLLIN)
		session_read(ses);
	if (revents & POLLOUT)
		session_write(ses);
}

/* What to wait for on behalf of the session; .fd is -1 when that is nothing. */
static struct pollfd
session_wants(struct session *ses, bool is_stopping)
{
	bool has_work;

	if (is_stopping)
		ses->nqueued = 0;
	has_work = is_stopping ? ses->outstanding > 0 : session_fill(ses);
	return (struct pollfd){
		.fd = has_work ? ses->fd : -1,
		.events =
		    (short)((ses->outstanding > 0 ? POLLIN : 0) | (ses->nqueued > 0 ? POLLOUT : 0)),
	};
}

/*
 * Serves one or two sessions until neither has anything left to do.  After a failure nothing new
 * is started, but what is in flight is waited for: until then the device writes into our memory.
 */
static int
run(struct session *const *sessions, unsigned n)
{
	struct pollfd pfds[2] = { { .fd = -1 }, { .fd = -1 } };
	bool is_stopping = false;
	unsigned i;

	for (i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &sessions[i]->start);
	for (;;) {
		for (i = 0; i < n; i++)
			is_stopping |= sessions[i]->has_failed;
		for (i = 0; i < n; i++)
			pfds[i] = session_wants(sessions[i], is_stopping);
		if (pfds[0].fd < 0 && pfds[1].fd < 0)
			return is_stopping ? -1 : 0;
		if (poll(pfds, n, /* timeout= */ -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail("poll", strerror(errno));
		}
		for (i = 0; i < n; i++)
			if (pfds[i].fd >= 0)
				session_serve(sessions[i], pfds[i].revents);
	}
}

/* The first file that has bytes left and none of them in flight, or NULL. */
static struct file *
crc_next(const struct crc_session *crc)
{
	struct file *file;

	for (file = crc->files; file < crc->files + crc->nfiles; file++)
		if (!file->crc_busy && file->crc_done < file->size)
			return file;
	return NULL;
}

/* The next block of that file.  req_id is the file's index. */
static bool
crc_make(struct session *ses, struct dmio_usrreq *ret_req)
{
	struct crc_session *crc = (struct crc_session *)ses;
	struct file *file = crc_next(crc);
	unsigned b;

	if (file == NULL)
		return false;
	file->crc_busy = true;
	file->iov.iov_base = file->data + file->crc_done;
	file->iov.iov_len = file->size - file->crc_done;
	if (file->iov.iov_len > BLOCK)
		file->iov.iov_len = BLOCK;
	file->inbuf = (dmio_buffer){ .dmbuf_iov = &file->iov, .dmbuf_iovcnt = 1 };
	*ret_req = (struct dmio_usrreq){ .req_inbuf = &file->inbuf,
		.req_id = (uint32_t)(file - crc->files) };
	for (b = 0; b < 4; b++)
		ret_req->req_immediate[b] = (uint8_t)(file->crc >> (8 * b));
	ses->bytes += file->iov.iov_len;
	return true;
}

static bool
crc_take(struct session *ses, const struct dmio_usrresp *resp)
{
	struct crc_session *crc = (struct crc_session *)ses;
	struct file *file = &crc->files[resp->resp_id];
	unsigned b;

	if (resp->resp_id >= crc->nfiles || !file->crc_busy)
		return false;
	file->crc = 0;
	for (b = 0; b < 4; b++)
		file->crc |= (uint32_t)resp->resp_immediate[b] << (8 * b);
	file->crc_done += file->iov.iov_len;
	file->crc_busy = false;
	return true;
}

/* The next block of the parity.  req_id is the slot's index. */
static bool
xor_make(struct session *ses, struct dmio_usrreq *ret_req)
{
	struct xor_session *xs = (struct xor_session *)ses;
	struct slot *slot = xs->slots;
	unsigned i;

	if (xs->next == xs->out->nblocks)
		return false;
	while (slot->busy) /* fewer than WINDOW are in flight */
		slot++;
	slot->busy = true;
	for (i = 0; i < xs->ninputs; i++) {
		const struct file *file = xs->inputs[i];
		bool is_past = xs->next >= file->nblocks;

		slot->in[i].iov_base = is_past ? zeros : file->data + xs->next * BLOCK;
		slot->in[i].iov_len = BLOCK;
		slot->inbuf[i] = (dmio_buffer){ .dmbuf_iov = &slot->in[i], .dmbuf_iovcnt = 1 };
	}
	slot->out.iov_base = xs->out->data + xs->next * BLOCK;
	slot->out.iov_len = BLOCK;
	*ret_req = (struct dmio_usrreq){
		.req_outbuf = { .dmbuf_iov = &slot->out, .dmbuf_iovcnt = 1 },
		.req_inbuf = slot->inbuf,
		.req_id = (uint32_t)(slot - xs->slots),
	};
	xs->next++;
	ses->bytes += xs->ninputs * BLOCK;
	return true;
}

static bool
xor_take(struct session *ses, const struct dmio_usrresp *resp)
{
	struct xor_session *xs = (struct xor_session *)ses;

	if (resp->resp_id >= WINDOW || !xs->slots[resp->resp_id].busy)
		return false;
	xs->slots[resp->resp_id].busy = false;
	return true;
}

static void
print_work(const char *what, const struct session *ses)
{
	double mbps = ses->seconds > 0 ? (double)ses->bytes / 1e6 / ses->seconds : 0;

	printf("%-16s %-14s %9lu %10u %14" PRIu64 " %9.3f %9.1f\n", what, ses->function,
	    ses->nrequests, ses->most, ses->bytes, ses->seconds, mbps);
}

/* Computes the XOR of the inputs into the output, and the CRCs: after it if they are its own. */
static int
stage_run(const struct stage *stage, const char *device)
{
	struct crc_session crc = {
		.ses = { .function = "iscsi-crc32c", .fd = -1, .make = crc_make, .take = crc_take },
		.files = stage->crc_files,
		.nfiles = stage->ncrc_files,
	};
	struct xor_session xs = {
		.ses = { .fd = -1, .make = xor_make, .take = xor_take },
		.ninputs = stage->ninputs,
		.out = stage->out,
	};
	struct session *both[] = { &xs.ses, &crc.ses };
	int ret = -1;

	memcpy(xs.inputs, stage->inputs, sizeof(xs.inputs));
	snprintf(xs.ses.function, sizeof(xs.ses.function), "xor%u", stage->ninputs);
	if (session_open(&xs.ses, device) == 0 && session_open(&crc.ses, device) == 0) {
		if (stage->crc_files != stage->out)
			ret = run(both, 2);
		else if (run(&both[0], 1) == 0)
			ret = run(&both[1], 1);
	}
	if (ret == 0) {
		print_work(stage->xor_label, &xs.ses);
		print_work(stage->crc_label, &crc.ses);
	}
	session_close(&crc.ses);
	session_close(&xs.ses);
	return ret;
}

static void
print_files(const struct file *files, unsigned nfiles)
{
	unsigned i;

	printf("\n%14s  %-8s  %s\n", "bytes", "crc32c", "file");
	for (i = 0; i < nfiles; i++)
		printf("%14zu  %08" PRIx32 "  %s\n", files[i].size, files[i].crc, files[i].name);
}

/* Prints how REBUILT compares with ORIGINAL; 0 when they are the same. */
static int
verdict(const struct file *original, const struct file *rebuilt, unsigned nothers)
{
	bool is_equal = memcmp(original->data, rebuilt->data, original->size) == 0;
	bool is_crc_equal = original->crc == rebuilt->crc;

	printf("\n%s, rebuilt from the parity and %u other file%s: content %s, crc32c %08" PRIx32
	       " %s\n",
	    original->name, nothers, nothers == 1 ? "" : "s", is_equal ? "equal" : "DIFFERS",
	    rebuilt->crc, is_crc_equal ? "equal" : "DIFFERS");
	printf("verdict: %s\n", is_equal && is_crc_equal ? "OK" : "FAILED");
	return is_equal && is_crc_equal ? 0 : -1;
}

/* Steps 2 and 3.  PARITY and REBUILT have room for the longest file, which is FILES[LOST]. */
static int
protect_and_rebuild(const char *device, struct file *files, unsigned nfiles, unsigned lost,
    struct file *parity, struct file *rebuilt)
{
	struct stage stage = {
		.xor_label = "parity",
		.crc_label = "checksums",
		.ninputs = nfiles,
		.out = parity,
		.crc_files = files,
		.ncrc_files = nfiles,
	};
	unsigned i;

	printf("%s: %u files in blocks of %zu bytes\n\n", device, nfiles, BLOCK);
	printf("%-16s %-14s %9s %10s %14s %9s %9s\n", "work", "function", "requests", "in flight",
	    "input bytes", "seconds", "MB/s");
	for (i = 0; i < nfiles; i++)
		stage.inputs[i] = &files[i];
	if (stage_run(&stage, device) < 0)
		return -1;
	stage.xor_label = "rebuild";
	stage.crc_label = "its checksum";
	stage.inputs[lost] = parity;
	stage.out = rebuilt;
	stage.crc_files = rebuilt;
	stage.ncrc_files = 1;
	if (stage_run(&stage, device) < 0)
		return -1;
	print_files(files, nfiles);
	return verdict(&files[lost], rebuilt, nfiles - 1);
}

/* Step 1, then the others.  FILES are empty at first, and freed by the caller. */
static int
load_and_go(const char *device, struct file *files, char *const *names, unsigned nfiles)
{
	struct file parity = { .name = "parity" };
	struct file rebuilt = { .name = "rebuilt" };
	unsigned lost = 0;
	unsigned i;
	int ret;

	for (i = 0; i < nfiles; i++) {
		if (file_load(&files[i], names[i]) < 0)
			return -1;
		if (files[i].size > files[lost].size)
			lost = i;
	}
	rebuilt.size = files[lost].size;
	rebuilt.nblocks = files[lost].nblocks;
	parity.nblocks = files[lost].nblocks;
	rebuilt.data = blocks_alloc(rebuilt.nblocks);
	parity.data = blocks_alloc(parity.nblocks);
	if (rebuilt.data == NULL || parity.data == NULL)
		ret = fail("parity", strerror(ENOMEM));
	else
		ret = protect_and_rebuild(device, files, nfiles, lost, &parity, &rebuilt);
	free(parity.data);
	free(rebuilt.data);
	return ret;
}

static void
usage(FILE *to)
{
	fputs("usage: parity [-d DEVICE] FILE FILE...\n"
	      "\n"
	      "Computes the XOR parity of 2 to 16 files and the CRC32C of each one through\n"
	      "/dev/dmoverio, then rebuilds the longest file from the parity and the others.\n"
	      "The files are read into memory and are never written.\n"
	      "\n"
	      "  -d, --device=DEVICE  instead of $DMOVERIO_PATH or /dev/dmoverio\n"
	      "  -h, --help           this text\n"
	      "\n"
	      "Exit status: 0 the rebuilt file is the same, 1 it is not or something failed,\n"
	      "2 bad command line.\n"
	      "\n"
	      "Example: parity /bin/sh /bin/ls /bin/cat\n",
	    to);
}

/* Sets *ret_device.  -1: go on with the operands at optind; else the exit status. */
static int
parse_options(int argc, char **argv, const char **ret_device)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*ret_device = getenv("DMOVERIO_PATH");
	if (*ret_device == NULL || **ret_device == '\0')
		*ret_device = "/dev/dmoverio";
	while ((c = getopt_long(argc, argv, "d:h", options, /* longindex= */ NULL)) != -1) {
		switch (c) {
		case 'd':
			*ret_device = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			fputs("parity: see 'parity --help'\n", stderr);
			return 2;
		}
	}
	if (argc - optind < 2 || argc - optind > (int)FILES_MAX) {
		fprintf(stderr,
		    "parity: %d files given, 2 to %u are needed (see 'parity --help')\n",
		    argc - optind, FILES_MAX);
		return 2;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct file files[FILES_MAX] = { { 0 } };
	const char *device;
	unsigned i;
	int ret;

	ret = parse_options(argc, argv, &device);
	if (ret >= 0)
		return ret;
	ret = load_and_go(device, files, argv + optind, (unsigned)(argc - optind));
	for (i = 0; i < FILES_MAX; i++)
		free(files[i].data);
	if (fflush(stdout) != 0) {
		fail("standard output", strerror(errno));
		ret = -1;
	}
	return ret == 0 ? 0 : 1;
}
