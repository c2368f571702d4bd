#include "app/report_host.h"

#include "app/app.h"
#include "base/log.h"
#include "net/clock.h"
#include "reports/inflate.h"
#include "reports/summary.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000
#define BUSY_S 60    /* after which a report may be sent again, when there was no room for it */
#define PIECE 1024   /* bytes that are inflated in a call */
#define GZIP_ID 0x1f /* a gzip file begins so (RFC 1952 2.3.1), and no JSON does */

/* The report that is coming, in memory that is lent. */
struct work {
    uint8_t window[SP_INFLATE_WINDOW];
    struct sp_inflate inflate;
    struct sp_report report;
    char domain[SP_DOMAIN_SIZE];
    char peer[SP_ADDR_SIZE];
    bool begun, gzip, ended; /* ended: the gzip file's end has come */
    int status;              /* what it is refused with; 0: not yet */
};

static struct work *work; /* NULL: none, or the memory was wanted back */
static struct {
    uint32_t hour; /* since start */
    uint8_t all, of[SP_REPORT_SENDERS];
} begun;

int sp_app_report_rua(const char *domain, char out[SP_RUA_MAX])
{
    int n = snprintf(out, SP_RUA_MAX, "https://mta-sts.%s" SP_REPORT_PATH, domain);

    return n < SP_RUA_MAX ? SP_OK : SP_E_SPACE;
}

static void say(struct sp_http_response *response, int status, const char *sentence)
{
    response->status = status;
    response->content_type = "text/plain";
    sp_buf_puts(response->body, sentence);
    sp_buf_putc(response->body, '\n');
}

static bool refuse(struct sp_http_response *response, int status, const char *sentence)
{
    say(response, status, sentence);
    return false;
}

static bool put_off(struct sp_http_response *response, int status, unsigned seconds,
                    const char *sentence)
{
    sp_buf_printf(response->headers, "Retry-After: %u\r\n", seconds);
    return refuse(response, status, sentence);
}

/* --- whether one is wanted --- */

static bool is_report(struct sp_span content_type)
{
    struct sp_span type;

    if (!sp_span_split(&content_type, ';', &type)) {
        return false;
    }
    type = sp_span_trim(type);
    return sp_span_is_nocase(type, "application/tlsrpt+gzip") ||
           sp_span_is_nocase(type, "application/tlsrpt+json");
}

static uint8_t *count_of(const struct sp_addr *peer)
{
    return &begun.of[sp_hash32(peer->bytes, peer->family == 6 ? 8 : 4) % SP_REPORT_SENDERS];
}

static bool is_too_often(const struct sp_addr *peer, sp_time now)
{
    uint32_t hour = (uint32_t)(now / HOUR_MS);

    if (hour != begun.hour) {
        memset(&begun, 0, sizeof begun);
        begun.hour = hour;
    }
    return begun.all >= SP_REPORTS_HOUR || *count_of(peer) >= SP_REPORTS_HOUR_SENDER;
}

/* sp_tls_lend takes the memory back. */
static void revoked(void *ctx)
{
    (void)ctx;
    work = NULL;
}

static bool is_domain(void *ctx, const char *domain)
{
    (void)ctx;
    return strcmp(domain, work->domain) == 0;
}

static bool start(const struct sp_http_request *request)
{
    work = sp_tls_lend(sizeof *work, revoked, NULL);
    if (work == NULL) {
        return false;
    }
    (void)sp_domain_of_host(request->host, work->domain);
    (void)sp_addr_text(request->peer, work->peer);
    sp_report_begin(&work->report, is_domain, NULL);
    begun.all++;
    (*count_of(request->peer))++;
    return true;
}

static bool begin(void *ctx, const struct sp_http_request *request,
                  struct sp_http_response *response)
{
    sp_time now = sp_app_now();

    (void)ctx;
    if (!sp_app_is_policy_host(request->host)) {
        return refuse(response, 404, "There is no policy host of that name here.");
    }
    if (!is_report(request->content_type)) {
        return refuse(response, 415,
                      "A TLS report is application/tlsrpt+gzip or application/tlsrpt+json.");
    }
    if (sp_clock_utc(now) == 0) {
        return put_off(response, 503, BUSY_S, "The time of day is not known here yet.");
    }
    if (is_too_often(request->peer, now)) {
        return put_off(response, 429, (unsigned)((HOUR_MS - now % HOUR_MS) / 1000 + 1),
                       "Too many reports came within this hour.");
    }
    return start(request) ||
           put_off(response, 503, BUSY_S, "There is no memory for a report just now.");
}

