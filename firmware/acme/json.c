#include "acme/json.h"

#include "base/err.h"
#include "base/limits.h"
#include "sp_port.h"

#include <cJSON.h>
#include <string.h>

/* cJSON says the same of a text that is not JSON and of memory that is used up. */
static bool out_of_memory;

static void *json_malloc(size_t n)
{
    void *p = sp_port_json_malloc(n);

    if (p == NULL) {
        out_of_memory = true;
    }
    return p;
}

void sp_acme_json_start(void)
{
    static bool started;
    cJSON_Hooks hooks = {.malloc_fn = json_malloc, .free_fn = sp_port_json_free};

    if (started) {
        return;
    }
    started = true;
    cJSON_InitHooks(&hooks);
}

/* False for white space (RFC 8259 2) that means nothing. */
static bool means_something(struct sp_acme_json_pieces *at, char c)
{
    bool quote = c == '"' && !at->escaped;

    if (!at->quoted) {
        at->quoted = quote;
        return c != ' ' && c != '\t' && c != '\r' && c != '\n';
    }
    at->quoted = !quote;
    at->escaped = c == '\\' && !at->escaped;
    return true;
}

void sp_acme_json_take(struct sp_acme_json_pieces *at, struct sp_span piece, struct sp_buf *out)
{
    for (size_t i = 0; i < piece.n; i++) {
        if (means_something(at, (char)piece.p[i])) {
            sp_buf_putc(out, (char)piece.p[i]);
        }
    }
}

int sp_acme_json_parse(struct sp_span text, struct cJSON **root)
{
    *root = NULL;
    if (text.n == 0) {
        return SP_E_PROTOCOL;
    }
    out_of_memory = false;
    *root = cJSON_ParseWithLength((const char *)text.p, text.n);
    if (*root == NULL) {
        return out_of_memory ? SP_E_MEMORY : SP_E_PROTOCOL;
    }
    if (!cJSON_IsObject(*root)) {
        cJSON_Delete(*root);
        *root = NULL;
        return SP_E_PROTOCOL;
    }
    return 0;
}

void sp_acme_json_free(struct cJSON *root)
{
    cJSON_Delete(root);
}

static const struct cJSON *member(const struct cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const struct cJSON *sp_acme_json_object(const struct cJSON *object, const char *name)
{
    const struct cJSON *value = member(object, name);

    return cJSON_IsObject(value) ? value : NULL;
}

const struct cJSON *sp_acme_json_array(const struct cJSON *object, const char *name)
{
    const struct cJSON *value = member(object, name);

    return cJSON_IsArray(value) ? value : NULL;
}

const struct cJSON *sp_acme_json_item(const struct cJSON *array, unsigned index)
{
    return cJSON_IsArray(array) ? cJSON_GetArrayItem(array, (int)index) : NULL;
}

unsigned sp_acme_json_count(const struct cJSON *array)
{
    return cJSON_IsArray(array) ? (unsigned)cJSON_GetArraySize(array) : 0;
}

const char *sp_acme_json_text(const struct cJSON *value, const char *name)
{
    if (name != NULL) {
        value = member(value, name);
    }
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

bool sp_acme_json_true(const struct cJSON *object, const char *name)
{
    return cJSON_IsTrue(member(object, name));
}

int sp_acme_json_url(const struct cJSON *value, const char *name, char *out)
{
    const char *text;

    out[0] = '\0';
    if (name != NULL) {
        value = member(value, name);
    }
    if (value == NULL) {
        return SP_E_NOT_FOUND;
    }
    text = sp_acme_json_text(value, NULL);
    if (text == NULL || !sp_acme_url_ok(text)) {
        return SP_E_PROTOCOL;
    }
    return sp_span_copy(sp_span_str(text), out, SP_URL_MAX);
}

bool sp_acme_url_ok(const char *url)
{
    static const char scheme[] = "https://";
    size_t n = strlen(url);

    if (n >= SP_URL_MAX || strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    if (url[sizeof scheme - 1] == '\0' || url[sizeof scheme - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (url[i] <= ' ' || url[i] > '~' || url[i] == '"' || url[i] == '\\') {
            return false;
        }
    }
    return true;
}
