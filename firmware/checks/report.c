/* A report's words: one item behind the other, in the order in which they were said. An item is the
 * check's id, what it is, and one text, or two for a piece of evidence, each with its terminator.
 */
#include "checks/checks_internal.h"

#include <string.h>

#define HEAD 2 /* bytes before an item's texts */

static size_t text_size(const struct sp_check_report *report, size_t at)
{
    return strlen(report->words + at) + 1;
}

static unsigned char byte_at(const struct sp_check_report *report, size_t at)
{
    return (unsigned char)report->words[at];
}

static bool is_item(const struct sp_check_report *report, size_t at, enum sp_check_id id,
                    enum sp_check_word kind)
{
    return byte_at(report, at) == id && byte_at(report, at + 1) == kind;
}

static bool is_evidence(const struct sp_check_report *report, size_t at)
{
    return byte_at(report, at + 1) == SP_CHECK_EVIDENCE;
}

static size_t item_size(const struct sp_check_report *report, size_t at)
{
    size_t n = HEAD + text_size(report, at + HEAD);

    return is_evidence(report, at) ? n + text_size(report, at + n) : n;
}

/* Where such an item begins, at `from` or after it; used when there is none. */
static size_t find(const struct sp_check_report *report, size_t from, enum sp_check_id id,
                   enum sp_check_word kind)
{
    while (from < report->used && !is_item(report, from, id, kind)) {
        from += item_size(report, from);
    }
    return from;
}

static void take_out(struct sp_check_report *report, size_t at)
{
    size_t n = item_size(report, at);

    memmove(report->words + at, report->words + at + n, report->used - at - n);
    report->used = (uint16_t)(report->used - n);
}

static size_t last_evidence(const struct sp_check_report *report)
{
    size_t last = report->used;

    for (size_t at = 0; at < report->used; at += item_size(report, at)) {
        last = is_evidence(report, at) ? at : last;
    }
    return last;
}

/* Room for n bytes, at the cost of evidence, the last first. Less when there is none left. */
static void make_room(struct sp_check_report *report, size_t n)
{
    size_t at = last_evidence(report);

    while (n > (size_t)(report->cap - report->used) && at < report->used) {
        report->checks[byte_at(report, at)].left_out = true;
        take_out(report, at);
        at = last_evidence(report);
    }
}

static void put(struct sp_check_report *report, const void *p, size_t n)
{
    memcpy(report->words + report->used, p, n);
    report->used = (uint16_t)(report->used + n);
}

static void put_head(struct sp_check_report *report, enum sp_check_id id, enum sp_check_word kind)
{
    const uint8_t head[HEAD] = {(uint8_t)id, (uint8_t)kind};

    put(report, head, sizeof head);
}

static void forget(struct sp_check *check)
{
    *check = (struct sp_check){.code = ""};
}

void sp_check_report_clear(struct sp_check_report *report, const char *domain)
{
    sp_text_cut(report->domain, sizeof report->domain, domain);
    report->running = false;
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        forget(&report->checks[i]);
    }
    report->txt = (struct sp_check_txt){0};
    report->used = 0;
}

void sp_check_report_begin(struct sp_check_report *report, enum sp_check_id id)
{
    size_t at = 0;

    while (at < report->used) {
        if (byte_at(report, at) == id) {
            take_out(report, at);
        } else {
            at += item_size(report, at);
        }
    }
    forget(&report->checks[id]);
}

void sp_check_report_put(struct sp_check_report *report, enum sp_check_id id,
                         enum sp_check_word kind, const char *text)
{
    size_t at = find(report, 0, id, kind);
    size_t n = strlen(text);
    size_t left;

    if (at < report->used) {
        take_out(report, at);
    }
    if (n == 0) {
        return;
    }
    make_room(report, HEAD + n + 1);
    left = (size_t)(report->cap - report->used);
    if (left <= HEAD + 1) {
        return;
    }
    n = n < left - HEAD - 1 ? n : left - HEAD - 1;
    put_head(report, id, kind);
    put(report, text, n);
    put(report, "", 1);
}

void sp_check_report_note(struct sp_check_report *report, enum sp_check_id id, const char *name,
                          const char *value)
{
    size_t name_n = strlen(name) + 1;
    size_t value_n = strlen(value) + 1;

    /* What comes after something that was left out is left out, too. */
    if (report->checks[id].left_out ||
        HEAD + name_n + value_n > (size_t)(report->cap - report->used)) {
        report->checks[id].left_out = true;
        return;
    }
    put_head(report, id, SP_CHECK_EVIDENCE);
    put(report, name, name_n);
    put(report, value, value_n);
}

void sp_check_report_copy(struct sp_check_report *to, const struct sp_check_report *from)
{
    sp_check_report_clear(to, from->domain);
    to->running = from->running;
    to->txt = from->txt;
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        to->checks[i] = from->checks[i];
        to->checks[i].left_out = false;
    }
    for (size_t at = 0; at < from->used; at += item_size(from, at)) {
        enum sp_check_id id = (enum sp_check_id)byte_at(from, at);
        const char *text = from->words + at + HEAD;

        if (is_evidence(from, at)) {
            sp_check_report_note(to, id, text, text + strlen(text) + 1);
        } else {
            sp_check_report_put(to, id, (enum sp_check_word)byte_at(from, at + 1), text);
        }
    }
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        to->checks[i].left_out = to->checks[i].left_out || from->checks[i].left_out;
    }
}

/* Reading */

const char *sp_check_words(const struct sp_check_report *report, enum sp_check_id id,
                           enum sp_check_word word)
{
    size_t at = find(report, 0, id, word);

    return at < report->used ? report->words + at + HEAD : "";
}

bool sp_check_evidence(const struct sp_check_report *report, enum sp_check_id id, unsigned i,
                       struct sp_evidence *out)
{
    size_t at = find(report, 0, id, SP_CHECK_EVIDENCE);

    while (at < report->used && i > 0) {
        at = find(report, at + item_size(report, at), id, SP_CHECK_EVIDENCE);
        i--;
    }
    if (at < report->used) {
        out->name = report->words + at + HEAD;
        out->value = out->name + strlen(out->name) + 1;
        return true;
    }
    *out = (struct sp_evidence){"more", "left out: there was no room to keep it"};
    return i == 0 && report->checks[id].left_out;
}
