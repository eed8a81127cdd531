/* SPDX-License-Identifier: BSD-2-Clause */
/* test_site.c: the model, the memory and the waiting that all of its tests share. */
#include "tests/dsa/test_site.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define WAIT_SECONDS 30

bool site_is_broken;

uint64_t
seen(uint64_t value)
{
	return site_is_broken ? value ^ 1 : value;
}

bool
same(const void *a, const void *b, size_t len)
{
	return (memcmp(a, b, len) == 0) != site_is_broken;
}

static uint8_t *
pages_map(unsigned npages)
{
	uint8_t *bytes =
	    mmap(NULL, (npages + 2) * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(bytes != MAP_FAILED);
	ck_assert_int_eq(mprotect(bytes + PAGE, npages * (size_t)PAGE, PROT_READ | PROT_WRITE), 0);
	return bytes + PAGE;
}

static void
pages_unmap(uint8_t *bytes, unsigned npages)
{
	munmap(bytes - PAGE, (npages + 2) * (size_t)PAGE);
}

void
site_open(struct site *site, const struct dsa_model_options *options)
{
	static const struct dsa_model_options defaults;
	char why[200] = "";

	site->memory = dsa_memory_self();
	site->bytes = pages_map(SITE_PAGES);
	site->record = pages_map(1);
	ck_assert_msg(dsa_model_create(options != NULL ? options : &defaults, &site->model, why,
			  sizeof(why)) == 0,
	    "%s", why);
	ck_assert_int_eq(dsa_client_open(site->model, 0, &site->memory, &site->client), 0);
}

void
site_close(struct site *site)
{
	dsa_client_close(site->client);
	dsa_model_destroy(site->model);
	pages_unmap(site->bytes, SITE_PAGES);
	pages_unmap(site->record, 1);
}

void
put_u32(uint8_t *bytes, unsigned at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[at + i] = (uint8_t)(value >> 8 * i);
}

void
put_u64(uint8_t *bytes, unsigned at, uint64_t value)
{
	put_u32(bytes, at, (uint32_t)value);
	put_u32(bytes, at + 4, (uint32_t)(value >> 32));
}

uint32_t
get_u32(const uint8_t *bytes, unsigned at)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++)
		value |= (uint32_t)bytes[at + i] << 8 * i;
	return value;
}

uint64_t
get_u64(const uint8_t *bytes, unsigned at)
{
	return get_u32(bytes, at) | (uint64_t)get_u32(bytes, at + 4) << 32;
}

void
put_places(uint8_t *desc, const void *record, const void *src, const void *dst)
{
	put_u64(desc, 8, (uintptr_t)record);
	put_u64(desc, 16, (uintptr_t)src);
	put_u64(desc, 24, (uintptr_t)dst);
}

void
site_submit(struct site *site, const uint8_t *desc)
{
	ck_assert_int_eq(dsa_client_write(site->client, desc, BYTES), BYTES);
}

void
site_wait(const uint8_t *record)
{
	const time_t until = time(NULL) + WAIT_SECONDS;

	while (__atomic_load_n(record, __ATOMIC_ACQUIRE) == 0) {
		ck_assert_msg(time(NULL) < until, "no record comes");
		sched_yield();
	}
}

void
site_run(struct site *site, uint8_t *desc)
{
	memset(site->record, 0, 32);
	put_u64(desc, 8, (uintptr_t)site->record);
	site_submit(site, desc);
	site_wait(site->record);
}

void
pattern(uint8_t *bytes, size_t len, unsigned seed)
{
	uint32_t state = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(state >> 24);
	}
}

struct dsa_stats
site_stats(struct site *site)
{
	struct dsa_stats stats;

	dsa_model_stats(site->model, -1, &stats);
	return stats;
}