/* --- what comes --- */

static int fail(int status, const char *reason)
{
    work->status = status;
    work->report.reason = reason;
    return SP_E_INVALID;
}

static int feed(struct sp_span bytes)
{
    return sp_report_feed(&work->report, bytes) < 0 ? fail(400, work->report.reason) : SP_OK;
}

static int inflate_some(struct sp_span *bytes)
{
    struct sp_span out;
    int result = sp_inflate(&work->inflate, bytes, PIECE, &out);
    int err;

    if (result < 0) {
        return fail(400, "its gzip data are damaged");
    }
    if (work->inflate.made > SP_REPORT_INFLATED_MAX) {
        return fail(413, "it is too large once inflated");
    }
    work->ended = result == SP_INFLATE_DONE;
    err = feed(out);
    return err == SP_OK && result == SP_INFLATE_FULL ? SP_E_AGAIN : err;
}

/* What it is shows in its first byte, whatever Content-Type and Content-Encoding make of it. */
static void look_at_begin(struct sp_span bytes)
{
    work->begun = true;
    work->gzip = bytes.p[0] == GZIP_ID;
    if (work->gzip) {
        sp_inflate_start(&work->inflate, work->window);
    }
}

static int take(void *ctx, struct sp_span *bytes)
{
    struct sp_span all = *bytes;

    (void)ctx;
    if (work == NULL) {
        return SP_E_MEMORY;
    }
    if (!work->begun && bytes->n > 0) {
        look_at_begin(*bytes);
    }
    if (work->gzip) {
        return inflate_some(bytes);
    }
    *bytes = sp_span(all.p + all.n, 0);
    return feed(all);
}

/* --- its end --- */

static int finish(void)
{
    struct sp_report *report = &work->report;
    int err;

    if (work->gzip && !work->ended) {
        return fail(400, "its gzip data end too early");
    }
    if (sp_report_finish(report) < 0) {
        return fail(400, report->reason);
    }
    err = sp_summary_keep(&sp_app.store, report, sp_clock_utc(sp_app_now()));
    return err == SP_E_INVALID ? fail(400, report->reason) : err;
}

static void tell_refused(struct sp_http_response *response)
{
    sp_log_info("reports", "%s: a report from %s is refused: %s", work->domain, work->peer,
                work->report.reason);
    response->status = work->status;
    response->content_type = "text/plain";
    sp_buf_printf(response->body, "The report is refused: %s.\n", work->report.reason);
}

static void judge(bool whole, struct sp_http_response *response)
{
    int err = whole ? finish() : SP_E_INVALID;

    if (work->status != 0) {
        tell_refused(response);
    } else if (err == SP_E_EXISTS) {
        say(response, 200, "The report was counted before.");
    } else if (err < 0) {
        sp_log_error("reports", "%s: a report cannot be kept: %s", work->domain, sp_err_text(err));
        (void)put_off(response, 503, BUSY_S, "The report cannot be kept just now.");
    } else {
        sp_log_info("reports", "%s: a report of %s is counted", work->domain,
                    work->report.organisation);
        say(response, 201, "The report is counted.");
    }
}

static void drop(void *ctx)
{
    (void)ctx;
    sp_tls_give_back(work);
    work = NULL;
}

static void end(void *ctx, bool whole, struct sp_http_response *response)
{
    if (work == NULL) {
        (void)put_off(response, 503, BUSY_S, "The memory for the report was wanted elsewhere.");
        return;
    }
    judge(whole, response);
    drop(ctx);
}

const struct sp_http_taker *sp_app_report_taker(void)
{
    static const struct sp_http_taker taker = {.path = SP_REPORT_PATH,
                                               .max = SP_REPORT_MAX,
                                               .begin = begin,
                                               .take = take,
                                               .end = end,
                                               .drop = drop};

    return &taker;
}
