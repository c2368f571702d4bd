/*
 * reports/inflate: a gzip file (RFC 1952) inflated piece by piece (RFC 1951), whatever it holds.
 *
 * It stops and goes on at any bit of its input. CRC and length at the end are judged; what a
 * distance reaches before the beginning, and codes that are no codes, are refused. One member:
 * bytes behind it are refused, too.
 *
 * Memory: 1.1 KB in the caller's struct, and a window of SP_INFLATE_WINDOW bytes, also the
 * caller's, which what comes out stands in. Threads: none of it is shared. Time: by the bytes that
 * come out, `max` at most in one call, and those that go in.
 */
#ifndef SP_REPORTS_INFLATE_H
#define SP_REPORTS_INFLATE_H

#include "base/span.h"

#define SP_INFLATE_WINDOW 32768

struct sp_inflate_code {
    uint16_t count[16];   /* codes of each length */
    uint16_t symbol[288]; /* in the order of their codes */
};

struct sp_inflate {
    uint8_t *window;
    uint32_t made, crc; /* bytes that came out, and their checksum */
    uint32_t at;        /* where the next one goes in the window */
    uint32_t hold;      /* bits that were read and not used */
    unsigned bits;      /* how many these are */
    uint8_t state;
    bool last;           /* the block under way is the last one */
    uint8_t flags;       /* of the header, those that are still to be dealt with */
    uint16_t left;       /* bytes or items that the state is still to take */
    uint16_t copy, back; /* bytes to be copied, and from how far back */
    struct {             /* the symbol that is being read (RFC 1951 3.2.2) */
        uint16_t code, first, index;
        uint8_t n;
    } symbol;
    uint16_t lengths_n, distances_n; /* codes of the block */
    uint16_t got;                    /* of their lengths, those that were read */
    uint16_t pending;                /* a symbol whose extra bits are still to come */
    uint8_t lengths[320];
    struct sp_inflate_code literals;
    struct {
        uint16_t count[16], symbol[32];
    } distances;
};

enum sp_inflate_result {
    SP_INFLATE_HUNGRY, /* it has taken all that it was given, and wants more */
    SP_INFLATE_FULL,   /* it wants to be called again, before more is given */
    SP_INFLATE_DONE    /* the end was reached, and all was right */
};

void sp_inflate_start(struct sp_inflate *z, uint8_t window[SP_INFLATE_WINDOW]);
/* Takes from the front of *in, and gives at most `max` bytes in *out, which stay in the window
 * until the next call. An enum sp_inflate_result; SP_E_CORRUPT, also in all later calls. */
int sp_inflate(struct sp_inflate *z, struct sp_span *in, size_t max, struct sp_span *out);

#endif
