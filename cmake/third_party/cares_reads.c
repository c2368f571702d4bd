/* c-ares makes room for 65,535 bytes before every read, for each socket, which is more memory than
 * a small board has. Its reader (ares_process.c) is compiled to call this function instead. */
#include "ares_private.h"

/* EDNS announces 1232; 1500 is what a frame can hold. TCP is read in several goes. */
#define MOST 1500

unsigned char *sp_ares_append_start(ares_buf_t *buf, size_t *len)
{
    if (*len > MOST)
        *len = MOST;
    return ares_buf_append_start(buf, len);
}
