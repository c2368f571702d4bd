/*
 * console/paste: a certificate in PEM (RFC 7468) that is pasted line by line, decoded on the way.
 *
 * Only the DER is kept, so that it takes little room. What stands around BEGIN and END is skipped;
 * what is not base64 between them leaves nothing to keep. Whether it is a certificate is not judged
 * here.
 *
 * Memory: SEALPOST_DER_MAX bytes in the caller's struct, which begins all zero. Pure functions.
 */
#ifndef SP_CONSOLE_PASTE_H
#define SP_CONSOLE_PASTE_H

#include "sealpost.h"

struct sp_paste {
    bool begun, ended; /* BEGIN was seen; its END was, too */
    bool too_long;     /* more than SEALPOST_DER_MAX bytes */
    bool broken;       /* something is not base64 */
    unsigned digits;   /* of the group of four under way */
    unsigned padding;  /* `=` seen */
    uint32_t bits;     /* the last bits_n wait for a byte to be whole */
    unsigned bits_n;
    size_t n;
    uint8_t der[SEALPOST_DER_MAX];
};

/* One line, without its end. */
void sp_paste_line(struct sp_paste *paste, const char *line);
/* Bytes of DER; 0 when what stood between BEGIN and END is not base64. */
size_t sp_paste_size(const struct sp_paste *paste);

#endif
