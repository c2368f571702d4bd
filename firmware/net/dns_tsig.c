#include "net/dns_tsig.h"

#include "base/err.h"

#include <string.h>

#define ALGORITHM "hmac-sha256"
/* After the algorithm's name: time 6, fudge 2, size of the mac 2; after the mac: original id 2,
 * error 2, size of other data 2. */
#define BEFORE_MAC 10
#define AFTER_MAC 6
#define ID_SIZE 2
#define COUNT_AT 10 /* of the additional section's, in the header */
#define MOST_SECONDS 0xffffffffffffULL

/* What is signed beside the message (RFC 8945 4.3.3). */
struct variables {
    uint8_t bytes[2 * SP_DNS_WIRE_NAME + 32];
    size_t n;
};

struct fields {
    uint64_t time;
    uint16_t fudge, original_id, error;
    struct sp_span mac, other;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8U | p[1]);
}

static uint64_t get48(const uint8_t *p)
{
    uint64_t value = 0;

    for (int i = 0; i < 6; i++) {
        value = value << 8U | p[i];
    }
    return value;
}

static void write48(struct sp_dns_writer *w, uint64_t value)
{
    sp_dns_write16(w, (unsigned)(value >> 32U) & 0xffffU);
    sp_dns_write32(w, (uint32_t)value);
}

/* False when the key's name is none. */
static bool make_variables(struct variables *out, const char *key_name, const struct fields *f)
{
    struct sp_dns_writer w = {.p = out->bytes, .cap = sizeof out->bytes};

    sp_dns_write_name(&w, key_name);
    sp_dns_write16(&w, SP_DNS_CLASS_ANY);
    sp_dns_write32(&w, 0);
    sp_dns_write_name(&w, ALGORITHM);
    write48(&w, f->time);
    sp_dns_write16(&w, f->fudge);
    sp_dns_write16(&w, f->error);
    sp_dns_write16(&w, (unsigned)f->other.n);
    sp_dns_write(&w, f->other.p, f->other.n);
    out->n = w.n;
    return !w.bad;
}

static void write_tsig(struct sp_dns_writer *w, const char *key_name, const struct fields *f)
{
    uint8_t bytes[SP_DNS_WIRE_NAME];
    struct sp_dns_writer data = {.p = bytes, .cap = sizeof bytes};

    sp_dns_write_name(&data, ALGORITHM);
    write48(&data, f->time);
    sp_dns_write16(&data, f->fudge);
    sp_dns_write16(&data, (unsigned)f->mac.n);
    sp_dns_write(&data, f->mac.p, f->mac.n);
    sp_dns_write16(&data, f->original_id);
    sp_dns_write16(&data, 0);
    sp_dns_write16(&data, 0);
    sp_dns_write_record(w, SP_DNS_ADDITIONAL, key_name, SP_DNS_TYPE_TSIG, SP_DNS_CLASS_ANY, 0,
                        sp_span(data.p, data.n));
    w->bad = w->bad || data.bad;
}

int sp_tsig_sign(struct sp_dns_writer *message, const struct sp_tsig_key *key, sp_utc utc,
                 uint8_t mac[SP_SHA256_SIZE])
{
    struct fields f = {.time = (uint64_t)utc & MOST_SECONDS, .fudge = SP_TSIG_FUDGE};
    struct variables variables;
    struct sp_span pieces[2] = {sp_span(message->p, message->n)};
    int err;

    if (message->bad || !make_variables(&variables, key->name, &f)) {
        return SP_E_SPACE;
    }
    pieces[1] = sp_span(variables.bytes, variables.n);
    err = sp_hmac_sha256v(sp_span(key->secret, key->secret_n), pieces, 2, mac);
    if (err < 0) {
        return err;
    }
    f.original_id = get16(message->p);
    f.mac = sp_span(mac, SP_SHA256_SIZE);
    write_tsig(message, key->name, &f);
    return message->bad ? SP_E_SPACE : 0;
}

/* --- the answer's --- */

/* The last record, when it is a signature (RFC 8945 5.2): SP_E_NOT_FOUND, SP_E_PROTOCOL. */
static int find(struct sp_span message, struct sp_dns_rr *out)
{
    struct sp_dns_reader r;
    struct sp_dns_header header;
    unsigned left;

    if (sp_dns_read_start(&r, message, &header) < 0) {
        return SP_E_PROTOCOL;
    }
    for (unsigned i = 0; i < header.counts[SP_DNS_QUESTION]; i++) {
        if (sp_dns_skip_question(&r) < 0) {
            return SP_E_PROTOCOL;
        }
    }
    left = (unsigned)header.counts[SP_DNS_ANSWERS] + header.counts[SP_DNS_AUTHORITY] +
           header.counts[SP_DNS_ADDITIONAL];
    if (header.counts[SP_DNS_ADDITIONAL] == 0) {
        return SP_E_NOT_FOUND;
    }
    for (; left > 0; left--) {
        if (sp_dns_read_rr(&r, out) < 0) {
            return SP_E_PROTOCOL;
        }
        if (out->type == SP_DNS_TYPE_TSIG && left > 1) {
            return SP_E_PROTOCOL;
        }
    }
    return out->type == SP_DNS_TYPE_TSIG ? 0 : SP_E_NOT_FOUND;
}

