/*
 * What waits is a table of four: a domain's hash, its next try, what the last one came to. What has
 * no room there, and all domains after a start, is found by a walk over them.
 */
#include "app/publish_private.h"

#include "app/app.h"
#include "base/log.h"
#include "base/scratch.h"
#include "mtasts/schedule.h"
#include "net/clock.h"
#include "net/http_client.h"
#include "sp_port.h"

#include <string.h>

#define BUSY_MS 200        /* while the HTTP client has its buffer */
#define LOOK_AGAIN_S 3600  /* after a walk that left something out */
#define SERVER_FAILURES 2U /* counted at most: it is tried again within two hours */
#define RACES_MAX 3        /* of a domain, before it is put off */

/* In the HTTP client's buffer. */
struct session {
    struct sp_dns_update update;
    struct sp_dns_update_server server;
    char name[SP_DOMAIN_SIZE];
    uint32_t put[SP_DOMAIN_PUT]; /* as in the domain's record, and then as it is */
    unsigned n;                  /* records done */
    bool known;                  /* put was loaded */
    bool over, changed, verify, asking;
    uint8_t races;          /* how often a record was asked for anew */
    uint8_t result, record; /* worst so far */
};
_Static_assert(sizeof(struct session) <= SP_HTTP_CLIENT_BODY_MAX, "it has to fit the buffer");

static struct {
    struct session *session; /* NULL: none */
    struct sp_publish_waiting waiting[SP_PUBLISH_WAITING];
    uint32_t cursor;      /* of the walk */
    uint32_t walk_at;     /* s since start; of the next walk, 0: none */
    uint32_t hold;        /* s since start; the server is left in peace until then */
    uint8_t failures;     /* of the server, in a row */
    uint8_t server;       /* its last result, 0: none */
    bool walking, verify; /* over all domains */
    bool on;
} publish;

static uint32_t seconds(sp_time now)
{
    return (uint32_t)(now / 1000);
}

static uint32_t backoff(unsigned failures)
{
    uint32_t random = 0;

    (void)sp_port_random(&random, sizeof random);
    return sp_backoff(failures, random);
}

/* --- whose a record is --- */

static enum sp_dns_owner of_address(const struct sp_dns_wish *wish, struct sp_span data)
{
    struct sp_addr own[SP_ADDRESSES + 2];
    unsigned n = sp_app_own_addresses(own, SP_ADDRESSES + 2);
    unsigned record = wish->type == SP_DNS_A ? SP_PUT_A : SP_PUT_AAAA;
    struct sp_addr addr = {.family = wish->type == SP_DNS_A ? 4 : 6};
    char text[SP_ADDR_SIZE];

    if (data.n > sizeof addr.bytes) {
        return SP_DNS_FOREIGN;
    }
    memcpy(addr.bytes, data.p, data.n);
    for (unsigned i = 0; i < n; i++) {
        if (sp_addr_equal(&own[i], &addr)) {
            return SP_DNS_OURS;
        }
    }
    if (publish.session->put[record] == sp_publish_hash(sp_addr_text(&addr, text))) {
        return SP_DNS_OURS;
    }
    return wish->n > 0 ? SP_DNS_FOREIGN : SP_DNS_OTHERS;
}

static enum sp_dns_owner of_text(const struct sp_dns_wish *wish, struct sp_span data)
{
    char text[SP_DNS_WISH_DATA];

    (void)wish;
    if (sp_dns_txt_text(data, text, sizeof text) < 0) {
        return SP_DNS_OTHERS;
    }
    if (sp_span_starts(sp_span_str(text), "v=STSv1")) {
        return SP_DNS_OURS;
    }
    if (!sp_span_starts(sp_span_str(text), "v=TLSRPTv1")) {
        return SP_DNS_OTHERS;
    }
    return publish.session->put[SP_PUT_RUA] == sp_publish_hash(text) ? SP_DNS_OURS : SP_DNS_FOREIGN;
}

/* --- the table --- */

struct sp_publish_waiting *sp_publish_find(const char *domain)
{
    uint32_t hash = sp_publish_hash(domain);

    for (unsigned i = 0; i < SP_PUBLISH_WAITING; i++) {
        if (publish.waiting[i].name == hash) {
            return &publish.waiting[i];
        }
    }
    return NULL;
}

struct sp_publish_waiting *sp_publish_place(const char *domain)
{
    struct sp_publish_waiting *place = sp_publish_find(domain);

