/* Lines lie one after the other in a ring of bytes: a header, then the text without a terminator.
 * They are of different lengths, so a line is found by walking from the oldest. */
#include "base/log.h"

#include "base/err.h"
#include "sp_port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct header {
    const char *room;
    uint32_t utc;  /* until 2106 */
    uint32_t at_s; /* since start */
    uint16_t at_ms;
    uint8_t level;
    uint8_t text_n;
};

static uint8_t bytes[SP_LOG_BYTES]; /* apart, so that its zeros take no room in the image */

static struct {
    size_t oldest; /* where the oldest line's header begins */
    size_t used;
    uint32_t first, newest; /* numbers; first > newest when there is no line */
} ring = {.first = 1};

static enum sp_log_level lowest = SP_LOG_INFO;

void sp_log_keep(enum sp_log_level level)
{
    lowest = level;
}

static void ring_write(size_t at, const void *p, size_t n)
{
    const uint8_t *from = p;

    for (size_t i = 0; i < n; i++) {
        bytes[(at + i) % SP_LOG_BYTES] = from[i];
    }
}

static void ring_read(size_t at, void *p, size_t n)
{
    uint8_t *to = p;

    for (size_t i = 0; i < n; i++) {
        to[i] = bytes[(at + i) % SP_LOG_BYTES];
    }
}

static void drop_oldest(void)
{
    struct header header = {0};
    size_t n;

    ring_read(ring.oldest, &header, sizeof header);
    n = sizeof header + header.text_n;
    ring.oldest = (ring.oldest + n) % SP_LOG_BYTES;
    ring.used -= n;
    ring.first++;
}

static void append(const struct header *header, const char *text)
{
    size_t n = sizeof *header + header->text_n;

    while (ring.used + n > SP_LOG_BYTES) {
        drop_oldest();
    }
    ring_write(ring.oldest + ring.used, header, sizeof *header);
    ring_write(ring.oldest + ring.used + sizeof *header, text, header->text_n);
    ring.used += n;
}

void sp_log(enum sp_log_level level, const char *room, const char *format, ...)
{
    sp_time now = sp_port_mono_ms();
    struct header header = {.room = room,
                            .utc = (uint32_t)sp_port_utc_s(),
                            .at_s = (uint32_t)(now / 1000),
                            .at_ms = (uint16_t)(now % 1000)};
    char text[SP_LOG_LINE] = "";
    va_list args;

    if (level < lowest) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ring.newest++;
    header.level = (uint8_t)level;
    header.text_n = (uint8_t)strlen(text);
    append(&header, text);
}

uint32_t sp_log_newest(void)
{
    return ring.newest;
}

int sp_log_get(uint32_t number, struct sp_log_line *out)
{
    struct header header = {0};
    size_t at = ring.oldest;

    if (number < ring.first || number > ring.newest) {
        return SP_E_NOT_FOUND;
    }
    for (uint32_t i = ring.first;; i++) {
        ring_read(at, &header, sizeof header);
        if (i == number) {
            break;
        }
        at += sizeof header + header.text_n;
    }
    out->number = number;
    out->at = (sp_time)header.at_s * 1000 + header.at_ms;
    out->utc = header.utc;
    out->level = (enum sp_log_level)header.level;
    (void)snprintf(out->room, sizeof out->room, "%s", header.room);
    ring_read(at + sizeof header, out->text, header.text_n);
    out->text[header.text_n] = '\0';
    return 0;
}
