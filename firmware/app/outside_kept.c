/* Each record has the domains of one part of the hashes, in no order; a moment is a day and whether
 * it came from a private address. */
#include "app/outside_kept.h"

#include "app/app.h"
#include "base/log.h"
#include "base/scratch.h"

#include <string.h>

#define RECORDS 4U /* for 1000 domains: some 250 each */
#define VERSION 1
#define HEAD 4         /* bytes: the version, and 0 */
#define ITEM 12        /* bytes: hash of the domain, the days of its events */
#define ITEMS_MAX 320U /* a record of that many takes less than a block of 4 KiB */
#define RECORD_MAX (HEAD + ITEM * ITEMS_MAX)
#define PENDING 24U

#define DAY_S 86400LL
#define DAY_0 1577836800LL /* 2020-01-01 */
#define INSIDE 0x8000U
#define DAYS (INSIDE - 1U)
#define FORGET_DAYS 90U /* after the last event of a domain */

static struct pending {
    uint32_t domain;
    uint16_t day; /* as it is kept; 0: free */
    uint8_t event;
    bool first; /* of its kind: to be written soon */
} pending[PENDING];

static sp_time next_write;

/* --- bytes --- */

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static void put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, (uint16_t)value);
    put16(p + 2, (uint16_t)(value >> 16));
}

static uint16_t day_of(const struct sp_seen_moment *moment)
{
    int64_t day = moment->at < DAY_0 ? 1 : (moment->at - DAY_0) / DAY_S + 1;

    return (uint16_t)(((uint64_t)day & DAYS) | (moment->inside ? INSIDE : 0));
}

static struct sp_seen_moment moment_of(uint16_t day)
{
    struct sp_seen_moment moment = {0, false};

    if (day != 0) {
        moment.at = DAY_0 + ((day & DAYS) - 1) * DAY_S;
        moment.inside = (day & INSIDE) != 0;
    }
    return moment;
}

bool sp_kept_replaces(const struct sp_seen_moment *moment, const struct sp_seen_moment *other)
{
    if (other->at == 0 || moment->inside == other->inside) {
        return moment->at > other->at;
    }
    return moment->inside ? moment->at > other->at + SP_SEEN_RECENT
                          : moment->at + SP_SEEN_RECENT >= other->at;
}

/* Whether a day says something that the other does not. */
static bool is_news(uint16_t day, uint16_t than)
{
    struct sp_seen_moment moment = moment_of(day);
    struct sp_seen_moment other = moment_of(than);

    return sp_kept_replaces(&moment, &other);
}

/* --- what is in flash --- */

static unsigned record_of(uint32_t domain)
{
    return domain % RECORDS;
}

static void name_of(unsigned record, char name[2])
{
    name[0] = (char)('0' + record);
    name[1] = '\0';
}

/* Reads on to the item of that domain. */
static bool read_item(struct sp_store_reader *reader, int length, uint32_t domain,
                      uint8_t item[ITEM])
{
    uint8_t head[HEAD];

    if (length < HEAD || sp_store_read(reader, head, sizeof head) < 0 || head[0] != VERSION) {
        return false;
    }
    for (length -= HEAD; length >= ITEM; length -= ITEM) {
        if (sp_store_read(reader, item, ITEM) < 0) {
            return false;
        }
        if (get32(item) == domain) {
            return true;
        }
    }
    return false;
}

static void load(uint32_t domain, uint16_t days[SP_KEPT_EVENTS])
{
    struct sp_store_reader reader;
    uint8_t item[ITEM];
    char name[2];
    int n;
    bool found;

    memset(days, 0, sizeof days[0] * SP_KEPT_EVENTS);
    name_of(record_of(domain), name);
    n = sp_store_read_begin(&sp_app.store, SP_KIND_SEEN, name, &reader);
    if (n < 0) {
        return;
    }
    found = read_item(&reader, n, domain, item);
    if (sp_store_read_end(&reader) == SP_OK && found) {
        for (unsigned i = 0; i < SP_KEPT_EVENTS; i++) {
            days[i] = get16(item + 4 + 2 * i);
        }
    }
}

/* --- writing --- */

/* A record in scratch memory. */
struct draft {
    uint8_t *bytes;
    unsigned items;
};

static uint8_t *item_at(const struct draft *draft, unsigned i)
{
    return draft->bytes + HEAD + (size_t)ITEM * i;
}

static uint16_t last_day(const uint8_t *item)
{
    uint16_t last = 0;

    for (unsigned i = 0; i < SP_KEPT_EVENTS; i++) {
        uint16_t day = get16(item + 4 + 2 * i) & DAYS;
        last = day > last ? day : last;
    }
    return last;
}

static void open_draft(struct draft *draft, const char *name)
{
    int n;

    draft->bytes = sp_scratch_take(RECORD_MAX);
    n = sp_store_get(&sp_app.store, SP_KIND_SEEN, name, draft->bytes, RECORD_MAX);
    draft->items = n >= HEAD && draft->bytes[0] == VERSION ? (unsigned)(n - HEAD) / ITEM : 0;
    put32(draft->bytes, VERSION);
}

