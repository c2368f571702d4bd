#include "net/dns_record.h"

#include "base/err.h"
#include "net/dns_answer.h"

#include <string.h>
#include <strings.h>

#define HOPS 12     /* CNAMEs followed */
#define TAG_SIZE 32 /* of a CAA record's property, with its terminator */

int sp_dns_name(const char *name, char *out)
{
    size_t n = strlen(name);
    size_t label = 0;

    if (strcmp(name, ".") == 0) {
        memcpy(out, ".", 2);
        return 0;
    }
    if (n > 0 && name[n - 1] == '.') {
        n--;
    }
    if (n == 0 || n >= SP_DOMAIN_SIZE) {
        return SP_E_INVALID;
    }
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + ('a' - 'A'));
        }
        out[i] = c;
        label = c == '.' ? 0 : label + 1;
        if (label > 63 || (c == '.' && (i == 0 || name[i - 1] == '.')) ||
            (c != '.' && c != '-' && c != '_' && !(c >= '0' && c <= '9') &&
             !(c >= 'a' && c <= 'z'))) {
            return SP_E_INVALID;
        }
    }
    out[n] = '\0';
    return label > 0 ? 0 : SP_E_INVALID;
}

static const ares_dns_rr_t *answer_at(const ares_dns_record_t *response, size_t i)
{
    return ares_dns_record_rr_get_const(response, ARES_SECTION_ANSWER, i);
}

static bool is_of(const ares_dns_rr_t *rr, const char *owner, int type)
{
    return rr != NULL && (int)ares_dns_rr_get_type(rr) == type &&
           ares_dns_rr_get_class(rr) == ARES_CLASS_IN &&
           strcasecmp(ares_dns_rr_get_name(rr), owner) == 0;
}

/* Visits the CNAMEs from `name` on and then all records of `type` where they lead. */
typedef void (*visitor)(void *ctx, const ares_dns_rr_t *rr);

static const ares_dns_rr_t *cname_of(const ares_dns_record_t *response, const char *owner)
{
    size_t n = ares_dns_record_rr_cnt(response, ARES_SECTION_ANSWER);

    for (size_t i = 0; i < n; i++) {
        if (is_of(answer_at(response, i), owner, ARES_REC_TYPE_CNAME)) {
            return answer_at(response, i);
        }
    }
    return NULL;
}

static void walk(const ares_dns_record_t *response, const char *name, enum sp_dns_type type,
                 visitor visit, void *ctx)
{
    size_t n = ares_dns_record_rr_cnt(response, ARES_SECTION_ANSWER);
    const ares_dns_rr_t *alias = NULL;

    if (strcmp(name, ".") == 0) {
        name = "";
    }
    for (int hop = 0; type != SP_DNS_CNAME && hop < HOPS; hop++) {
        alias = cname_of(response, name);
        if (alias == NULL) {
            break;
        }
        visit(ctx, alias);
        name = ares_dns_rr_get_str(alias, ARES_RR_CNAME_CNAME);
    }
    for (size_t i = 0; i < n; i++) {
        if (is_of(answer_at(response, i), name, (int)type)) {
            visit(ctx, answer_at(response, i));
        }
    }
}

static void take_address(const ares_dns_rr_t *rr, struct sp_addr *out)
{
    const void *bytes;

    memset(out, 0, sizeof *out);
    if (ares_dns_rr_get_type(rr) == ARES_REC_TYPE_A) {
        bytes = ares_dns_rr_get_addr(rr, ARES_RR_A_ADDR);
        out->family = 4;
        memcpy(out->bytes, bytes, 4);
    } else {
        bytes = ares_dns_rr_get_addr6(rr, ARES_RR_AAAA_ADDR);
        out->family = 6;
        memcpy(out->bytes, bytes, 16);
    }
}

static const char *name_of(const ares_dns_rr_t *rr, ares_dns_rr_key_t key)
{
    const char *name = ares_dns_rr_get_str(rr, key);

    return name != NULL ? name : "";
}

/* The strings of a TXT record, joined here: c-ares would need memory to join them, and a text that
 * it has none for would look empty. */
static void put_strings(struct sp_dns_writer *out, const ares_dns_rr_t *rr)
{
    size_t left = SP_DNS_TEXT_MAX;

    sp_dns_put_text(out, "", 0, left);
    for (size_t i = 0; i < ares_dns_rr_get_abin_cnt(rr, ARES_RR_TXT_DATA); i++) {
        size_t n = 0;
        const unsigned char *bytes = ares_dns_rr_get_abin(rr, ARES_RR_TXT_DATA, i, &n);

        sp_dns_add_text(out, bytes, n, left);
        left -= n < left ? n : left - 1;
    }
}

static void put_value(struct sp_dns_writer *out, const ares_dns_rr_t *rr, ares_dns_rr_key_t key,
                      size_t cap)
{
    size_t n = 0;
    const unsigned char *bytes = ares_dns_rr_get_bin(rr, key, &n);

    sp_dns_put_text(out, bytes, bytes != NULL ? n : 0, cap);
}

