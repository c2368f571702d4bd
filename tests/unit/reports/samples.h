/*
 * gzip files, made by make-samples with zlib, and what is in them.
 */
#ifndef SP_TEST_REPORTS_SAMPLES_H
#define SP_TEST_REPORTS_SAMPLES_H

#include "base/span.h"

struct sample {
    const char *name;
    struct sp_span plain; /* p NULL: 9,000,000 times 0 */
    struct sp_span packed;
};

extern const struct sample samples[];
extern const unsigned samples_n;

#endif
