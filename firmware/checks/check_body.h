/*
 * The body of a policy, line by line, as the strictest sender reads it (RFC 8461 3.2): what is
 * wrong with one that came back and is not the one that was expected.
 *
 * Pure functions.
 */
#ifndef SP_CHECKS_CHECK_BODY_H
#define SP_CHECKS_CHECK_BODY_H

#include "base/span.h"

struct sp_check_body_fault {
    unsigned line;    /* from 1; 0: the whole */
    const char *what; /* the end of "line N …"; NULL: nothing is wrong */
};

struct sp_check_body_fault sp_check_body(struct sp_span body);

#endif
