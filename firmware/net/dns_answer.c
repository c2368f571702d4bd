#include "net/dns_answer.h"

#include <string.h>
#include <strings.h>

/* What stands before a record's texts. */
struct head {
    uint32_t ttl;
    uint16_t size; /* of the record, with this */
    uint16_t type;
    uint16_t number;
    bool same_owner; /* as the record before; it has no text of its own */
};

void sp_dns_answer_reset(struct sp_dns_answer *answer)
{
    answer->n = 0;
    answer->used = 0;
    answer->last_owner = 0;
    answer->cut = false;
}

/* Where n bytes of the record may be written; NULL when there is no room. */
static uint8_t *room(struct sp_dns_writer *writer, size_t n)
{
    uint8_t *at = writer->answer->bytes + writer->at;

    if (writer->full || n > sizeof writer->answer->bytes - writer->at) {
        writer->full = true;
        return NULL;
    }
    writer->at += n;
    return at;
}

void sp_dns_put_text(struct sp_dns_writer *writer, const void *bytes, size_t n, size_t cap)
{
    const uint8_t *from = bytes;
    uint8_t *to;

    n = n < cap ? n : cap - 1;
    to = room(writer, n + 1);
    if (to == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        to[i] = from[i] != 0 ? from[i] : '?';
    }
    to[n] = '\0';
}

void sp_dns_add_text(struct sp_dns_writer *writer, const void *bytes, size_t n, size_t cap)
{
    if (!writer->full) {
        writer->at--; /* the terminator */
    }
    sp_dns_put_text(writer, bytes, n, cap);
}

void sp_dns_put_name(struct sp_dns_writer *writer, const char *name)
{
    size_t n = strlen(name);
    uint8_t *to;

    n = n < SP_DOMAIN_SIZE ? n : SP_DOMAIN_SIZE - 1;
    to = room(writer, n + 1);
    if (to == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool upper = name[i] >= 'A' && name[i] <= 'Z';

        to[i] = (uint8_t)(upper ? name[i] + ('a' - 'A') : name[i]);
    }
    to[n] = '\0';
}

void sp_dns_put_addr(struct sp_dns_writer *writer, const struct sp_addr *addr)
{
    uint8_t *to = room(writer, 1 + sizeof addr->bytes);

    if (to != NULL) {
        to[0] = addr->family;
        memcpy(to + 1, addr->bytes, sizeof addr->bytes);
    }
}

static const char *text_at(const struct sp_dns_answer *answer, size_t at)
{
    return (const char *)answer->bytes + at;
}

static struct head head_at(const struct sp_dns_answer *answer, size_t at)
{
    struct head head;

    memcpy(&head, answer->bytes + at, sizeof head);
    return head;
}

/* Names are kept cut to SP_DOMAIN_SIZE. */
static bool is_last_owner(const struct sp_dns_answer *answer, const char *owner)
{
    return answer->n > 0 &&
           strncasecmp(text_at(answer, answer->last_owner), owner, SP_DOMAIN_SIZE - 1) == 0;
}

void sp_dns_record_begin(struct sp_dns_writer *writer, struct sp_dns_answer *answer,
                         enum sp_dns_type type, uint32_t ttl, uint16_t number, const char *owner)
{
    struct head head = {.ttl = ttl,
                        .type = (uint16_t)type,
                        .number = number,
                        .same_owner = is_last_owner(answer, owner)};
    uint8_t *to;

    *writer = (struct sp_dns_writer){.answer = answer, .at = answer->used, .full = answer->cut};
    to = room(writer, sizeof head);
    if (to == NULL) {
        return;
    }
    memcpy(to, &head, sizeof head);
    if (!head.same_owner) {
        sp_dns_put_name(writer, owner);
    }
}

void sp_dns_record_end(struct sp_dns_writer *writer)
{
    struct sp_dns_answer *answer = writer->answer;
    struct head head;

    if (writer->full) {
        answer->cut = true;
        return;
    }
    head = head_at(answer, answer->used);
    head.size = (uint16_t)(writer->at - answer->used);
    memcpy(answer->bytes + answer->used, &head, sizeof head);
    if (!head.same_owner) {
        answer->last_owner = (uint16_t)(answer->used + sizeof head);
    }
    answer->used = (uint16_t)writer->at;
    answer->n++;
}

/* Reading */

static const char *take_text(const struct sp_dns_answer *answer, size_t *at)
{
    const char *text = text_at(answer, *at);

    *at += strlen(text) + 1;
    return text;
}

static struct sp_addr take_addr(const struct sp_dns_answer *answer, size_t at)
{
    struct sp_addr addr = {.family = answer->bytes[at]};

    memcpy(addr.bytes, answer->bytes + at + 1, sizeof addr.bytes);
    return addr;
}

static void take_fields(const struct sp_dns_answer *answer, const struct head *head, size_t at,
                        struct sp_dns_record *out)
{
    switch (out->type) {
    case SP_DNS_A:
    case SP_DNS_AAAA:
        out->u.addr = take_addr(answer, at);
        break;
    case SP_DNS_CNAME:
    case SP_DNS_NS:
        out->u.host = take_text(answer, &at);
        break;
    case SP_DNS_MX:
        out->u.mx.preference = head->number;
        out->u.mx.host = take_text(answer, &at);
        break;
    case SP_DNS_TXT:
        out->u.text = take_text(answer, &at);
        break;
    case SP_DNS_CAA:
        out->u.caa.critical = (uint8_t)head->number;
        out->u.caa.tag = take_text(answer, &at);
        out->u.caa.value = take_text(answer, &at);
        break;
    case SP_DNS_SOA: /* that it is there is all that is wanted */
    case SP_DNS_TLSA:
        break;
    }
}

bool sp_dns_next(const struct sp_dns_answer *answer, struct sp_dns_cursor *cursor,
                 struct sp_dns_record *out)
{
    struct head head;
    size_t at;

    if (cursor->at >= answer->used) {
        return false;
    }
    head = head_at(answer, cursor->at);
    at = cursor->at + sizeof head;
    if (!head.same_owner) {
        cursor->owner = take_text(answer, &at);
    }
    cursor->at += head.size;
    memset(out, 0, sizeof *out);
    out->type = (enum sp_dns_type)head.type;
    out->ttl = head.ttl;
    out->name = cursor->owner;
    take_fields(answer, &head, at, out);
    return true;
}
