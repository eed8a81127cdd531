/* SPDX-License-Identifier: BSD-2-Clause */
/* test_site.h: a model with one client and some memory, and descriptors written out as bytes. */
#ifndef TESTS_DSA_TEST_SITE_H
#define TESTS_DSA_TEST_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include <check.h>

#include "tests/dsa/model.h"

#define PAGE       4096u
#define SITE_PAGES 48u
#define BYTES      64 /* of a descriptor */

struct site {
	struct dsa_model *model;
	struct dsa_client *client;
	struct dsa_memory memory;
	uint8_t *bytes;  /* SITE_PAGES pages, none before and behind them */
	uint8_t *record; /* another page: 128 records of 32 bytes */
};

/* Set by --break: each value that a test looks at has one bit flipped. */
extern bool site_is_broken;

/* What the test looks at. */
uint64_t seen(uint64_t value);

/* True when LEN bytes are the same; broken, when they are not. */
bool same(const void *a, const void *b, size_t len);

void site_open(struct site *site, const struct dsa_model_options *options);
void site_close(struct site *site);

/* Little-endian fields of a descriptor or record. */
void put_u32(uint8_t *bytes, unsigned at, uint32_t value);
void put_u64(uint8_t *bytes, unsigned at, uint64_t value);
uint32_t get_u32(const uint8_t *bytes, unsigned at);
uint64_t get_u64(const uint8_t *bytes, unsigned at);

/* Fills in addresses: offsets 8, 16 and 24.  NULL: 0. */
void put_places(uint8_t *desc, const void *record, const void *src, const void *dst);

/* Submits by write(2), and fails unless it is taken. */
void site_submit(struct site *site, const uint8_t *desc);

/* Waits for the status byte of a record. */
void site_wait(const uint8_t *record);

/* Submits with the site's first record, waits for it; the record is then as the device wrote it. */
void site_run(struct site *site, uint8_t *desc);

/* A pattern that repeats nowhere soon. */
void pattern(uint8_t *bytes, size_t len, unsigned seed);

/* All counters of the device. */
struct dsa_stats site_stats(struct site *site);

/* Of the site's first record. */
#define ck_status(site, value)    ck_assert_uint_eq(seen((site)->record[0]), value)
#define ck_result(site, value)    ck_assert_uint_eq(seen((site)->record[1]), value)
#define ck_completed(site, value) ck_assert_uint_eq(seen(get_u32((site)->record, 4)), value)
#define ck_fault_addr(site, addr)                                                                  \
	ck_assert_uint_eq(seen(get_u64((site)->record, 8)), (uint64_t)(uintptr_t)(addr))
#define ck_value(site, wanted) ck_assert_uint_eq(seen(get_u64((site)->record, 16)), wanted)

/*
 * A folder for the folders of tests: made by main before the first, and removed by it after the last,
 * with what is mounted there still.
 */
void scratch_open(void);
void scratch_close(void);

/* A new folder, whose path has LEN bytes at most. */
void scratch_make(char *path, size_t len);

/* One for each file of tests. */
TCase *test_data(void);
TCase *test_rules(void);
TCase *test_faults(void);
TCase *test_batches(void);
TCase *test_submit(void);
TCase *test_knobs(void);
TCase *test_tree(void);
TCase *test_node(void);

#endif /* TESTS_DSA_TEST_SITE_H */