/* The record's fields, when it is of this key and algorithm. */
static int take(struct sp_span message, const struct sp_dns_rr *rr, const char *key_name,
                struct fields *out)
{
    char name[SP_DOMAIN_SIZE];
    const uint8_t *p;
    size_t at;
    size_t end = rr->data_at + rr->data.n;

    if (rr->class != SP_DNS_CLASS_ANY || rr->ttl != 0 ||
        sp_dns_name_at(message, rr->name_at, name, sizeof name, NULL) < 0 ||
        !sp_span_is_nocase(sp_span_str(name), key_name) ||
        sp_dns_name_at(message, rr->data_at, name, sizeof name, &at) < 0 ||
        strcmp(name, ALGORITHM) != 0 || at > end || end - at < BEFORE_MAC + AFTER_MAC) {
        return SP_E_PROTOCOL;
    }
    p = message.p + at;
    out->time = get48(p);
    out->fudge = get16(p + 6);
    out->mac = sp_span(p + BEFORE_MAC, get16(p + 8));
    if (end - at - BEFORE_MAC - AFTER_MAC < out->mac.n) {
        return SP_E_PROTOCOL;
    }
    p += BEFORE_MAC + out->mac.n;
    out->original_id = get16(p);
    out->error = get16(p + 2);
    out->other = sp_span(p + AFTER_MAC, get16(p + 4));
    return out->other.n <= 6 && at + BEFORE_MAC + out->mac.n + AFTER_MAC + out->other.n == end
               ? 0
               : SP_E_PROTOCOL;
}

/* Whether the mac is right; in a time that does not depend on where it is wrong. */
static bool is_right(struct sp_span message, const struct sp_dns_rr *rr, const struct fields *f,
                     const struct sp_tsig_key *key, const uint8_t *request_mac)
{
    static const uint8_t mac_size[2] = {0, SP_SHA256_SIZE};
    uint8_t header[SP_DNS_HEADER];
    uint8_t mac[SP_SHA256_SIZE];
    struct variables variables;
    struct sp_span pieces[5];
    uint8_t difference = 0;
    unsigned count = get16(message.p + COUNT_AT) - 1U;

    memcpy(header, message.p, sizeof header);
    header[0] = (uint8_t)(f->original_id >> 8U);
    header[1] = (uint8_t)f->original_id;
    header[COUNT_AT] = (uint8_t)(count >> 8U);
    header[COUNT_AT + 1] = (uint8_t)count;
    if (f->mac.n != sizeof mac || !make_variables(&variables, key->name, f)) {
        return false;
    }
    pieces[0] = sp_span(mac_size, sizeof mac_size);
    pieces[1] = sp_span(request_mac, SP_SHA256_SIZE);
    pieces[2] = sp_span(header, sizeof header);
    pieces[3] = sp_span(message.p + SP_DNS_HEADER, rr->at - SP_DNS_HEADER);
    pieces[4] = sp_span(variables.bytes, variables.n);
    if (sp_hmac_sha256v(sp_span(key->secret, key->secret_n), pieces, 5, mac) < 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof mac; i++) {
        difference |= (uint8_t)(mac[i] ^ f->mac.p[i]);
    }
    return difference == 0;
}

int sp_tsig_verify(struct sp_span message, const struct sp_tsig_key *key,
                   const uint8_t request_mac[SP_SHA256_SIZE], sp_utc utc,
                   struct sp_tsig_verdict *out)
{
    struct sp_dns_rr rr = {0};
    struct fields f;
    uint64_t now = (uint64_t)utc & MOST_SECONDS;
    int err = find(message, &rr);

    *out = (struct sp_tsig_verdict){0};
    if (err == 0) {
        err = take(message, &rr, key->name, &f);
    }
    if (err < 0) {
        return err;
    }
    out->n = rr.at;
    out->error = f.error;
    out->time = (sp_utc)f.time;
    if (f.error == SP_DNS_BADTIME && f.other.n == 6) {
        out->time = (sp_utc)get48(f.other.p);
    }
    if (!is_right(message, &rr, &f, key, request_mac)) {
        return f.error != 0 ? SP_E_REFUSED : SP_E_PROTOCOL;
    }
    if (f.error == 0 && (now > f.time ? now - f.time : f.time - now) > f.fudge) {
        return SP_E_CLOCK;
    }
    return 0;
}
