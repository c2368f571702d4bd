/*
 * sealpost.h: the certificate authority: directory, terms, account.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "base/log.h"
#include "net/clock.h"

#include <string.h>

#define CLOCK_PATIENCE_MS 30000 /* how long an agreement waits for the time after start */

static bool fetched; /* for the agreement that is being made */

void sealpost_ca_get(struct sealpost_ca *out)
{
    int state = sp_acme_directory_state();
    memset(out, 0, sizeof *out);
    sp_text_cut(out->directory, sizeof out->directory, sp_acme_directory());
    sp_text_cut(out->terms, sizeof out->terms, sp_acme_terms());
    sp_text_cut(out->account, sizeof out->account, sp_acme_account_url());
    out->agreed = sp_acme_agreed();
    out->fetching = state == SP_E_AGAIN;
    if (state < 0 && state != SP_E_AGAIN && state != SP_E_STATE) {
        sp_text_cut(out->sentence, sizeof out->sentence, sp_acme_problem()->sentence);
    } else if (!out->agreed) {
        sp_text_cut(out->sentence, sizeof out->sentence,
                    "The CA's terms are not agreed to yet: `ca agree` does that.");
    }
}

int sealpost_ca_set(const char *directory, struct sealpost_why *why)
{
    char sentence[240] = "";
    int err = sp_settings_directory_save(&sp_app.store, SP_KIND_SETTING, directory, sentence,
                                         sizeof sentence);
    if (err < 0) {
        return sp_app_why(why, err, sp_app_id(err, "directory_invalid"), "%s", sentence);
    }
    sp_acme_cancel(sp_acme_host());
    err = sp_acme_start(&sp_app.store, directory);
    fetched = false;
    sp_life_kick(sp_app_now());
    if (err < 0) {
        return sp_app_why(why, err, "directory_invalid", "The directory cannot be used: %s.",
                          sp_err_text(err));
    }
    sp_log_info("app", "the CA's directory is %s", directory);
    return SP_OK;
}

static int agree_now(struct sealpost_why *why)
{
    sp_time now = sp_app_now();
    int err = sp_acme_agree(sp_acme_terms(), sp_clock_utc(now));
    if (err < 0) {
        return sp_app_why(why, err, "agree_failed", "The agreement could not be kept: %s.",
                          sp_err_text(err));
    }
    sp_log_info("app", "the operator agreed to the CA's terms %s", sp_acme_terms());
    sp_life_kick(now);
    return SP_OK;
}

static int begin_fetch(sp_time now, struct sealpost_why *why)
{
    int err;
    if (sp_clock_utc(now) == 0) {
        if (now - sp_app.started < CLOCK_PATIENCE_MS) {
            return SP_E_AGAIN;
        }
        return sp_app_why(
            why, SP_E_CLOCK, "clock_unknown",
            "The CA cannot be asked for its terms before the time of day is known: see "
            "`time`.");
    }
    err = sp_acme_fetch_terms(now);
    fetched = err == SP_OK;
    return fetched || err == SP_E_AGAIN
               ? SP_E_AGAIN
               : sp_app_why(why, err, "directory_failed", "The CA could not be asked: %s.",
                            sp_err_text(err));
}

int sealpost_ca_agree(struct sealpost_why *why)
{
    int state = sp_acme_directory_state();
    if (state == SP_E_AGAIN) {
        return SP_E_AGAIN;
    }
    if (state == SP_OK) {
        fetched = false;
        return agree_now(why);
    }
    if (!fetched) {
        return begin_fetch(sp_app_now(), why);
    }
    fetched = false;
    return sp_app_why(why, state, "directory_failed", "%s", sp_acme_problem()->sentence);
}
