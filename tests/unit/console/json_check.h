/* A strict reader of JSON (RFC 8259), enough to tell whether an answer is right. */
#ifndef SP_TEST_CONSOLE_JSON_CHECK_H
#define SP_TEST_CONSOLE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* One value and nothing else, in strict UTF-8. */
bool json_is_valid(const char *text);
/* The value at a path of keys and indexes, "checks.0.id", as it is written (strings with their
 * quotes). Returns out, which is "" when there is no such value. */
const char *json_at(const char *text, const char *path, char *out, size_t cap);

#endif
