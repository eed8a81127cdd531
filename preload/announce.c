/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * announce.c: tells Valgrind and the sanitizers what was moved.
 *
 * AddressSanitizer and ThreadSanitizer offer functions for memory that others touch; they are
 * there when the program was built with them.  Under Valgrind the "is it defined?" bits travel with
 * the bytes, through our staging memory, where its own machinery follows what the engines do.
 */
#include "preload/announce.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAS_VALGRIND 1
#endif
#endif

#ifndef HAS_VALGRIND
#define RUNNING_ON_VALGRIND                     0
#define VALGRIND_GET_VBITS(addr, bits, len)     0
#define VALGRIND_SET_VBITS(addr, bits, len)     0
#define VALGRIND_MAKE_MEM_DEFINED(addr, len)    0
#define VALGRIND_CHECK_MEM_IS_ADDRESSABLE(a, n) 0
#endif

/* Definedness bits that are carried at once. */
#define BITS 4096

typedef void (*range_fn)(void *addr, unsigned long len);
typedef void (*byte_fn)(void *addr);
typedef void *(*poisoned_fn)(void *addr, size_t len);
typedef void (*unpoison_fn)(const volatile void *addr, size_t len);

static struct {
	poisoned_fn first_poisoned;
	byte_fn load, store;              /* AddressSanitizer: report */
	range_fn read_range, write_range; /* ThreadSanitizer */
	unpoison_fn unpoison;             /* MemorySanitizer */
	bool is_any, is_valgrind;
} tools;

/* The address of a function of a tool's, or NULL, into the pointer at FN. */
static void
find(void *fn, const char *name)
{
	void *symbol = dlsym(RTLD_DEFAULT, name);

	_Static_assert(sizeof(tools.load) == sizeof(symbol), "a function's address");
	memcpy(fn, &symbol, sizeof(symbol));
}

void
preload_announce_init(void)
{
	find(&tools.first_poisoned, "__asan_region_is_poisoned");
	find(&tools.load, "__asan_load1");
	find(&tools.store, "__asan_store1");
	find(&tools.read_range, "__tsan_read_range");
	find(&tools.write_range, "__tsan_write_range");
	find(&tools.unpoison, "__msan_unpoison");
	tools.is_valgrind = RUNNING_ON_VALGRIND != 0;
	tools.is_any =
	    tools.first_poisoned != NULL || tools.read_range != NULL || tools.unpoison != NULL;
}

bool
preload_announce_has_sanitizer(void)
{
	return tools.is_any;
}

/* Copies the definedness of LEN bytes; what has none is taken for defined. */
static void
carry_bits(const uint8_t *from, uint8_t *to, size_t len)
{
	uint8_t bits[BITS];

	for (size_t done = 0; done < len;) {
		size_t n = len - done < BITS ? len - done : BITS;

		(void)VALGRIND_CHECK_MEM_IS_ADDRESSABLE(from + done, n);
		(void)VALGRIND_CHECK_MEM_IS_ADDRESSABLE(to + done, n);
		if (VALGRIND_GET_VBITS(from + done, bits, n) != 1 ||
		    VALGRIND_SET_VBITS(to + done, bits, n) != 1)
			(void)VALGRIND_MAKE_MEM_DEFINED(to + done, n);
		done += n;
	}
}

/* The vectors of both sides, side by side. */
static void
carry(const struct iovec *local, const struct iovec *remote, size_t len, bool is_read)
{
	size_t lskip = 0, rskip = 0;

	while (len > 0) {
		size_t n = local->iov_len - lskip;
		uint8_t *l = (uint8_t *)local->iov_base + lskip;
		uint8_t *r = (uint8_t *)remote->iov_base + rskip;

		n = n < remote->iov_len - rskip ? n : remote->iov_len - rskip;
		n = n < len ? n : len;
		carry_bits(is_read ? r : l, is_read ? l : r, n);
		len -= n;
		lskip += n;
		rskip += n;
		if (lskip == local->iov_len)
			local++, lskip = 0;
		if (rskip == remote->iov_len)
			remote++, rskip = 0;
	}
}

static void
call_range(range_fn fn, const struct iovec *iov, unsigned n, size_t len)
{
	for (unsigned i = 0; i < n && len > 0 && fn != NULL; i++) {
		size_t piece = iov[i].iov_len < len ? iov[i].iov_len : len;

		if (piece > 0)
			fn(iov[i].iov_base, piece);
		len -= piece;
	}
}

/* The report of the first byte that may not be touched is the clearest. */
static void
check_range(bool is_store, const struct iovec *iov, unsigned n, size_t len)
{
	for (unsigned i = 0; i < n && len > 0 && tools.first_poisoned != NULL; i++) {
		size_t piece = iov[i].iov_len < len ? iov[i].iov_len : len;
		void *bad = tools.first_poisoned(iov[i].iov_base, piece);

		if (bad != NULL && is_store && tools.store != NULL)
			tools.store(bad);
		else if (bad != NULL && !is_store && tools.load != NULL)
			tools.load(bad);
		len -= piece;
	}
}

void
preload_announce_read(
    const struct iovec *local, const struct iovec *remote, unsigned nremote, size_t len)
{
	if (tools.is_valgrind)
		carry(local, remote, len, true);
	if (!tools.is_any)
		return;
	check_range(false, remote, nremote, len);
	call_range(tools.read_range, remote, nremote, len);
}

void
preload_announce_write(
    const struct iovec *local, const struct iovec *remote, unsigned nremote, size_t len)
{
	if (tools.is_valgrind)
		carry(local, remote, len, false);
	if (!tools.is_any)
		return;
	check_range(true, remote, nremote, len);
	call_range(tools.write_range, remote, nremote, len);
	for (unsigned i = 0; i < nremote && tools.unpoison != NULL; i++)
		tools.unpoison(remote[i].iov_base, remote[i].iov_len);
}
