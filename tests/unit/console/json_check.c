#include "json_check.h"

#include "console/glyph.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Each reads one thing at p and returns what follows it, NULL when it is not there. */
static const char *value(const char *p);

static const char *escape(const char *p)
{
    if (*p == 'u') {
        for (int i = 1; i <= 4; i++) {
            if (!isxdigit((unsigned char)p[i])) {
                return NULL;
            }
        }
        return p + 5;
    }
    return *p != '\0' && strchr("\"\\/bfnrt", *p) != NULL ? p + 1 : NULL;
}

static const char *string(const char *p)
{
    if (*p++ != '"') {
        return NULL;
    }
    while (p != NULL && *p != '"') {
        unsigned n = *p == 0x7F ? 1 : sp_glyph_size(p, strlen(p));

        if (*p == '\\') {
            p = escape(p + 1);
        } else {
            p = n > 0 ? p + n : NULL;
        }
    }
    return p != NULL ? p + 1 : NULL;
}

static const char *number(const char *p)
{
    if (*p == '-') {
        p++;
    }
    if (!isdigit((unsigned char)*p) || (*p == '0' && isdigit((unsigned char)p[1]))) {
        return NULL;
    }
    while (isdigit((unsigned char)*p)) {
        p++;
    }
    return p;
}

static const char *word(const char *p)
{
    static const char *const words[] = {"true", "false", "null"};

    for (int i = 0; i < 3; i++) {
        if (strncmp(p, words[i], strlen(words[i])) == 0) {
            return p + strlen(words[i]);
        }
    }
    return NULL;
}

static const char *member(const char *p, bool named)
{
    if (named) {
        p = string(p);
        if (p == NULL || *p++ != ':') {
            return NULL;
        }
    }
    return value(p);
}

static const char *collection(const char *p)
{
    bool named = *p == '{';
    char end = named ? '}' : ']';

    if (p[1] == end) {
        return p + 2;
    }
    do {
        p = member(p + 1, named);
    } while (p != NULL && *p == ',');
    return p != NULL && *p == end ? p + 1 : NULL;
}

static const char *value(const char *p)
{
    if (*p == '"') {
        return string(p);
    }
    if (*p == '{' || *p == '[') {
        return collection(p);
    }
    return isdigit((unsigned char)*p) || *p == '-' ? number(p) : word(p);
}

bool json_is_valid(const char *text)
{
    const char *end = value(text);

    return end != NULL && *end == '\0';
}

/* The value of a valid document's key or index; NULL. */
static const char *step(const char *p, const char *key, size_t n)
{
    bool named = *p == '{';
    long index = named ? -1 : strtol(key, NULL, 10);

    if ((*p != '{' && *p != '[') || p[1] == '}' || p[1] == ']') {
        return NULL;
    }
    for (p++;; p++) {
        const char *item = p;

        if (named) {
            p = string(p) + 1;
        }
        if (named ? (size_t)(p - item) == n + 3 && memcmp(item + 1, key, n) == 0 : index-- == 0) {
            return p;
        }
        p = value(p);
        if (*p != ',') {
            return NULL;
        }
    }
}

const char *json_at(const char *text, const char *path, char *out, size_t cap)
{
    const char *p = text;
    size_t n;

    out[0] = '\0';
    if (!json_is_valid(text)) {
        return out;
    }
    while (p != NULL && *path != '\0') {
        size_t key = strcspn(path, ".");

        p = step(p, path, key);
        path += key + (path[key] == '.' ? 1 : 0);
    }
    if (p == NULL) {
        return out;
    }
    n = (size_t)(value(p) - p);
    if (n < cap) {
        memcpy(out, p, n);
        out[n] = '\0';
    }
    return out;
}