    for (unsigned i = 0; i < SP_PUBLISH_WAITING && place == NULL; i++) {
        place = publish.waiting[i].name == 0 ? &publish.waiting[i] : NULL;
    }
    if (place == NULL) {
        place = &publish.waiting[0];
        for (unsigned i = 1; i < SP_PUBLISH_WAITING; i++) {
            place = publish.waiting[i].at > place->at ? &publish.waiting[i] : place;
        }
        publish.walk_at = seconds(sp_app_now()) + LOOK_AGAIN_S;
        place->name = 0;
    }
    if (place->name == 0) {
        *place = (struct sp_publish_waiting){.name = sp_publish_hash(domain),
                                             .at = seconds(sp_app_now()),
                                             .result = SP_PUBLISH_PENDING};
    }
    return place;
}

struct sp_publish_state sp_publish_state(void)
{
    struct sp_publish_state state = {
        .on = publish.on, .server = publish.server, .hold = publish.hold};

    for (unsigned i = 0; i < SP_PUBLISH_WAITING; i++) {
        state.failing += publish.waiting[i].name != 0 && publish.waiting[i].failures > 0 ? 1U : 0U;
    }
    return state;
}

void sp_publish_go(void)
{
    publish.hold = 0;
}

/* --- a session --- */

static int load_server(struct sp_dns_update_server *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_settings_publish *settings = sp_scratch_take(sizeof *settings);
    int n = SP_E_NOT_FOUND;

    sp_settings_publish_load(&sp_app.store, settings);
    if (sp_addr_parse(sp_span_str(settings->server), &out->address) == SP_OK) {
        out->port = settings->port;
        sp_text_cut(out->zone, sizeof out->zone, settings->zone);
        sp_text_cut(out->key.name, sizeof out->key.name, settings->key);
        n = sp_unbase64(sp_span_str(settings->secret), out->key.secret, sizeof out->key.secret);
        out->key.secret_n = n > 0 ? (size_t)n : 0;
    }
    sp_scratch_release(mark);
    return n > 0 ? SP_OK : SP_E_NOT_FOUND;
}

/* False when the HTTP client has its buffer itself. */
static bool begin(const char *name, bool verify)
{
    struct sp_publish_waiting *place = sp_publish_find(name);

    publish.session = sp_http_client_lend(sizeof *publish.session);
    if (publish.session == NULL) {
        return false;
    }
    sp_text_cut(publish.session->name, sizeof publish.session->name, name);
    publish.session->verify = verify;
    if (place != NULL) {
        place->verify = false;
    }
    if (load_server(&publish.session->server) < 0) { /* cannot be read: nothing is done */
        publish.session->n = SP_DOMAIN_PUT;
    }
    return true;
}

/* What was put is kept in the domain's record. */
static void keep(const struct session *s)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d = sp_domain_take(SP_DOMAIN_WHOLE);

    if (s->known && sp_domain_load(&sp_app.store, s->name, d) == SP_OK &&
        memcmp(d->put, s->put, sizeof d->put) != 0) {
        memcpy(d->put, s->put, sizeof d->put);
        if (sp_domain_save(&sp_app.store, d) < 0) {
            sp_log_warn("publish", "%s: what was published could not be kept", s->name);
        }
    }
    sp_scratch_release(mark);
}

static void note_server(uint8_t result)
{
    if (!sp_dns_update_is_servers(result)) {
        publish.failures = publish.server = 0;
        publish.hold = 0;
        return;
    }
    if (publish.server != result) {
        sp_log_warn("publish", "the DNS server %s", sp_dns_update_text(result));
    }
    publish.failures = publish.failures < SERVER_FAILURES ? (uint8_t)(publish.failures + 1U)
                                                          : (uint8_t)SERVER_FAILURES;
    publish.server = result;
    publish.hold = seconds(sp_app_now()) + backoff(publish.failures);
}

static void note_domain(const struct session *s)
{
    struct sp_publish_waiting *place = sp_publish_find(s->name);

    if (s->result <= SP_DNS_UPDATE_DONE) {
        if (place != NULL && !place->verify) { /* else it was asked for meanwhile */
            memset(place, 0, sizeof *place);
        }
        return;
    }
    place = sp_publish_place(s->name);
    if (place->result != s->result) {
        sp_log_warn("publish", "%s: not all records could be published; `domain show` tells why",
                    s->name);
    }
    place->failures = place->failures < UINT8_MAX ? (uint8_t)(place->failures + 1U) : UINT8_MAX;
    place->result = s->result;
    place->record = s->record;
    place->at = seconds(sp_app_now()) + backoff(place->failures);
    if (sp_dns_update_is_servers(s->result)) {
        place->at = publish.hold;
    }
}

/* The secret is in it. */
static void close_session(void)
{
    sp_dns_update_end(&publish.session->update);
    sp_wipe(publish.session, sizeof *publish.session);
    publish.session = NULL;
    sp_http_client_give_back();
}

static void end(void)
{
    struct session *s = publish.session;
    char why[240];

    keep(s);
    note_server(s->result);
    note_domain(s);
    if (s->changed) {
        (void)sp_life_check(s->name, sp_app_now(), why, sizeof why);
    }
    close_session();
}

