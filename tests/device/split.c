/* SPDX-License-Identifier: BSD-2-Clause */
/* split.c: buffers cut into vectors differently on each side. */
#include <sys/mman.h>

#include "memory.h"
#include "oracle.h"
#include "session.h"

/* A buffer of a request, scattered over an arena in N pieces in an order of their own. */
struct pieces {
	struct iovec iov[VECTORS_MAX];
	unsigned n;
	uint8_t *arena;
	size_t arena_len;
};

enum cut { CUT_ONE, CUT_EVEN, CUT_RANDOM, CUT_EMPTIES, CUT_FIRST_LONG, CUT_LAST_LONG, CUT_KINDS };

/* The length of piece I of N, of REST bytes that are left. */
static size_t
cut_length(enum cut cut, unsigned i, unsigned n, size_t rest)
{
	unsigned left = n - i;

	if (left == 1)
		return rest;
	switch (cut) {
	case CUT_EVEN:
		return rest / left;
	case CUT_RANDOM:
		return rest == 0 ? 0 : suite_random() % (2 * (rest / left) + 2) % (rest + 1);
	case CUT_EMPTIES:
		return i % 2 == 0 ? 0 : rest / (left / 2 + 1);
	case CUT_FIRST_LONG:
		return i == 0 && rest > n ? rest - n : (rest > 0 ? 1 : 0);
	case CUT_LAST_LONG:
		return rest > left ? 1 : 0;
	default:
		return 0;
	}
}

/* Cuts LEN bytes into N pieces with gaps of 1 to 40 bytes between them, odd pieces from the far end. */
static void
pieces_init(struct pieces *pieces, enum cut cut, unsigned n, size_t len)
{
	uint8_t *low, *high;
	size_t rest = len;

	pieces->n = cut == CUT_ONE ? 1 : n;
	pieces->arena_len = len + (size_t)(pieces->n + 2) * 40;
	pieces->arena = memory_map(pieces->arena_len);
	memset(pieces->arena, 0x5a, pieces->arena_len);
	low = pieces->arena;
	high = pieces->arena + pieces->arena_len;
	for (unsigned i = 0; i < pieces->n; i++) {
		size_t piece = cut_length(cut, i, pieces->n, rest), gap = 1 + suite_random() % 40;
		uint8_t *base;

		if (i % 2 == 0) {
			base = low + gap;
			low = base + piece;
		} else {
			base = high - gap - piece;
			high = base;
		}
		pieces->iov[i] = (struct iovec){ .iov_base = base, .iov_len = piece };
		rest -= piece;
	}
}

static void
pieces_fini(struct pieces *pieces)
{
	memory_unmap(pieces->arena, pieces->arena_len);
}

/* The pieces' bytes to BYTES, or back. */
static void
pieces_move(const struct pieces *pieces, uint8_t *bytes, bool gather)
{
	for (unsigned i = 0; i < pieces->n; i++) {
		if (gather)
			memcpy(bytes, pieces->iov[i].iov_base, pieces->iov[i].iov_len);
		else
			memcpy(pieces->iov[i].iov_base, bytes, pieces->iov[i].iov_len);
		bytes += pieces->iov[i].iov_len;
	}
}

/* One function, one length, one way to cut each buffer. */
struct scatter {
	const struct oracle_function *function;
	size_t len;
	struct pieces in[INPUTS_MAX], out;
	uint8_t *bytes[INPUTS_MAX];
	struct oracle_work work;
};

static void
scatter_init(struct scatter *scatter, unsigned seed)
{
	static const unsigned counts[] = { 1, 2, 3, 7, 64, 255, 1023, 1024 };
	size_t len = scatter->len;

	for (unsigned i = 0; i <= scatter->function->inputs; i++) {
		bool is_out = i == scatter->function->inputs;
		struct pieces *pieces = is_out ? &scatter->out : &scatter->in[i];

		pieces_init(pieces, (enum cut)((seed + i * 5) % CUT_KINDS),
		    counts[(seed / 2 + i * 3) % 8], len);
		if (is_out)
			break;
		scatter->bytes[i] = malloc(len + 1);
		memory_fill(scatter->bytes[i], len, seed * 31 + i);
		pieces_move(pieces, scatter->bytes[i], false);
		scatter->work.in[i] = scatter->bytes[i];
	}
	memset(scatter->work.immediate, (int)(seed | 0x40), 8);
	scatter->work.out = malloc(len + 1);
	scatter->work.len = len;
	oracle_run(scatter->function, &scatter->work);
}

