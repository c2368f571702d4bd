#include "app/outside.h"

#include "app/app.h"
#include "app/outside_kept.h"
#include "net/clock.h"

#include <stdio.h>
#include <string.h>

struct entry {
    uint8_t from[16];
    uint32_t domain; /* hash of its name */
    uint32_t at;     /* 0: free */
    int16_t status;
    uint16_t bytes;
    uint8_t family;
    uint8_t kind;
    char tls; /* the version's last digit; 0: none */
};

static struct entry ring[SP_OUTSIDE_ENTRIES];

static uint32_t hash_of(const char *domain)
{
    return sp_hash32(domain, strlen(domain));
}

static unsigned kept_event(enum sp_seen_kind kind, uint8_t family)
{
    return (kind == SP_SEEN_VALIDATION ? 1U : 0U) + (family == 6 ? 2U : 0U);
}

/* --- whose address it is --- */

static bool is_loopback(const struct sp_addr *addr)
{
    static const uint8_t loopback6[16] = {[15] = 1};

    return addr->family == 4 ? addr->bytes[0] == 127
                             : memcmp(addr->bytes, loopback6, sizeof loopback6) == 0;
}

static bool is_ours(const struct sp_addr *addr)
{
    struct sp_addr own[SP_ADDRESSES + 2];
    unsigned n = sp_app_own_addresses(own, sizeof own / sizeof own[0]);

    for (unsigned i = 0; i < n; i++) {
        if (sp_addr_equal(addr, &own[i])) {
            return true;
        }
    }
    return is_loopback(addr);
}

/* --- the ring --- */

static bool is_same(const struct entry *a, const struct entry *b)
{
    return a->at != 0 && a->domain == b->domain && a->family == b->family && a->kind == b->kind &&
           a->status == b->status && memcmp(a->from, b->from, sizeof a->from) == 0;
}

/* The oldest, of that domain or of all (0); a free one is older than any. */
static struct entry *oldest(uint32_t domain)
{
    struct entry *found = NULL;

    for (unsigned i = 0; i < SP_OUTSIDE_ENTRIES; i++) {
        struct entry *entry = &ring[i];

        if ((domain == 0 || (entry->at != 0 && entry->domain == domain)) &&
            (found == NULL || entry->at < found->at)) {
            found = entry;
        }
    }
    return found;
}

static unsigned count(uint32_t domain)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SP_OUTSIDE_ENTRIES; i++) {
        n += ring[i].at != 0 && ring[i].domain == domain ? 1 : 0;
    }
    return n;
}

/* Who comes again keeps the place; a domain that is asked for much does not push out the others. */
static struct entry *place_for(const struct entry *entry)
{
    for (unsigned i = 0; i < SP_OUTSIDE_ENTRIES; i++) {
        if (is_same(&ring[i], entry)) {
            return &ring[i];
        }
    }
    return oldest(count(entry->domain) < SP_OUTSIDE_PER_DOMAIN ? 0 : entry->domain);
}

void sp_app_outside_note(const char *domain, const struct sp_seen_event *event, sp_time now)
{
    struct sp_seen_moment moment = {sp_clock_utc(now), !sp_addr_is_global(&event->from)};
    struct entry entry = {.domain = hash_of(domain),
                          .at = (uint32_t)moment.at,
                          .status = event->status,
                          .bytes = event->bytes,
                          .family = event->from.family,
                          .kind = (uint8_t)event->kind};

    if (moment.at <= 0 || is_ours(&event->from)) {
        return;
    }
    memcpy(entry.from, event->from.bytes, sizeof entry.from);
    entry.tls = event->tls[0] != '\0' ? event->tls[strlen(event->tls) - 1] : '\0';
    *place_for(&entry) = entry;
    if (event->status == 200) {
        sp_kept_add(entry.domain, kept_event(event->kind, event->from.family), &moment);
    }
}

/* --- what is told --- */

static void tell(const struct entry *entry, struct sp_seen_event *out)
{
    *out = (struct sp_seen_event){.at = entry->at,
                                  .from = {.family = entry->family},
                                  .kind = (enum sp_seen_kind)entry->kind,
                                  .status = entry->status,
                                  .bytes = entry->bytes};
    memcpy(out->from.bytes, entry->from, sizeof out->from.bytes);
    if (entry->tls != '\0') {
        (void)snprintf(out->tls, sizeof out->tls, "TLSv1.%c", entry->tls);
    }
}

/* Newest first. */
static void put_in(struct sp_check_seen *out, const struct entry *entry)
{
    unsigned at = out->last_n;

    if (at == SP_SEEN_LAST) { /* no domain has more */
        return;
    }
    for (; at > 0 && out->last[at - 1].at <= entry->at; at--) {
        out->last[at] = out->last[at - 1];
    }
    tell(entry, &out->last[at]);
    out->last_n++;
}

static struct sp_seen_moment *moment_of(struct sp_check_seen *out, enum sp_seen_kind kind, bool is6)
{
    return kind == SP_SEEN_FETCH ? &out->fetched[is6] : &out->validated[is6];
}

/* The ring knows the second. */
static void refine(struct sp_check_seen *out, const struct sp_seen_event *event)
{
    struct sp_seen_moment *known = moment_of(out, event->kind, event->from.family == 6);
    struct sp_seen_moment moment = {event->at, !sp_addr_is_global(&event->from)};

    if (event->status == 200 && sp_kept_replaces(&moment, known)) {
        *known = moment;
    }
}

void sp_app_outside_get(const char *domain, struct sp_check_seen *out)
{
    uint32_t hash = hash_of(domain);
    struct sp_seen_moment kept[SP_KEPT_EVENTS];

    memset(out, 0, sizeof *out);
    sp_kept_get(hash, kept);
    for (unsigned is6 = 0; is6 < 2; is6++) {
        out->fetched[is6] = kept[kept_event(SP_SEEN_FETCH, is6 ? 6 : 4)];
        out->validated[is6] = kept[kept_event(SP_SEEN_VALIDATION, is6 ? 6 : 4)];
    }
    for (unsigned i = 0; i < SP_OUTSIDE_ENTRIES; i++) {
        if (ring[i].at != 0 && ring[i].domain == hash) {
            put_in(out, &ring[i]);
        }
    }
    for (unsigned i = 0; i < out->last_n; i++) {
        refine(out, &out->last[i]);
    }
}

sp_time sp_app_outside_step(sp_time now)
{
    return sp_kept_step(now);
}

void sp_app_outside_forget(void)
{
    memset(ring, 0, sizeof ring);
    sp_kept_forget();
}
