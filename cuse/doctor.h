/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor.h: dmoverd --doctor. */
#ifndef CUSE_DOCTOR_H
#define CUSE_DOCTOR_H

#include "cuse/options.h"

/*
 * Becomes dmoverctl(8): the one beside this program, else the first of the PATH.  Returns only when
 * there is none, after it has said so: the exit status.
 */
int dmio_doctor(const struct dmio_options *options);

#endif /* CUSE_DOCTOR_H */
