/*
 * The reports of the domains looked at lately, with reasons and evidence; results alone are kept in
 * the domain's record for all. The report of the domain that an operator asked for last stays until
 * another is asked for, however many are looked at meanwhile.
 */
#include "app/app.h"

#include <string.h>

#define REPORTS 2 /* a report is about 10 KB */

static struct sp_check_report reports[REPORTS];
static uint32_t used[REPORTS]; /* higher is later */
static uint32_t uses;
static char asked[SP_DOMAIN_SIZE];

void sp_app_report_asked(const char *domain)
{
    sp_text_cut(asked, sizeof asked, domain);
}

static bool is_asked(unsigned i)
{
    return asked[0] != '\0' && strcmp(reports[i].domain, asked) == 0;
}

static struct sp_check_report *find(const char *domain)
{
    for (unsigned i = 0; i < REPORTS; i++) {
        if (strcmp(reports[i].domain, domain) == 0 && domain[0] != '\0') {
            used[i] = ++uses;
            return &reports[i];
        }
    }
    return NULL;
}

const struct sp_check_report *sp_app_report_find(const char *domain)
{
    return find(domain);
}

struct sp_check_report *sp_app_report_for(const char *domain)
{
    struct sp_check_report *report = find(domain);
    unsigned oldest;
    if (report != NULL) {
        return report;
    }
    oldest = is_asked(0) ? 1 : 0;
    for (unsigned i = oldest + 1; i < REPORTS; i++) {
        if (!is_asked(i) && used[i] < used[oldest]) {
            oldest = i;
        }
    }
    memset(&reports[oldest], 0, sizeof reports[oldest]);
    sp_text_cut(reports[oldest].domain, sizeof reports[oldest].domain, domain);
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        reports[oldest].checks[i].id = (enum sp_check_id)i;
    }
    used[oldest] = ++uses;
    return &reports[oldest];
}

void sp_app_report_drop(const char *domain)
{
    struct sp_check_report *report = find(domain);
    if (report != NULL && !report->running) {
        memset(report, 0, sizeof *report);
    }
}
