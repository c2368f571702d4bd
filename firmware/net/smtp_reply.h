/*
 * net/smtp_reply: reads one reply of an SMTP server (RFC 5321 4.2), byte by byte, so that what
 * comes behind it stays with the caller.
 *
 * Taken as servers write it: lines may be longer than the 512 bytes of RFC 5321 4.5.3.1.5, and may
 * end with a bare LF. Bounded all the same: a reply has SP_SMTP_REPLY_MAX bytes at most.
 *
 * Memory: the caller's struct. Pure functions of their arguments.
 */
#ifndef SP_NET_SMTP_REPLY_H
#define SP_NET_SMTP_REPLY_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_SMTP_SAID 72 /* with its terminator */

struct sp_smtp_reply {
    char said[SP_SMTP_SAID]; /* the first line's text, controls replaced, cut: for people */
    bool found;              /* a line after the first one has the keyword (RFC 5321 4.1.1.1) */
    /* The module's. */
    const char *keyword;
    uint16_t code, line_code;
    uint16_t bytes, column;
    uint8_t said_n;
    uint8_t matched; /* characters of the keyword; more than it has: not this line's */
    bool later;      /* a line after the first */
    bool last;       /* the line after which no more comes */
};

/* keyword: an extension to look for in a reply to EHLO, in capitals; NULL for none. The caller's,
 * for as long as the reply is read. */
void sp_smtp_reply_begin(struct sp_smtp_reply *reply, const char *keyword);
/* One byte more. SP_E_AGAIN while the reply goes on; its code (200 … 599) after the last byte;
 * SP_E_PROTOCOL when this is no reply, SP_E_TOO_BIG when it does not end. */
int sp_smtp_reply_feed(struct sp_smtp_reply *reply, uint8_t byte);

#endif
