#include "net/smtp_reply.h"

#include "base/err.h"

#include <string.h>

#define CODE_DIGITS 3

void sp_smtp_reply_begin(struct sp_smtp_reply *reply, const char *keyword)
{
    memset(reply, 0, sizeof *reply);
    reply->keyword = keyword;
}

static uint8_t upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - ('a' - 'A')) : c;
}

/* The keyword ends with the line, or where its parameters begin. */
static void match(struct sp_smtp_reply *reply, uint8_t c)
{
    const char *keyword = reply->keyword;
    size_t n = keyword != NULL ? strlen(keyword) : 0;

    if (!reply->later || reply->matched > n || n == 0) {
        return;
    }
    if (reply->matched == n) {
        reply->found = reply->found || c == ' ' || c == '\n' || c == '\r';
        reply->matched = (uint8_t)(n + 1);
    } else if (upper(c) == (uint8_t)keyword[reply->matched]) {
        reply->matched++;
    } else {
        reply->matched = (uint8_t)(n + 1);
    }
}

static void keep(struct sp_smtp_reply *reply, uint8_t c)
{
    if (!reply->later && c != '\r' && reply->said_n < sizeof reply->said - 1) {
        reply->said[reply->said_n++] = c < 0x20 || c > 0x7E ? '?' : (char)c;
    }
}

static int take_digit(struct sp_smtp_reply *reply, uint8_t c)
{
    bool first = reply->column == 0;

    if (c < (first ? '2' : '0') || c > (first ? '5' : '9')) {
        return SP_E_PROTOCOL;
    }
    reply->line_code = (uint16_t)(reply->line_code * 10 + (c - '0'));
    return SP_E_AGAIN;
}

/* Behind the digits: a space or nothing on the last line, a dash on the others. */
static int take_separator(struct sp_smtp_reply *reply, uint8_t c)
{
    if (reply->later && reply->line_code != reply->code) {
        return SP_E_PROTOCOL;
    }
    reply->code = reply->line_code;
    reply->last = c != '-';
    return c == '-' || c == ' ' || c == '\r' || c == '\n' ? SP_E_AGAIN : SP_E_PROTOCOL;
}

static int end_line(struct sp_smtp_reply *reply)
{
    if (reply->column < CODE_DIGITS) {
        return SP_E_PROTOCOL;
    }
    if (reply->last) {
        return reply->code;
    }
    reply->later = true;
    reply->column = 0;
    reply->line_code = 0;
    reply->matched = 0;
    return SP_E_AGAIN;
}

int sp_smtp_reply_feed(struct sp_smtp_reply *reply, uint8_t c)
{
    int ret = SP_E_AGAIN;

    if (++reply->bytes > SP_SMTP_REPLY_MAX) {
        return SP_E_TOO_BIG;
    }
    if (reply->column < CODE_DIGITS) {
        ret = take_digit(reply, c);
    } else if (reply->column == CODE_DIGITS) {
        ret = take_separator(reply, c);
    } else {
        match(reply, c);
    }
    if (ret == SP_E_AGAIN && c == '\n') {
        return end_line(reply);
    }
    if (reply->column > CODE_DIGITS) {
        keep(reply, c);
    }
    reply->column++;
    return ret;
}
