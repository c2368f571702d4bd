#include "net/sntp.h"

#include "base/err.h"

#include <string.h>

enum { FLAGS = 0, STRATUM = 1, ROOT_DELAY = 4, ROOT_DISPERSION = 8, REFERENCE_ID = 12 };
enum { ORIGINATE = 24, TRANSMIT = 40 };

#define CLIENT 0x23 /* version 4, mode 3 */
#define SERVER 4    /* mode */
#define UNSYNCHRONISED 3
#define SECONDS_1900_TO_1970 2208988800
#define ERA_SECONDS 4294967296
#define MOST_DISTANCE 0x100000U /* 16 s in units of 2^-16: RFC 5905's MAXDISP */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Seconds wrap in 2036: without the top bit they belong to the next era (RFC 4330 3). */
static int64_t utc_ms(const uint8_t *timestamp)
{
    int64_t seconds = get32(timestamp);
    int64_t fraction = get32(timestamp + 4);

    if (seconds < ERA_SECONDS / 2) {
        seconds += ERA_SECONDS;
    }
    return (seconds - SECONDS_1900_TO_1970) * 1000 + fraction * 1000 / ERA_SECONDS;
}

void sp_sntp_request(uint8_t out[SP_SNTP_SIZE], const uint8_t cookie[SP_SNTP_COOKIE])
{
    memset(out, 0, SP_SNTP_SIZE);
    out[FLAGS] = CLIENT;
    memcpy(out + TRANSMIT, cookie, SP_SNTP_COOKIE);
}

static void take_kiss(const uint8_t *code, char *out)
{
    for (int i = 0; i < 4; i++) {
        out[i] = code[i] > ' ' && code[i] < 0x7f ? (char)code[i] : '?';
    }
    out[4] = '\0';
}

static bool has_time(const uint8_t *p)
{
    static const uint8_t zero[8];
    uint32_t distance = get32(p + ROOT_DELAY) / 2;

    return p[FLAGS] >> 6 != UNSYNCHRONISED && p[STRATUM] <= 15 && distance < MOST_DISTANCE &&
           get32(p + ROOT_DISPERSION) < MOST_DISTANCE - distance &&
           memcmp(p + TRANSMIT, zero, sizeof zero) != 0;
}

int sp_sntp_parse(struct sp_span packet, const uint8_t cookie[SP_SNTP_COOKIE],
                  struct sp_sntp_reply *out)
{
    const uint8_t *p = packet.p;

    memset(out, 0, sizeof *out);
    if (packet.n < SP_SNTP_SIZE || memcmp(p + ORIGINATE, cookie, SP_SNTP_COOKIE) != 0 ||
        (p[FLAGS] & 7) != SERVER) {
        return SP_E_INVALID;
    }
    out->stratum = p[STRATUM];
    if (out->stratum == 0) {
        take_kiss(p + REFERENCE_ID, out->kiss);
        return SP_E_REFUSED;
    }
    if (!has_time(p)) {
        return SP_E_PROTOCOL;
    }
    out->utc_ms = utc_ms(p + TRANSMIT);
    return 0;
}