/* Takes out what nothing was seen of for long: domains that were removed, above all. */
static void drop_old(struct draft *draft, uint16_t today)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < draft->items; i++) {
        if (last_day(item_at(draft, i)) + FORGET_DAYS >= (today & DAYS)) {
            memmove(item_at(draft, kept++), item_at(draft, i), ITEM);
        }
    }
    draft->items = kept;
}

static unsigned longest_unseen(const struct draft *draft)
{
    unsigned found = 0;

    for (unsigned i = 1; i < draft->items; i++) {
        if (last_day(item_at(draft, i)) < last_day(item_at(draft, found))) {
            found = i;
        }
    }
    return found;
}

static uint8_t *item_for(struct draft *draft, uint32_t domain)
{
    uint8_t *item;

    for (unsigned i = 0; i < draft->items; i++) {
        if (get32(item_at(draft, i)) == domain) {
            return item_at(draft, i);
        }
    }
    item = item_at(draft, draft->items < ITEMS_MAX ? draft->items++ : longest_unseen(draft));
    memset(item, 0, ITEM);
    put32(item, domain);
    return item;
}

static void merge(struct draft *draft, const struct pending *news)
{
    uint8_t *day = item_for(draft, news->domain) + 4 + 2 * (size_t)news->event;

    if (is_news(news->day, get16(day))) {
        put16(day, news->day);
    }
}

static bool is_of(const struct pending *entry, unsigned record)
{
    return entry->day != 0 && record_of(entry->domain) == record;
}

/* What waits for that record is in flash afterwards, or goes on waiting. */
static int write_record(unsigned record)
{
    size_t mark = sp_scratch_mark();
    struct draft draft;
    char name[2];
    int err;

    name_of(record, name);
    open_draft(&draft, name);
    for (unsigned i = 0; i < PENDING; i++) {
        if (is_of(&pending[i], record)) {
            drop_old(&draft, pending[i].day);
            merge(&draft, &pending[i]);
        }
    }
    err = sp_store_put(&sp_app.store, SP_KIND_SEEN, name,
                       sp_span(draft.bytes, HEAD + (size_t)ITEM * draft.items), 0);
    sp_scratch_release(mark);
    for (unsigned i = 0; i < PENDING; i++) {
        if (is_of(&pending[i], record)) {
            pending[i].first = false;
            pending[i].day = err == SP_OK ? 0 : pending[i].day;
        }
    }
    if (err < 0) {
        sp_log_warn("outside", "what was seen could not be kept: %s", sp_err_text(err));
    }
    return err;
}

/* --- what waits --- */

static struct pending *find(uint32_t domain, unsigned event)
{
    for (unsigned i = 0; i < PENDING; i++) {
        if (pending[i].day != 0 && pending[i].domain == domain && pending[i].event == event) {
            return &pending[i];
        }
    }
    return NULL;
}

/* A free place, if need be by writing; where flash fails, the place of another. */
static struct pending *place(void)
{
    for (unsigned i = 0; i < PENDING; i++) {
        if (pending[i].day == 0) {
            return &pending[i];
        }
    }
    (void)write_record(record_of(pending[0].domain));
    return &pending[0];
}

void sp_kept_add(uint32_t domain, unsigned event, const struct sp_seen_moment *moment)
{
    struct pending *entry = find(domain, event);
    uint16_t day = day_of(moment);
    uint16_t days[SP_KEPT_EVENTS];

    if (entry != NULL) {
        entry->day = is_news(day, entry->day) ? day : entry->day;
        return;
    }
    load(domain, days);
    if (is_news(day, days[event])) {
        *place() = (struct pending){domain, day, (uint8_t)event, days[event] == 0};
    }
}

void sp_kept_get(uint32_t domain, struct sp_seen_moment out[SP_KEPT_EVENTS])
{
    uint16_t days[SP_KEPT_EVENTS];

    load(domain, days);
    for (unsigned i = 0; i < SP_KEPT_EVENTS; i++) {
        const struct pending *entry = find(domain, i);

        out[i] = moment_of(entry != NULL && is_news(entry->day, days[i]) ? entry->day : days[i]);
    }
}

/* Whether anything waits for that record, or something that was never seen before. */
static bool is_awaited(unsigned record, bool first)
{
    for (unsigned i = 0; i < PENDING; i++) {
        if (is_of(&pending[i], record) && (pending[i].first || !first)) {
            return true;
        }
    }
    return false;
}

sp_time sp_kept_step(sp_time now)
{
    bool due = now >= next_write;
    bool waiting = false;
    bool wrote = false;

    for (unsigned i = 0; i < RECORDS; i++) {
        if (is_awaited(i, !due)) {
            (void)write_record(i);
            wrote = true;
        }
        waiting = waiting || is_awaited(i, false);
    }
    if (due && wrote) {
        next_write = now + SP_KEPT_EVERY_MS;
    }
    return waiting ? next_write : SP_NEVER;
}

void sp_kept_forget(void)
{
    memset(pending, 0, sizeof pending);
}
