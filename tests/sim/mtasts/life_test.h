/*
 * What the tests of one domain's life share.
 */
#ifndef SP_TEST_SIM_LIFE_TEST_H
#define SP_TEST_SIM_LIFE_TEST_H

#include "world.h"

#define D "example.com"

extern char why[240];

int begin(void **state);
/* The sentence holds that text. */
void says(const char *text);
void next_is(const char *text, sp_utc least, sp_utc most);
void state_is(enum sp_domain_state state);
enum sp_domain_health health(void);
struct host *active_domain(void);

#endif