static void add_value(struct sp_dns_wish *wish, const struct sp_record *record)
{
    struct sp_addr addr;
    uint8_t data[SP_DNS_WISH_DATA];
    int n;

    if (wish->type == SP_DNS_TXT) {
        n = sp_dns_txt_data(record->value, data, sizeof data);
        (void)sp_dns_wish_add(wish, data, n > 0 ? (size_t)n : 0);
    } else if (sp_addr_parse(sp_span_str(record->value), &addr) == SP_OK) {
        (void)sp_dns_wish_add(wish, addr.bytes, addr.family == 4 ? 4 : 16);
    }
}

static void fill_wish(struct session *s, unsigned number, const struct sp_record *record,
                      bool present)
{
    static const uint16_t types[SP_DOMAIN_PUT] = {SP_DNS_A, SP_DNS_AAAA, SP_DNS_TXT, SP_DNS_TXT};
    struct sp_dns_wish *wish = &s->update.wish;

    memset(wish, 0, sizeof *wish);
    sp_text_cut(wish->name, sizeof wish->name, record->name);
    wish->type = types[number];
    wish->ttl = record->ttl;
    wish->owner = wish->type == SP_DNS_TXT ? of_text : of_address;
    s->update.follow = number == SP_PUT_ID;
    if (present) {
        add_value(wish, record);
    }
}

/* The order: addresses before the policy's id, and the id goes first. */
static unsigned number_of(const struct session *s)
{
    static const uint8_t put[SP_DOMAIN_PUT] = {SP_PUT_A, SP_PUT_AAAA, SP_PUT_ID, SP_PUT_RUA};
    static const uint8_t removed[SP_DOMAIN_PUT] = {SP_PUT_ID, SP_PUT_A, SP_PUT_AAAA, SP_PUT_RUA};

    return s->over ? removed[s->n] : put[s->n];
}

/* Begins with the next record, when it sp_publish_wants something. False: it is passed over. */
static bool ask_next(struct session *s, sp_time now)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d = sp_domain_take(SP_DOMAIN_MX);
    struct sp_record *record = sp_scratch_take(sizeof *record);

    if (sp_domain_load(&sp_app.store, s->name, d) == SP_OK) {
        if (s->n == 0) {
            s->known = true;
            s->over = sp_publish_is_over(d);
            memcpy(s->put, d->put, sizeof s->put);
        }
        unsigned number = number_of(s);
        enum sp_publish_wish wish = sp_publish_wish(d, number, record);

        if (wish != SP_PUBLISH_LEAVE && (s->verify || sp_publish_differs(d, number, record))) {
            fill_wish(s, number, record, wish == SP_PUBLISH_PRESENT);
            sp_dns_update_put(&s->update, &s->server, now);
            s->asking = true;
        }
    } else {
        s->n = SP_DOMAIN_PUT;
    }
    sp_scratch_release(mark);
    return s->asking;
}

static void take_result(struct session *s, uint8_t result)
{
    unsigned number = number_of(s);

    s->asking = false;
    if (result == SP_DNS_UPDATE_RACE && s->races++ < RACES_MAX) {
        return;
    }
    s->n++;
    if (result == SP_DNS_UPDATE_DONE) {
        s->changed = true;
        sp_log_info("publish", "%.200s: %s", s->update.wish.name,
                    s->update.wish.n > 0 ? "published" : "deleted");
    }
    /* An alias is the operator's way to say where the policy host is; what lies outside the one
     * zone that may be changed is published by hand. */
    if (result <= SP_DNS_UPDATE_DONE || result == SP_DNS_UPDATE_ALIAS ||
        (result == SP_DNS_UPDATE_NO_ZONE && s->server.zone[0] != '\0')) {
        s->put[number] = sp_publish_hash_of_wish(&s->update.wish);
        return;
    }
    if (result > s->result) {
        s->result = result;
        s->record = (uint8_t)number;
    }
    /* Nothing names a policy whose host leads elsewhere. */
    if (sp_dns_update_is_servers(result) ||
        (result == SP_DNS_UPDATE_FOREIGN && number != SP_PUT_RUA)) {
        s->n = SP_DOMAIN_PUT;
    }
}

static sp_time step_session(sp_time now)
{
    struct session *s = publish.session;
    unsigned before;
    int result;

    if (!s->asking) {
        if (s->n == SP_DOMAIN_PUT) {
            end();
        } else if (!ask_next(s, now) && s->n < SP_DOMAIN_PUT) {
            s->n++;
        }
        return now;
    }
    before = (unsigned)s->update.state + (unsigned)s->update.sent + (unsigned)s->update.in_n;
    result = sp_dns_update_step(&s->update, now, sp_clock_utc(now));
    if (result != SP_E_AGAIN) {
        take_result(s, (uint8_t)result);
        return now;
    }
    return before != (unsigned)s->update.state + (unsigned)s->update.sent + (unsigned)s->update.in_n
               ? now
               : s->update.deadline;
}

