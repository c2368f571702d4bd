/* cmocka with what its header wants to be included before. */
#ifndef SP_TEST_REPORTS_CM_H
#define SP_TEST_REPORTS_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