static void
scatter_fini(struct scatter *scatter)
{
	for (unsigned i = 0; i < scatter->function->inputs; i++) {
		pieces_fini(&scatter->in[i]);
		free(scatter->bytes[i]);
	}
	pieces_fini(&scatter->out);
	free(scatter->work.out);
}

/* The output's arena must hold the oracle's bytes in the pieces and 5a everywhere else. */
static void
scatter_check(struct scatter *scatter, const struct dmio_usrresp *response)
{
	uint8_t *expected = malloc(scatter->out.arena_len), *arena = scatter->out.arena;
	ptrdiff_t shift = expected - arena;

	ck_assert_msg(response->resp_error == 0, "%s of %zu bytes: %s", scatter->function->name,
	    scatter->len, strerror(response->resp_error));
	EXPECT_BYTES(response->resp_immediate, scatter->work.result, 8);
	memset(expected, 0x5a, scatter->out.arena_len);
	if (scatter->function->has_output) {
		uint8_t *bytes = scatter->work.out;

		for (unsigned i = 0; i < scatter->out.n; i++) {
			memcpy((uint8_t *)scatter->out.iov[i].iov_base + shift, bytes,
			    scatter->out.iov[i].iov_len);
			bytes += scatter->out.iov[i].iov_len;
		}
	}
	EXPECT_BYTES(arena, expected, scatter->out.arena_len);
	/* Inputs are only read. */
	for (unsigned i = 0; i < scatter->function->inputs; i++) {
		uint8_t *now = malloc(scatter->len + 1);

		pieces_move(&scatter->in[i], now, true);
		EXPECT_BYTES(now, scatter->bytes[i], scatter->len);
		free(now);
	}
	free(expected);
}

static void
scatter_run(int fd, struct scatter *scatter, unsigned seed)
{
	struct dmio_usrresp response;
	struct dmio_usrreq wire = { .req_id = seed };
	dmio_buffer in[INPUTS_MAX];

	scatter_init(scatter, seed);
	for (unsigned i = 0; i < scatter->function->inputs; i++)
		in[i] = (dmio_buffer){ scatter->in[i].iov, scatter->in[i].n };
	if (scatter->function->has_output)
		wire.req_outbuf = (dmio_buffer){ scatter->out.iov, scatter->out.n };
	memcpy(wire.req_immediate, scatter->work.immediate, 8);
	wire.req_inbuf = in;
	session_write(fd, &wire, 1);
	response = session_response(fd);
	EXPECT(response.resp_id, seed);
	scatter_check(scatter, &response);
	scatter_fini(scatter);
}

static const size_t lengths[] = { 0, 1, 2, 15, 100, 1023, 4096, 70000, 256 * KIB, 256 * KIB + 1,
	MIB + 12345 };

START_TEST(buffers_may_be_cut_differently_on_each_side)
{
	struct scatter *scatter = calloc(1, sizeof(*scatter));
	int fd;

	scatter->function = &oracle_functions[_i];
	fd = session_open(scatter->function->name);
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		bool many = scatter->function->inputs <= 3 || lengths[i] <= 4096;

		scatter->len = lengths[i];
		for (unsigned seed = 0; seed < 24; seed += many ? 1 : 7) {
			if (suite_takes(i + seed + scatter->function->inputs))
				scatter_run(fd, scatter, seed);
		}
	}
}
END_TEST

