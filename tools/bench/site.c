/* SPDX-License-Identifier: BSD-2-Clause */
/* site.c: where a point is measured. */
#include "tools/bench/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
site_fill(struct bench_site *site, bool is_checked)
{
	for (size_t place = 0; place < site->layout.nplaces; place++) {
		bench_pattern_fill(&site->work, place);
		bench_pattern_spoil(&site->work, place);
	}
	if (!is_checked)
		return 0;
	site->used = calloc(site->layout.nplaces + 1, sizeof(site->used[0]));
	site->results = calloc(site->layout.nplaces + 1, sizeof(site->results[0]));
	return site->used == NULL || site->results == NULL ? -ENOMEM : 0;
}

int
bench_site_init(struct bench_site *site, const struct bench_point *point,
    const struct bench_site_options *options, char *why, size_t len)
{
	int err;

	*site = (struct bench_site){ .point = *point };
	err = bench_layout_init(&site->layout, point);
	if (err < 0) {
		snprintf(why, len, "more pieces than bytes");
		return err;
	}
	if (site->layout.len > options->limit) {
		snprintf(why, len, "needs %zu MiB of buffers (--memory)", site->layout.len >> 20);
		return -ENOMEM;
	}
	err = bench_area_init(
	    &site->area, site->layout.len, (enum bench_pages)point->value[BENCH_PAGES]);
	if (err == 0) {
		site->work = (struct bench_work){
			.function = bench_point_function(point),
			.layout = &site->layout,
			.base = site->area.base,
		};
		bench_pattern_immediate(site->work.function, site->immediate);
		err = site_fill(site, options->is_checked);
	}
	if (err < 0) {
		snprintf(why, len, "%s", strerror(-err));
		bench_site_fini(site);
	}
	return err;
}

void
bench_site_fini(struct bench_site *site)
{
	bench_area_fini(&site->area);
	free(site->used);
	free(site->results);
	site->used = NULL;
	site->results = NULL;
}

long
bench_site_check(struct bench_site *site, char *why, size_t len)
{
	long checked = 0;

	for (size_t place = 0; site->used != NULL && place < site->layout.nplaces; place++) {
		if (!site->used[place])
			continue;
		if (bench_pattern_check(&site->work, place, site->results[place], why, len) < 0)
			return -EBADMSG;
		bench_pattern_spoil(&site->work, place);
		memset(site->results[place], 0xff, sizeof(site->results[place]));
		site->used[place] = 0;
		checked++;
	}
	return checked;
}

void
bench_site_forget(struct bench_site *site)
{
	for (size_t place = 0; site->used != NULL && place < site->layout.nplaces; place++) {
		if (site->used[place])
			bench_pattern_spoil(&site->work, place);
		site->used[place] = 0;
	}
}
