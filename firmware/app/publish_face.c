/* sealpost.h: where records are published, and what came of it. */
#include "app/app.h"
#include "app/publish_private.h"
#include "base/log.h"
#include "base/scratch.h"
#include "net/clock.h"

#include <stdio.h>
#include <string.h>

#define SECONDS(now) ((uint32_t)((now) / 1000))

#define COPY(to, text) sp_text_cut((to), sizeof(to), (text))

static void server_sentence(const char *server, struct sp_buf *out, uint8_t result)
{
    sp_buf_printf(out, "The DNS server %s %s.", server, sp_dns_update_text(result));
}

static void next_try(struct sp_buf *out, uint32_t at)
{
    uint32_t now = SECONDS(sp_app_now());

    sp_buf_printf(out, " The next try is in %u min.",
                  at > now ? (unsigned)((at - now + 59) / 60) : 0U);
}

static void get(struct sealpost_publish *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_settings_publish *settings = sp_scratch_take(sizeof *settings);

    sp_settings_publish_load(&sp_app.store, settings);
    memset(out, 0, sizeof *out);
    COPY(out->server, settings->server);
    COPY(out->zone, settings->zone);
    COPY(out->key, settings->key);
    out->port = settings->port;
    sp_scratch_release(mark);
}

void sealpost_publish_get(struct sealpost_publish *out)
{
    struct sp_publish_state state = sp_publish_state();
    struct sp_buf text;

    get(out);
    sp_buf_init(&text, out->sentence, sizeof out->sentence);
    if (!state.on) {
        sp_buf_puts(&text, "Records are published by hand: `dns D` shows them.");
    } else if (sp_clock_utc(sp_app_now()) == 0) {
        sp_buf_puts(&text, "Nothing is published before the time of day is known: see `time`.");
    } else if (state.server != 0) {
        server_sentence(out->server, &text, state.server);
        next_try(&text, state.hold);
    } else {
        sp_buf_printf(&text, "The records of the domains are published at %s.", out->server);
    }
    out->failing = state.failing;
}

int sealpost_publish_set(const struct sealpost_publish *wished, const char *secret,
                         struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_settings_publish *settings = sp_scratch_take(sizeof *settings);
    char sentence[240] = "";
    int err;

    COPY(settings->server, wished->server);
    COPY(settings->zone, wished->zone);
    COPY(settings->key, wished->key);
    settings->port = wished->port;
    err = strlen(secret) < sizeof settings->secret ? SP_OK : SP_E_INVALID;
    if (err < 0) {
        (void)snprintf(sentence, sizeof sentence, "The secret is too long: at most %d bytes.",
                       SP_TSIG_SECRET_MAX);
    } else {
        COPY(settings->secret, secret);
        err = sp_settings_publish_save(&sp_app.store, SP_KIND_SETTING, settings, sentence,
                                       sizeof sentence);
    }
    sp_scratch_release(mark);
    if (err < 0) {
        return sp_app_why(why, err, sp_app_id(err, "publish_invalid"), "%s", sentence);
    }
    sp_log_info("app", "records are published %s%s", wished->server[0] != '\0' ? "at " : "by hand",
                wished->server);
    sp_app_publish_all(true);
    return SP_OK;
}

int sealpost_publish_forget(struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sealpost_publish *nothing = sp_scratch_take(sizeof *nothing);
    int err = sealpost_publish_set(nothing, "", why);

    sp_scratch_release(mark);
    return err;
}

void sealpost_publish_domain(const char *domain, char *out, size_t cap)
{
    static const char *const what[SP_DOMAIN_PUT] = {"A of mta-sts.", "AAAA of mta-sts.",
                                                    "TXT of _mta-sts.", "TXT of _smtp._tls."};
    const struct sp_publish_waiting *w = sp_publish_find(domain);
    size_t mark = sp_scratch_mark();
    struct sealpost_publish *settings = sp_scratch_take(sizeof *settings);
    struct sp_buf text;

    sp_buf_init(&text, out, cap);
    get(settings);
    if (w != NULL && w->result == SP_PUBLISH_PENDING) {
        sp_buf_printf(&text, "Its records are about to be published at %s.", settings->server);
    } else if (w != NULL && sp_dns_update_is_servers(w->result)) {
        server_sentence(settings->server, &text, w->result);
    } else if (w != NULL) {
        bool of_name = w->result <= SP_DNS_UPDATE_ALIAS;

        sp_buf_printf(&text, "The %s%s", what[w->record], domain);
        sp_buf_puts(&text, of_name ? " " : " is not published: the DNS server ");
        sp_buf_puts(&text, of_name ? "" : settings->server);
        sp_buf_puts(&text, of_name ? "" : " ");
        sp_buf_puts(&text, sp_dns_update_text(w->result));
        sp_buf_putc(&text, '.');
    }
    if (w != NULL && w->result != SP_PUBLISH_PENDING) {
        next_try(&text, w->at);
    }
    sp_scratch_release(mark);
}

/* SP_E_AGAIN while it goes on: the first call makes it due, and the table says what came of it. */
int sealpost_publish_now(const char *domain, bool begins, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    struct sp_publish_waiting *w;
    int err = sp_app_domain(domain, SP_DOMAIN_BRIEF, &d, why);

    if (err == SP_OK && !sp_publish_state().on) {
        err = sp_app_why(why, SP_E_STATE, "publish_off",
                         "No DNS server is configured to publish at: `publish server` does that.");
    } else if (err == SP_OK && sp_clock_utc(sp_app_now()) == 0) {
        err = sp_app_why(why, SP_E_CLOCK, "clock_unknown",
                         "Nothing is published before the time of day is known: see `time`.");
    } else if (err == SP_OK && begins) {
        w = sp_publish_place(d->name);
        *w = (struct sp_publish_waiting){
            .name = w->name, .result = SP_PUBLISH_PENDING, .verify = true};
        sp_publish_go();
        err = SP_E_AGAIN;
    } else if (err == SP_OK && (w = sp_publish_find(d->name)) != NULL) {
        err = w->result == SP_PUBLISH_PENDING ? SP_E_AGAIN : SP_E_REFUSED;
        if (err == SP_E_REFUSED) {
            (void)sp_app_why(why, err, "publish_failed", "%s", "");
            sealpost_publish_domain(d->name, why->sentence, sizeof why->sentence);
        }
    }
    sp_scratch_release(mark);
    return err;
}
