#include "net/dns_plan.h"

#include "base/err.h"

#include <string.h>

#define TYPE_CNAME 5U
#define TYPE_SOA 6U
#define TYPE_TXT 16U
#define FLAG_AUTHORITY 0x0400U

int sp_dns_wish_add(struct sp_dns_wish *wish, const void *data, size_t n)
{
    size_t at = 0;

    if (wish->n > 0) {
        at = (size_t)wish->values[wish->n - 1].at + wish->values[wish->n - 1].n;
    }
    if (wish->n == SP_DNS_WISH_VALUES || n > sizeof wish->data - at) {
        return SP_E_SPACE;
    }
    memcpy(wish->data + at, data, n);
    wish->values[wish->n].at = (uint16_t)at;
    wish->values[wish->n].n = (uint16_t)n;
    wish->n++;
    return 0;
}

static struct sp_span value(const struct sp_dns_wish *wish, unsigned i)
{
    return sp_span(wish->data + wish->values[i].at, wish->values[i].n);
}

void sp_dns_plan_query(const struct sp_dns_wish *wish, uint16_t id, void *array, size_t cap,
                       struct sp_dns_writer *w)
{
    sp_dns_write_start(w, array, cap, id, 0);
    sp_dns_write_question(w, wish->name, wish->type);
}

/* --- the answer --- */

/* The records of the answer that are about the wish's name, one after the other. */
struct answer {
    const struct sp_dns_wish *wish;
    struct sp_span message;
    struct sp_dns_reader first; /* at the first record */
    unsigned n;
};

struct cursor {
    struct sp_dns_reader r;
    unsigned left;
};

static struct cursor from_first(const struct answer *answer)
{
    return (struct cursor){.r = answer->first, .left = answer->n};
}

/* 1 and the next record of that type at the wish's name, 0 at the end, SP_E_PROTOCOL. */
static int next(const struct answer *answer, struct cursor *cursor, unsigned type,
                struct sp_dns_rr *out)
{
    char name[SP_DOMAIN_SIZE];

