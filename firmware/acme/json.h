/*
 * acme/json: reads the CA's JSON; every access is typed and bounded.
 *
 * The one file of the room that sees cJSON. Memory: the JSON pool; a tree is freed by whoever
 * parsed it. Threads: service task.
 */
#ifndef SP_ACME_JSON_H
#define SP_ACME_JSON_H

#include "base/span.h"

struct cJSON;

/* Leads cJSON's memory to the JSON pool. May be repeated. */
void sp_acme_json_start(void);

/* Where a text that comes in pieces stands; {0} is its beginning. */
struct sp_acme_json_pieces {
    bool quoted, escaped;
};
/* Appends a piece to out without the white space between values, of which CAs send plenty. */
void sp_acme_json_take(struct sp_acme_json_pieces *at, struct sp_span piece, struct sp_buf *out);

/* 0 and *root, which is an object. SP_E_PROTOCOL when the text is anything else, SP_E_MEMORY when
 * the pool is used up; *root is NULL then. */
int sp_acme_json_parse(struct sp_span text, struct cJSON **root);
void sp_acme_json_free(struct cJSON *root); /* NULL is harmless */

/* A member that is an object or array; an array's item. NULL when there is none of that type. */
const struct cJSON *sp_acme_json_object(const struct cJSON *object, const char *name);
const struct cJSON *sp_acme_json_array(const struct cJSON *object, const char *name);
const struct cJSON *sp_acme_json_item(const struct cJSON *array, unsigned index);
unsigned sp_acme_json_count(const struct cJSON *array);

/* A text, NULL when the value is of another type. It lives as long as the tree. name NULL: the
 * value itself, otherwise its member. */
const char *sp_acme_json_text(const struct cJSON *value, const char *name);
bool sp_acme_json_true(const struct cJSON *object, const char *name);
/* A URL that we may talk to. 0; SP_E_NOT_FOUND when there is no such member; SP_E_PROTOCOL when it
 * is not a text or not such a URL. out (SP_URL_MAX bytes) is "" then. */
int sp_acme_json_url(const struct cJSON *value, const char *name, char *out);

/* https, a host, printable ASCII without quotes and backslashes, shorter than SP_URL_MAX. */
bool sp_acme_url_ok(const char *url);

#endif
