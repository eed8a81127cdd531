/* SPDX-License-Identifier: BSD-2-Clause */
/* report.h: what a model has counted, as lines of "name value". */
#ifndef TESTS_DSA_REPORT_H
#define TESTS_DSA_REPORT_H

#include <stdio.h>

#include "tests/dsa/model.h"

/* One line for each counter of the whole device, then for each queue, with the queue's name before. */
void report_print(struct dsa_model *model, FILE *out);

#endif /* TESTS_DSA_REPORT_H */
