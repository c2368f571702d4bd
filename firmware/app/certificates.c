/*
 * sealpost.h: the checks' results and the certificate of a domain.
 */
#include "app/app.h"
#include "base/scratch.h"
#include "crypto/cert.h"

#include <string.h>

#define COPY(to, text) sp_text_cut((to), sizeof(to), (text))

static void check_out(const struct sp_check_report *report, enum sp_check_id id,
                      struct sealpost_check *out)
{
    COPY(out->reason, sp_check_words(report, id, SP_CHECK_REASON));
    COPY(out->remedy, sp_check_words(report, id, SP_CHECK_REMEDY));
    COPY(out->code, report->checks[id].code);
    out->result = (enum sealpost_result)report->checks[id].result;
    out->at = report->checks[id].at;
}

static int no_such_check(struct sealpost_why *why)
{
    return sp_app_why(why, SP_E_INVALID, "invalid", "There are %d checks.", SP_CHECKS);
}

/* The report with that check when the domain was looked at lately, else NULL. */
static const struct sp_check_report *reported(const char *domain, unsigned i)
{
    const struct sp_check_report *report = sp_app_report_find(domain);
    return report != NULL && report->checks[i].result != SP_CHECK_NOT_RUN ? report : NULL;
}

bool sealpost_checking(const char *domain)
{
    char name[SP_DOMAIN_SIZE];
    return sp_hostname(sp_span_str(domain), name) == SP_OK && sp_life_checking(name);
}

/* What the record keeps of it, and above that what the report has. */
static void result_out(const struct sp_domain *d, unsigned i, struct sealpost_check *out)
{
    const struct sp_check_report *report = reported(d->name, i);
    out->id = sp_check_id_text((enum sp_check_id)i);
    out->result = (enum sealpost_result)d->checks[i].result;
    out->changed = d->checks[i].changed;
    COPY(out->code, d->checks[i].code);
    if (report != NULL) {
        check_out(report, (enum sp_check_id)i, out);
    }
}

int sealpost_check_get(const char *domain, unsigned i, struct sealpost_check *out,
                       struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = i < SP_CHECKS ? sp_app_domain(domain, SP_DOMAIN_BRIEF, &d, why) : no_such_check(why);
    memset(out, 0, sizeof *out);
    if (err == SP_OK) {
        result_out(d, i, out);
    }
    sp_scratch_release(mark);
    return err;
}

static void evidence_out(const struct sp_check_report *report, unsigned i,
                         struct sealpost_evidence *out)
{
    struct sp_evidence evidence;
    while (report != NULL && out->n < SEALPOST_EVIDENCE_MAX &&
           sp_check_evidence(report, (enum sp_check_id)i, out->n, &evidence)) {
        COPY(out->items[out->n].name, evidence.name);
        COPY(out->items[out->n].value, evidence.value);
        out->n++;
    }
}

int sealpost_check_evidence(const char *domain, unsigned i, struct sealpost_evidence *out,
                            struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = i < SP_CHECKS ? sp_app_domain(domain, SP_DOMAIN_BRIEF, &d, why) : no_such_check(why);
    memset(out, 0, sizeof *out);
    if (err == SP_OK) {
        evidence_out(reported(d->name, i), i, out);
    }
    sp_scratch_release(mark);
    return err;
}

static void info_out(const struct sp_cert_info *info, unsigned san,
                     struct sealpost_certificate *out)
{
    struct sp_buf hex;
    COPY(out->subject, info->subject);
    COPY(out->issuer, info->issuer);
    COPY(out->serial, info->serial);
    COPY(out->key, info->key);
    sp_buf_init(&hex, out->sha256, sizeof out->sha256);
    sp_hex(&hex, sp_span(info->sha256, sizeof info->sha256));
    out->sans_n = info->sans_n < SP_CERT_SANS ? info->sans_n : SP_CERT_SANS;
    if (san < out->sans_n) {
        COPY(out->san, info->sans[san]);
    }
    out->not_before = info->not_before;
    out->not_after = info->not_after;
}

static int certificate_out(const struct sp_domain *d, unsigned san,
                           struct sealpost_certificate *out, struct sealpost_why *why)
{
    struct sp_cert_info *info = sp_scratch_take(sizeof *info);
    int err;
    if (d->leaf_n == 0) {
        return sp_app_why(why, SP_E_NOT_FOUND, "no_certificate",
                          "%s has no certificate yet; `enable %s` gets one.", d->name, d->name);
    }
    err = sp_cert_read(sp_span(d->leaf, d->leaf_n), info);
    if (err < 0) {
        return sp_app_why(why, err, "certificate_unreadable",
                          "The certificate of %s cannot be read: %s.", d->name, sp_err_text(err));
    }
    info_out(info, san, out);
    out->links = 1U + d->links_n;
    return SP_OK;
}

int sealpost_certificate(const char *domain, unsigned san, struct sealpost_certificate *out,
                         struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_LEAF, &d, why);
    memset(out, 0, sizeof *out);
    if (err == SP_OK) {
        err = certificate_out(d, san, out, why);
    }
    sp_scratch_release(mark);
    return err;
}
