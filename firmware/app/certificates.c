/*
 * sealpost.h: the checks' results and the certificate of a domain.
 */
#include "app/app.h"
#include "crypto/cert.h"

#include <string.h>

#define COPY(to, text) sp_text_cut((to), sizeof(to), (text))

static void check_out(const struct sp_check *check, struct sealpost_check *out)
{
    COPY(out->reason, check->reason);
    COPY(out->remedy, check->remedy);
    COPY(out->code, check->code);
    out->result = (enum sealpost_result)check->result;
    out->at = check->at;
    out->evidence_n = check->evidence_n;
    for (unsigned i = 0; i < check->evidence_n; i++) {
        COPY(out->evidence[i].name, check->evidence[i].name);
        COPY(out->evidence[i].value, check->evidence[i].value);
    }
}

int sealpost_checks_get(const char *domain, struct sealpost_checks *out, struct sealpost_why *why)
{
    const struct sp_check_report *report;
    struct sp_domain *d;
    int err = sp_app_domain(domain, &d, why);
    memset(out, 0, sizeof *out);
    if (err < 0) {
        return err;
    }
    report = sp_app_report_find(d->name);
    out->running = sp_life_checking(d->name);
    out->n = SP_CHECKS;
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        struct sealpost_check *check = &out->checks[i];
        check->id = sp_check_id_text((enum sp_check_id)i);
        check->result = (enum sealpost_result)d->checks[i].result;
        check->changed = d->checks[i].changed;
        COPY(check->code, d->checks[i].code);
        if (report != NULL && report->checks[i].result != SP_CHECK_NOT_RUN) {
            check_out(&report->checks[i], check);
        }
    }
    return SP_OK;
}

static void info_out(const struct sp_cert_info *info, struct sealpost_certificate *out)
{
    struct sp_buf hex;
    COPY(out->subject, info->subject);
    COPY(out->issuer, info->issuer);
    COPY(out->serial, info->serial);
    COPY(out->key, info->key);
    sp_buf_init(&hex, out->sha256, sizeof out->sha256);
    sp_hex(&hex, sp_span(info->sha256, sizeof info->sha256));
    for (unsigned i = 0; i < info->sans_n && i < 8; i++) {
        COPY(out->sans[i], info->sans[i]);
        out->sans_n++;
    }
    out->not_before = info->not_before;
    out->not_after = info->not_after;
}

int sealpost_certificate(const char *domain, struct sealpost_certificate *out,
                         struct sealpost_why *why)
{
    static struct sp_cert_info info;
    struct sp_domain *d;
    int err = sp_app_domain(domain, &d, why);
    memset(out, 0, sizeof *out);
    if (err < 0) {
        return err;
    }
    if (d->leaf_n == 0) {
        return sp_app_why(why, SP_E_NOT_FOUND, "no_certificate",
                          "%s has no certificate yet; `enable %s` gets one.", d->name, d->name);
    }
    err = sp_cert_read(sp_span(d->leaf, d->leaf_n), &info);
    if (err < 0) {
        return sp_app_why(why, err, "certificate_unreadable",
                          "The certificate of %s cannot be read: %s.", d->name, sp_err_text(err));
    }
    info_out(&info, out);
    out->links = 1U + d->links_n;
    return SP_OK;
}