/* --- what is next --- */

static bool name_of(uint32_t hash, char name[SP_STORE_NAME_MAX + 1])
{
    uint32_t cursor = 0;

    while (sp_app_next(SP_KIND_DOMAIN, &cursor, name) == SP_OK) {
        if (sp_publish_hash(name) == hash) {
            return true;
        }
    }
    return false;
}

/* The moment of the next one; `now` when one began. */
static sp_time step_waiting(sp_time now)
{
    char name[SP_STORE_NAME_MAX + 1];
    struct sp_publish_waiting *first = NULL;

    for (unsigned i = 0; i < SP_PUBLISH_WAITING; i++) {
        struct sp_publish_waiting *w = &publish.waiting[i];

        first = w->name != 0 && (first == NULL || w->at < first->at) ? w : first;
    }
    if (first == NULL) {
        return SP_NEVER;
    }
    if (first->at > seconds(now)) {
        return (sp_time)first->at * 1000;
    }
    if (!name_of(first->name, name)) { /* removed meanwhile */
        memset(first, 0, sizeof *first);
        return now;
    }
    return begin(name, first->verify || first->result != SP_PUBLISH_PENDING) ? now : now + BUSY_MS;
}

static bool look(const char *name, unsigned but)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d = sp_domain_take(SP_DOMAIN_MX);
    bool wanted = sp_domain_load(&sp_app.store, name, d) == SP_OK &&
                  (sp_publish_wants(d, but) || (publish.verify && d->state != SP_DOMAIN_DISABLED));

    sp_scratch_release(mark);
    return wanted;
}

static sp_time step_walk(sp_time now)
{
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = publish.cursor;

    if (sp_app_next(SP_KIND_DOMAIN, &cursor, name) < 0) {
        publish.walking = publish.verify = false;
        return now;
    }
    if (sp_publish_find(name) == NULL && look(name, SP_DOMAIN_PUT) &&
        !begin(name, publish.verify)) {
        return now + BUSY_MS;
    }
    publish.cursor = cursor;
    return now;
}

static void start_walk(void)
{
    publish.walking = true;
    publish.cursor = publish.walk_at = 0;
}

sp_time sp_app_publish_step(sp_time now)
{
    sp_time next;

    if (publish.session != NULL) {
        return step_session(now);
    }
    if (!publish.on || sp_clock_utc(now) == 0) {
        return SP_NEVER;
    }
    if (publish.hold > seconds(now)) {
        return (sp_time)publish.hold * 1000;
    }
    if (publish.walk_at != 0 && publish.walk_at <= seconds(now)) {
        start_walk();
    }
    next = step_waiting(now);
    if (next > now && publish.walking) {
        next = sp_time_min(next, step_walk(now));
    }
    return publish.walk_at != 0 ? sp_time_min(next, (sp_time)publish.walk_at * 1000) : next;
}

static bool has_place(void)
{
    for (unsigned i = 0; i < SP_PUBLISH_WAITING; i++) {
        if (publish.waiting[i].name == 0) {
            return true;
        }
    }
    return false;
}

void sp_app_publish_look(const char *domain)
{
    struct sp_publish_waiting *w = publish.on ? sp_publish_find(domain) : NULL;

    if (!publish.on || !look(domain, w != NULL ? w->record : SP_DOMAIN_PUT)) {
        return;
    }
    if (w != NULL) { /* another record has changed than the one that failed */
        w->at = sp_dns_update_is_servers(w->result) ? w->at : seconds(sp_app_now());
    } else if (has_place()) {
        (void)sp_publish_place(domain);
    } else {
        start_walk();
    }
}

void sp_app_publish_all(bool verify)
{
    size_t mark = sp_scratch_mark();
    struct sp_settings_publish *settings = sp_scratch_take(sizeof *settings);

    if (publish.session != NULL) {
        sp_publish_place(publish.session->name)->verify |= publish.session->verify;
        close_session();
    }
    publish.hold = publish.walk_at = 0;
    publish.failures = publish.server = 0;
    for (unsigned i = 0; i < SP_PUBLISH_WAITING; i++) {
        publish.waiting[i].at = 0;
    }
    sp_settings_publish_load(&sp_app.store, settings);
    publish.on = settings->server[0] != '\0';
    publish.verify = verify;
    publish.walking = publish.on;
    publish.cursor = 0;
    if (!publish.on) {
        memset(publish.waiting, 0, sizeof publish.waiting);
    }
    sp_scratch_release(mark);
}
