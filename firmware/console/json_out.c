#include "console/output.h"

#include "base/time.h"

#include <inttypes.h>

void sp_json_start(struct sp_out *out)
{
    out->json_value = false;
}

/* The comma that is due, and the key. */
static void lead(struct sp_out *out, const char *key)
{
    const char *comma = out->json_value ? "," : "";

    if (key != NULL) {
        sp_out_printf(out, "%s\"%s\":", comma, key);
    } else if (out->json_value) {
        sp_out_raw(out, comma);
    }
    out->json_value = true;
}

void sp_json_open(struct sp_out *out, const char *key, char bracket)
{
    lead(out, key);
    sp_out_raw(out, bracket == '{' ? "{" : "[");
    out->json_value = false;
}

void sp_json_close(struct sp_out *out, char bracket)
{
    sp_out_raw(out, bracket == '}' ? "}" : "]");
    out->json_value = true;
}

void sp_json_string(struct sp_out *out, const char *key, const char *text)
{
    lead(out, key);
    sp_out_quoted(out, text);
}

void sp_json_begin_text(struct sp_out *out, const char *key)
{
    lead(out, key);
    sp_out_raw(out, "\"");
}

void sp_json_text(struct sp_out *out, const char *piece)
{
    sp_out_quoted_part(out, piece);
}

void sp_json_end_text(struct sp_out *out)
{
    sp_out_raw(out, "\"");
}

void sp_json_null(struct sp_out *out, const char *key)
{
    lead(out, key);
    sp_out_raw(out, "null");
}

void sp_json_string_or_null(struct sp_out *out, const char *key, const char *text)
{
    if (text[0] != '\0') {
        sp_json_string(out, key, text);
    } else {
        sp_json_null(out, key);
    }
}

void sp_json_number(struct sp_out *out, const char *key, uint64_t number)
{
    lead(out, key);
    sp_out_printf(out, "%" PRIu64, number);
}

void sp_json_hex(struct sp_out *out, const char *key, uint32_t number)
{
    lead(out, key);
    sp_out_printf(out, "\"%08" PRIx32 "\"", number);
}

void sp_json_bool(struct sp_out *out, const char *key, bool value)
{
    lead(out, key);
    sp_out_raw(out, value ? "true" : "false");
}

void sp_json_time(struct sp_out *out, const char *key, int64_t utc)
{
    char text[SP_RFC3339_SIZE];

    if (utc == 0) {
        sp_json_null(out, key);
        return;
    }
    lead(out, key);
    sp_out_printf(out, "\"%s\"", sp_utc_rfc3339(utc, text));
}

void sp_json_key(struct sp_out *out, const char *key)
{
    lead(out, NULL);
    sp_out_quoted(out, key);
    sp_out_raw(out, ":");
    out->json_value = false;
}