    while (cursor->left > 0) {
        cursor->left--;
        if (sp_dns_read_rr(&cursor->r, out) < 0) {
            return SP_E_PROTOCOL;
        }
        if (out->type == type && out->class == SP_DNS_CLASS_IN &&
            sp_dns_name_at(answer->message, out->name_at, name, sizeof name, NULL) == 0 &&
            strcmp(name, answer->wish->name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The question must be ours: an answer to another one says nothing about this name. */
static int open_answer(struct answer *answer, uint16_t id)
{
    struct sp_dns_header header;
    char name[SP_DOMAIN_SIZE];
    struct sp_dns_reader *r = &answer->first;
    unsigned rcode;

    if (sp_dns_read_start(r, answer->message, &header) < 0 || header.id != id ||
        (header.flags & SP_DNS_FLAG_RESPONSE) == 0 || SP_DNS_OPCODE(header.flags) != 0) {
        return SP_E_PROTOCOL;
    }
    rcode = SP_DNS_RCODE(header.flags);
    if (rcode != SP_DNS_NOERROR && rcode != SP_DNS_NXDOMAIN) {
        return rcode == SP_DNS_REFUSED ? SP_E_DNS_REFUSED : SP_E_DNS_SERVFAIL;
    }
    if ((header.flags & SP_DNS_FLAG_TRUNCATED) != 0) {
        return SP_E_PROTOCOL;
    }
    if ((header.flags & FLAG_AUTHORITY) == 0) {
        return SP_E_STATE;
    }
    if (header.counts[SP_DNS_QUESTION] != 1 ||
        sp_dns_name_at(answer->message, r->at, name, sizeof name, NULL) < 0 ||
        strcmp(name, answer->wish->name) != 0 || sp_dns_skip_question(r) < 0 ||
        (unsigned)(r->p[r->at - 4] << 8U | r->p[r->at - 3]) != answer->wish->type) {
        return SP_E_PROTOCOL;
    }
    answer->n = header.counts[SP_DNS_ANSWERS];
    return 0;
}

/* Where the name leads to: ALIAS, or SAME when it is none. */
static int find_alias(const struct answer *answer, char *target)
{
    struct cursor cursor = from_first(answer);
    struct sp_dns_rr rr;
    int found = next(answer, &cursor, TYPE_CNAME, &rr);

    if (found <= 0) {
        return found < 0 ? found : SP_DNS_PLAN_SAME;
    }
    found = sp_dns_name_at(answer->message, rr.data_at, target, SP_DOMAIN_SIZE, NULL);
    return found < 0 ? found : SP_DNS_PLAN_ALIAS;
}

/* --- the update --- */

/* TXT is the same when its text is, in whatever strings (RFC 8461 3.1). */
static bool same_data(unsigned type, struct sp_span a, struct sp_span b)
{
    char text_a[SP_DNS_WISH_DATA], text_b[SP_DNS_WISH_DATA];

    if (type != TYPE_TXT || a.n >= sizeof text_a) {
        return sp_span_equal(a, b);
    }
    return sp_dns_txt_text(a, text_a, sizeof text_a) == 0 &&
           sp_dns_txt_text(b, text_b, sizeof text_b) == 0 && strcmp(text_a, text_b) == 0;
}

/* Number of the wished value that a record is; wish->n when it is none. */
static unsigned wished(const struct sp_dns_wish *wish, struct sp_span data)
{
    unsigned i = 0;

    while (i < wish->n && !same_data(wish->type, data, value(wish, i))) {
        i++;
    }
    return i;
}

/* What an answer holds. */
struct sight {
    unsigned found;   /* bits of the wished values that are there */
    bool any, others; /* records at all; such as stay beside ours */
    bool foreign, stale;
    uint32_t ttl;
};

static int look(const struct answer *answer, struct sight *out)
{
    const struct sp_dns_wish *wish = answer->wish;
    struct cursor cursor = from_first(answer);
    struct sp_dns_rr rr;
    int found;

    *out = (struct sight){0};
    while ((found = next(answer, &cursor, wish->type, &rr)) > 0) {
        unsigned i = wished(wish, rr.data);

        out->any = true;
        out->ttl = rr.ttl;
        if (i < wish->n) {
            /* The same text twice, in other strings: one of them is too many. */
            out->stale = out->stale || (out->found & 1U << i) != 0;
            out->found |= 1U << i;
            continue;
        }
        switch (wish->owner(wish, rr.data)) {
        case SP_DNS_OURS:
            out->stale = true;
            break;
        case SP_DNS_FOREIGN:
            out->foreign = true;
            break;
        case SP_DNS_OTHERS:
            out->others = true;
            break;
        }
    }
    return found;
}

/* The RRset is as it was seen, and no CNAME has come beside (RFC 2136 2.4.2, 2.4.3): over one,
 * what is added would be passed over without a word. */
static void write_prerequisites(const struct answer *answer, const struct sight *sight,
                                struct sp_dns_writer *w)
{
    const struct sp_dns_wish *wish = answer->wish;
    struct cursor cursor = from_first(answer);
    struct sp_dns_rr rr;

    sp_dns_write_record(w, SP_DNS_ANSWERS, wish->name, TYPE_CNAME, SP_DNS_CLASS_NONE, 0,
                        sp_span(NULL, 0));
    if (!sight->any) {
        sp_dns_write_record(w, SP_DNS_ANSWERS, wish->name, wish->type, SP_DNS_CLASS_NONE, 0,
                            sp_span(NULL, 0));
    }
    while (next(answer, &cursor, wish->type, &rr) > 0) {
        sp_dns_write_record(w, SP_DNS_ANSWERS, wish->name, wish->type, SP_DNS_CLASS_IN, 0, rr.data);
    }
}

/* Deletes what is ours and not wished, then adds what is wished and not there (RFC 2136 2.5). */
static void write_changes(const struct answer *answer, const struct sight *sight,
                          struct sp_dns_writer *w)
{
    const struct sp_dns_wish *wish = answer->wish;
    struct cursor cursor = from_first(answer);
    struct sp_dns_rr rr;
    unsigned kept = 0;

    while (next(answer, &cursor, wish->type, &rr) > 0) {
        unsigned i = wished(wish, rr.data);

        if (i < wish->n && (kept & 1U << i) == 0) {
            kept |= 1U << i;
        } else if (i < wish->n || wish->owner(wish, rr.data) == SP_DNS_OURS) {
            sp_dns_write_record(w, SP_DNS_AUTHORITY, wish->name, wish->type, SP_DNS_CLASS_NONE, 0,
                                rr.data);
        }
    }
    for (unsigned i = 0; i < wish->n; i++) {
        if ((sight->found & 1U << i) == 0) {
            sp_dns_write_record(w, SP_DNS_AUTHORITY, wish->name, wish->type, SP_DNS_CLASS_IN,
                                sight->others ? sight->ttl : wish->ttl, value(wish, i));
        }
    }
}

static int write_update(const struct answer *answer, const struct sight *sight, uint16_t id,
                        void *array, size_t cap, struct sp_dns_writer *w)
{
    sp_dns_write_start(w, array, cap, id, SP_DNS_OPCODE_UPDATE << 11U);
    sp_dns_write_question(w, answer->wish->zone, TYPE_SOA);
    write_prerequisites(answer, sight, w);
    write_changes(answer, sight, w);
    return w->bad ? SP_E_TOO_BIG : SP_DNS_PLAN_CHANGE;
}

int sp_dns_plan_update(const struct sp_dns_wish *wish, struct sp_span message, uint16_t id,
                       void *array, size_t cap, struct sp_dns_writer *w, char *target)
{
    struct answer answer = {.wish = wish, .message = message};
    struct sight sight;
    int err = open_answer(&answer, id);

    if (err == 0) {
        err = find_alias(&answer, target);
    }
    if (err != SP_DNS_PLAN_SAME) {
        return err;
    }
    err = look(&answer, &sight);
    if (err < 0) {
        return err;
    }
    if (sight.foreign) {
        return SP_DNS_PLAN_FOREIGN;
    }
    if (!sight.stale && sight.found == (1U << wish->n) - 1U) {
        return SP_DNS_PLAN_SAME;
    }
    return write_update(&answer, &sight, id, array, cap, w);
}
