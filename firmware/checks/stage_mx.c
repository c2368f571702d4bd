/*
 * The stage that probes one MX after the other, as the answer to the question before it lists them:
 * that answer stays in the working memory meanwhile, and a probe has its own. The client whose
 * memory it takes is shared, and waited for once a run.
 */
#include "checks/check_mx_match.h"
#include "checks/check_mx_tls.h"
#include "checks/checks_internal.h"

#include "base/err.h"
#include "base/scratch.h"

#define PROBE_TIMEOUT_MS 15000 /* some servers greet after 6 s */
#define ALL_TIMEOUT_MS 60000   /* after which no other MX is begun */
#define SILENT_MAX 2           /* the first ones: then the port is blocked, and the others wait */
#define CLIENT_WAIT_MS 15000
#define CLIENT_AGAIN_MS 250

/* The MX whose turn it is; false when all had theirs. */
static bool find(const struct sp_check_run *run, struct sp_dns_record *mx)
{
    *mx = (struct sp_dns_record){0};
    for (unsigned i = 0; i <= run->answers; i++) {
        if (!sp_check_mx_next(&sp_check_work.dns.answer, mx)) {
            return false;
        }
    }
    return true;
}

static void taken(struct sp_check_run *run, bool silent)
{
    run->answers++;
    run->silent += silent;
    run->under_way = false;
}

static bool is_enough(const struct sp_check_run *run, sp_time now)
{
    return now >= run->probe_by || (run->silent >= SILENT_MAX && run->silent == run->answers);
}

/* A probe that could not even begin is a result of its own. */
static void not_begun(struct sp_check_run *run, const struct sp_dns_record *mx, int err)
{
    size_t mark = sp_scratch_mark();
    struct sp_smtp_result *none = sp_scratch_take(sizeof *none);

    none->stage = SP_SMTP_DNS;
    none->err = err;
    taken(run, sp_check_mx_tls_one(run, mx, none));
    sp_scratch_release(mark);
}

static sp_time begin(struct sp_check_run *run, const struct sp_dns_record *mx, sp_time now)
{
    int err = sp_smtp_probe_start(mx->u.mx.host, run->host, PROBE_TIMEOUT_MS, now);

    run->fetch_by = run->fetch_by == 0 ? now + CLIENT_WAIT_MS : run->fetch_by;
    if (err == SP_E_AGAIN && now < run->fetch_by) {
        return now + CLIENT_AGAIN_MS; /* somebody else's call is under way; ask again */
    }
    run->fetch_by = err == SP_E_AGAIN ? run->fetch_by : 0;
    run->under_way = err == SP_OK;
    if (err != SP_OK) {
        not_begun(run, mx, err);
    }
    return now;
}

static sp_time step(struct sp_check_run *run, const struct sp_dns_record *mx, sp_time now)
{
    sp_time next = sp_smtp_probe_step(now);
    const struct sp_smtp_result *result = sp_smtp_probe_result();

    if (result == NULL) {
        return next;
    }
    taken(run, sp_check_mx_tls_one(run, mx, result));
    sp_smtp_probe_release();
    return now;
}

bool sp_check_mx_step(struct sp_check_run *run, sp_time now, sp_time *next)
{
    struct sp_dns_record mx;

    *next = now;
    if (run->probe_by == 0) {
        if (sp_check_mx_tls_none(run, &sp_check_work.dns.answer)) {
            return true;
        }
        run->probe_by = now + ALL_TIMEOUT_MS;
    }
    if (!find(run, &mx)) {
        sp_check_mx_tls_end(run, run->answers, run->silent);
        return true;
    }
    if (run->under_way) {
        *next = step(run, &mx, now);
    } else if (is_enough(run, now)) {
        sp_check_mx_tls_skipped(run, &mx);
        taken(run, true);
    } else {
        *next = begin(run, &mx, now);
    }
    return false;
}

void sp_check_mx_cancel(struct sp_check_run *run)
{
    if (run->under_way) {
        sp_smtp_probe_release();
    }
}