static void put_caa(struct sp_dns_writer *out, const ares_dns_rr_t *rr)
{
    const char *tag = name_of(rr, ARES_RR_CAA_TAG);

    sp_dns_put_text(out, tag, strlen(tag), TAG_SIZE);
    put_value(out, rr, ARES_RR_CAA_VALUE, SP_DOMAIN_SIZE);
}

static uint16_t number_of(const ares_dns_rr_t *rr)
{
    switch ((int)ares_dns_rr_get_type(rr)) {
    case ARES_REC_TYPE_MX:
        return ares_dns_rr_get_u16(rr, ARES_RR_MX_PREFERENCE);
    case ARES_REC_TYPE_CAA:
        return ares_dns_rr_get_u8(rr, ARES_RR_CAA_CRITICAL);
    default:
        return 0;
    }
}

static void put_fields(struct sp_dns_writer *out, const ares_dns_rr_t *rr)
{
    struct sp_addr addr;

    switch ((int)ares_dns_rr_get_type(rr)) {
    case ARES_REC_TYPE_A:
    case ARES_REC_TYPE_AAAA:
        take_address(rr, &addr);
        sp_dns_put_addr(out, &addr);
        break;
    case ARES_REC_TYPE_CNAME:
        sp_dns_put_name(out, name_of(rr, ARES_RR_CNAME_CNAME));
        break;
    case ARES_REC_TYPE_NS:
        sp_dns_put_name(out, name_of(rr, ARES_RR_NS_NSDNAME));
        break;
    case ARES_REC_TYPE_MX:
        sp_dns_put_name(out, name_of(rr, ARES_RR_MX_EXCHANGE));
        break;
    case ARES_REC_TYPE_TXT:
        put_strings(out, rr);
        break;
    case ARES_REC_TYPE_CAA:
        put_caa(out, rr);
        break;
    default:
        break;
    }
}

static void put_record(struct sp_dns_answer *out, const ares_dns_rr_t *rr)
{
    const char *owner = ares_dns_rr_get_name(rr);
    struct sp_dns_writer writer;

    sp_dns_record_begin(&writer, out, (enum sp_dns_type)ares_dns_rr_get_type(rr),
                        ares_dns_rr_get_ttl(rr), number_of(rr), owner != NULL ? owner : "");
    put_fields(&writer, rr);
    sp_dns_record_end(&writer);
}

/* What the response says of the name as a whole. */
static int verdict(const ares_dns_record_t *response, bool found)
{
    switch ((int)ares_dns_record_get_rcode(response)) {
    case ARES_RCODE_NOERROR:
        return found ? SP_OK : SP_E_DNS_NODATA;
    case ARES_RCODE_NXDOMAIN:
        return SP_E_DNS_NXDOMAIN;
    case ARES_RCODE_SERVFAIL:
        return SP_E_DNS_SERVFAIL;
    case ARES_RCODE_REFUSED:
    case ARES_RCODE_NOTIMP:
        return SP_E_DNS_REFUSED;
    default:
        return SP_E_DNS_FORMAT;
    }
}

struct answer_taker {
    struct sp_dns_answer *out;
    enum sp_dns_type type;
    bool found;
};

static void visit_record(void *ctx, const ares_dns_rr_t *rr)
{
    struct answer_taker *taker = ctx;

    taker->found = taker->found || (int)ares_dns_rr_get_type(rr) == (int)taker->type;
    put_record(taker->out, rr);
}

void sp_dns_take_answer(const ares_dns_record_t *response, const char *name, enum sp_dns_type type,
                        struct sp_dns_answer *out)
{
    struct answer_taker taker = {.out = out, .type = type};

    sp_dns_answer_reset(out);
    walk(response, name, type, visit_record, &taker);
    out->result = verdict(response, taker.found);
}

static void visit_address(void *ctx, const ares_dns_rr_t *rr)
{
    struct sp_dns_addresses *out = ctx;

    if (ares_dns_rr_get_type(rr) != ARES_REC_TYPE_CNAME && out->n < SP_DNS_ADDRESSES) {
        take_address(rr, &out->list[out->n++]);
    }
}

void sp_dns_take_addresses(const ares_dns_record_t *response, const char *name,
                           enum sp_dns_type type, struct sp_dns_addresses *out)
{
    out->n = 0;
    walk(response, name, type, visit_address, out);
    out->result = verdict(response, out->n > 0);
}

int sp_dns_parse(struct sp_span message, const char *name, enum sp_dns_type type,
                 struct sp_dns_answer *out)
{
    ares_dns_record_t *response = NULL;

    memset(out, 0, sizeof *out);
    out->result = SP_E_DNS_FORMAT;
    if (message.n > 0 && ares_dns_parse(message.p, message.n, 0, &response) == ARES_SUCCESS) {
        sp_dns_take_answer(response, name, type, out);
    }
    ares_dns_record_destroy(response);
    return out->result;
}
