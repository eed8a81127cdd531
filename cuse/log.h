/* SPDX-License-Identifier: BSD-2-Clause */
/* log.h: messages for the operator, on standard error. */
#ifndef CUSE_LOG_H
#define CUSE_LOG_H

enum dmio_log_level { DMIO_LOG_ERROR, DMIO_LOG_WARNING, DMIO_LOG_INFO, DMIO_LOG_DEBUG };

/* Set once, before any thread is started. */
extern enum dmio_log_level dmio_log_level;

/* One line "dmoverd: ..."; any thread. */
void dmio_log(enum dmio_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* CUSE_LOG_H */
