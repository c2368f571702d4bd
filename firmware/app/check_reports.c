/*
 * The reports of the domains looked at lately, with reasons and evidence; results alone are kept in
 * the domain's record for all. The report of the domain that an operator asked for last has the
 * larger room, and stays until another is asked for, however many are looked at meanwhile.
 */
#include "app/app.h"

#include <string.h>

#define REPORTS 2
#define LARGER 0

static char larger_words[SP_REPORT_WORDS];
static char smaller_words[SP_REPORT_WORDS_PASSING];
static struct sp_check_report reports[REPORTS];
static uint32_t used[REPORTS]; /* higher is later */
static uint32_t uses;
static uint32_t asked; /* hash of the domain's name, 0: none */

static uint32_t hash_of(const char *domain)
{
    return domain[0] != '\0' ? sp_hash32(domain, strlen(domain)) : 0;
}

void sp_app_report_asked(const char *domain)
{
    asked = hash_of(domain);
}

static bool is_asked(const char *domain)
{
    return asked != 0 && hash_of(domain) == asked;
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

/* The one whose turn it is to go; never that of the domain asked for. */
static unsigned oldest(void)
{
    unsigned other = LARGER == 0 ? 1 : 0;

    if (is_asked(reports[LARGER].domain)) {
        return other;
    }
    return used[other] < used[LARGER] ? other : LARGER;
}

static struct sp_check_report *fresh(unsigned i, const char *domain)
{
    reports[i].words = i == LARGER ? larger_words : smaller_words;
    reports[i].cap = i == LARGER ? sizeof larger_words : sizeof smaller_words;
    sp_check_report_clear(&reports[i], domain);
    used[i] = ++uses;
    return &reports[i];
}

struct sp_check_report *sp_app_report_for(const char *domain)
{
    struct sp_check_report *report = find(domain);

    if (is_asked(domain) && report != &reports[LARGER]) {
        (void)fresh(LARGER, domain);
        if (report != NULL) {
            sp_check_report_copy(&reports[LARGER], report);
            sp_check_report_clear(report, "");
        }
        return &reports[LARGER];
    }
    return report != NULL ? report : fresh(oldest(), domain);
}

void sp_app_report_drop(const char *domain)
{
    struct sp_check_report *report = find(domain);
    if (report != NULL && !report->running) {
        sp_check_report_clear(report, "");
    }
}
