/* What the records of a domain are to be, beside what was put last. */
#include "app/app.h"
#include "app/publish_private.h"
#include "base/scratch.h"
#include "net/clock.h"

#include <string.h>

uint32_t sp_publish_hash(const char *text)
{
    return sp_hash32(text, strlen(text)) | 1U;
}

/* The record of that number as the domain's list has it; false when it has none. */
static bool find_record(const struct sp_records_wish *wish, unsigned record, struct sp_record *out)
{
    static const struct {
        const char *type, *prefix;
    } kinds[SP_DOMAIN_PUT] = {
        [SP_PUT_A] = {"A", "mta-sts."},
        [SP_PUT_AAAA] = {"AAAA", "mta-sts."},
        [SP_PUT_ID] = {"TXT", "_mta-sts."},
        [SP_PUT_RUA] = {"TXT", "_smtp._tls."},
    };
    unsigned n = sp_records_make(wish, 0, out);

    for (unsigned i = 0; i < n; i++) {
        (void)sp_records_make(wish, i, out);
        if (strcmp(out->type, kinds[record].type) == 0 &&
            sp_span_starts(sp_span_str(out->name), kinds[record].prefix)) {
            return true;
        }
    }
    return false;
}

bool sp_publish_is_over(const struct sp_domain *d)
{
    return d->state == SP_DOMAIN_DISABLED && d->max_age_served > 0;
}

enum sp_publish_wish sp_publish_wish(const struct sp_domain *d, unsigned record,
                                     struct sp_record *out)
{
    struct sp_addr addresses[2];
    char id[SP_POLICY_ID_SIZE];
    bool served = d->state == SP_DOMAIN_ACTIVE || d->state == SP_DOMAIN_RETIRING;
    struct sp_records_wish wish = {.domain = d->name,
                                   .policy_id = id,
                                   .rua = d->rua,
                                   .addresses = addresses,
                                   .addresses_n = sp_app_public_addresses(addresses, 2),
                                   .ca = "",
                                   .account = ""};
    bool absent = sp_publish_is_over(d);

    sp_life_published_id(d, sp_clock_utc(sp_app_now()), id);
    if (record == SP_PUT_ID && id[0] == '\0') {
        absent = true;
        memcpy(id, "0", sizeof "0"); /* for the record's name */
    }
    if ((d->state == SP_DOMAIN_DISABLED && !absent) || (record == SP_PUT_RUA && absent) ||
        (record == SP_PUT_ID && !served && !absent) || !find_record(&wish, record, out)) {
        return SP_PUBLISH_LEAVE; /* reports tell of more than this policy, so TLSRPT stays */
    }
    return absent ? SP_PUBLISH_ABSENT : SP_PUBLISH_PRESENT;
}

bool sp_publish_differs(const struct sp_domain *d, unsigned record, struct sp_record *out)
{
    switch (sp_publish_wish(d, record, out)) {
    case SP_PUBLISH_PRESENT:
        return d->put[record] != sp_publish_hash(out->value);
    case SP_PUBLISH_ABSENT:
        return d->put[record] != 0;
    case SP_PUBLISH_LEAVE:
        break;
    }
    return false;
}

bool sp_publish_wants(const struct sp_domain *d, unsigned but)
{
    size_t mark = sp_scratch_mark();
    struct sp_record *record = sp_scratch_take(sizeof *record);
    bool found = false;

    for (unsigned i = 0; i < SP_DOMAIN_PUT && !found; i++) {
        found = i != but && sp_publish_differs(d, i, record);
    }
    sp_scratch_release(mark);
    return found;
}

uint32_t sp_publish_hash_of_wish(const struct sp_dns_wish *wish)
{
    struct sp_addr addr = {.family = wish->type == SP_DNS_A ? 4 : 6};
    char text[SP_DNS_WISH_DATA] = "";

    if (wish->n == 0) {
        return 0;
    }
    if (wish->type == SP_DNS_TXT) {
        (void)sp_dns_txt_text(sp_span(wish->data, wish->values[0].n), text, sizeof text);
        return sp_publish_hash(text);
    }
    memcpy(addr.bytes, wish->data, addr.family == 4 ? 4 : 16);
    return sp_publish_hash(sp_addr_text(&addr, text));
}