START_TEST(any_number_of_vectors_from_1_to_1024_is_taken)
{
	struct iovec *out = calloc(VECTORS_MAX, sizeof(*out)),
		     *in = calloc(VECTORS_MAX, sizeof(*in));
	uint8_t *memory = memory_map(4 * VECTORS_MAX), *to = memory + 2 * VECTORS_MAX;
	dmio_buffer inbuf = { in, 1 };
	int fd = session_open("copy");

	for (unsigned i = 0; i < VECTORS_MAX; i++) {
		out[i] = (struct iovec){ to + VECTORS_MAX - 1 - i, 1 };
		in[i] = (struct iovec){ memory + i, 1 };
	}
	for (unsigned n = 1; n <= VECTORS_MAX; n += n < 40 || n > 1000 ? 1 : 37) {
		struct dmio_usrreq wire = {
			.req_outbuf = { out, n }, .req_inbuf = &inbuf, .req_id = n
		};

		memory_fill(memory, n, n);
		memset(to, 0xc3, VECTORS_MAX);
		inbuf.dmbuf_iovcnt = n;
		EXPECT(session_run(fd, &wire), 0);
		for (unsigned i = 0; i < n; i++)
			ck_assert_uint_eq(to[VECTORS_MAX - 1 - i], memory[i]);
		EXPECT(memory_is(to, 0xc3, VECTORS_MAX - n), true);
	}
}
END_TEST

START_TEST(the_same_memory_may_be_named_many_times)
{
	uint8_t *memory = memory_map(MIB), *to = memory_map(VECTORS_MAX * KIB);
	struct iovec *in = calloc(VECTORS_MAX, sizeof(*in)), out = { to, VECTORS_MAX * KIB };
	dmio_buffer inbuf = { in, VECTORS_MAX };
	struct dmio_usrreq wire = { .req_outbuf = { &out, 1 }, .req_inbuf = &inbuf };

	memory_fill(memory, MIB, 3);
	for (unsigned i = 0; i < VECTORS_MAX; i++)
		in[i] = (struct iovec){ memory + i % 3, KIB };
	EXPECT(session_run(session_open("copy"), &wire), 0);
	for (unsigned i = 0; i < VECTORS_MAX; i++)
		EXPECT_BYTES(to + i * KIB, memory + i % 3, KIB);
}
END_TEST

START_TEST(read_only_memory_is_a_good_input_and_a_good_place_for_vectors)
{
	uint8_t *memory = memory_map(PAGE), *to = memory_map(PAGE);
	struct {
		dmio_buffer in[2];
		struct iovec iov[3];
	} *fixed = memory_map(PAGE);
	struct dmio_usrreq wire;

	memory_fill(memory, PAGE, 3);
	fixed->iov[0] = fixed->iov[1] = (struct iovec){ memory, PAGE };
	fixed->iov[2] = (struct iovec){ to, PAGE };
	fixed->in[0] = (dmio_buffer){ &fixed->iov[0], 1 };
	fixed->in[1] = (dmio_buffer){ &fixed->iov[1], 1 };
	wire = (struct dmio_usrreq){ .req_outbuf = { &fixed->iov[2], 1 }, .req_inbuf = fixed->in };
	memory_protect(memory, PAGE, PROT_READ);
	memory_protect(fixed, PAGE, PROT_READ);
	memset(to, 1, PAGE);
	EXPECT(session_run(session_open("xor2"), &wire), 0);
	EXPECT(memory_is(to, 0, PAGE), true);
}
END_TEST

Suite *
suite_split(void)
{
	Suite *suite = suite_create("split");
	TCase *tcase = suite_case(suite, "split");

	tcase_add_loop_test(
	    tcase, buffers_may_be_cut_differently_on_each_side, 0, (int)oracle_nfunctions);
	tcase_add_test(tcase, any_number_of_vectors_from_1_to_1024_is_taken);
	tcase_add_test(tcase, the_same_memory_may_be_named_many_times);
	tcase_add_test(tcase, read_only_memory_is_a_good_input_and_a_good_place_for_vectors);
	return suite;
}
