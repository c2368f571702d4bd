#include "net/addr.h"

#include "base/err.h"

#include <string.h>

/* Ranges that the whole Internet cannot reach (IANA's special-purpose registries). */
struct range {
    uint8_t bytes[16];
    uint8_t bits;
};

static const struct range local4[] = {
    {{0}, 8},          /* this network */
    {{10}, 8},         /* private */
    {{100, 64}, 10},   /* shared by carriers */
    {{127}, 8},        /* loopback */
    {{169, 254}, 16},  /* link-local */
    {{172, 16}, 12},   /* private */
    {{192, 0, 0}, 24}, /* protocol assignments */
    {{192, 168}, 16},  /* private */
    {{198, 18}, 15},   /* benchmarks */
    {{224}, 4},        /* multicast */
    {{240}, 4},        /* reserved, broadcast */
};

/* IPv6 the other way round: global unicast, with its exceptions. */
static const struct range global6[] = {
    {{0x20}, 3}, {{0x00, 0x64, 0xff, 0x9b}, 96}, /* NAT64 */
};
static const struct range local6[] = {
    {{0x20, 0x01, 0x00, 0x02}, 48}, /* benchmarks */
    {{0x20, 0x01, 0x00, 0x10}, 28}, /* ORCHID */
};

static bool in_range(const uint8_t *bytes, const struct range *range)
{
    unsigned whole = range->bits / 8U;
    unsigned rest = range->bits % 8U;

    if (memcmp(bytes, range->bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || ((bytes[whole] ^ range->bytes[whole]) >> (8U - rest)) == 0;
}

static bool in_any(const uint8_t *bytes, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in_range(bytes, &ranges[i])) {
            return true;
        }
    }
    return false;
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool sp_addr_is_global(const struct sp_addr *addr)
{
    if (addr->family == 4) {
        return !in_any(addr->bytes, local4, COUNT(local4));
    }
    if (addr->family == 6) {
        return in_any(addr->bytes, global6, COUNT(global6)) &&
               !in_any(addr->bytes, local6, COUNT(local6));
    }
    return false;
}

bool sp_addr_is_host4(const struct sp_addr *addr)
{
    return addr->family == 4 && addr->bytes[0] != 0 && addr->bytes[0] != 127 &&
           addr->bytes[0] < 224;
}

bool sp_addr_equal(const struct sp_addr *a, const struct sp_addr *b)
{
    if (a->family != b->family) {
        return false;
    }
    if (a->family == 4) {
        return memcmp(a->bytes, b->bytes, 4) == 0;
    }
    return a->family == 0 || memcmp(a->bytes, b->bytes, 16) == 0;
}

/* Exactly four decimal numbers; a leading zero could mean octal to others, so it is refused. */
static bool parse4(struct sp_span text, uint8_t *out)
{
    struct sp_span part;
    uint64_t value;
    unsigned n = 0;

    while (sp_span_split(&text, '.', &part)) {
        if (n == 4 || part.n == 0 || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
            sp_span_u64(part, 255, &value) != 0) {
            return false;
        }
        out[n++] = (uint8_t)value;
    }
    return n == 4;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_group(struct sp_span text, uint8_t *out)
{
    unsigned value = 0;

    if (text.n == 0 || text.n > 4) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        int digit = hex_digit(text.p[i]);
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (unsigned)digit;
    }
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return true;
}

/* Groups without "::" into out, which has room for `cap` bytes; the last may be a dotted IPv4
 * address. How many bytes, or -1. */
static int parse_groups(struct sp_span text, bool is_end, uint8_t *out, int cap)
{
    struct sp_span part;
    int n = 0;

    if (text.n == 0) {
        return 0;
    }
    while (sp_span_split(&text, ':', &part)) {
        bool dotted = memchr(part.p, '.', part.n) != NULL;
        int size = dotted ? 4 : 2;

        if (n + size > cap || (dotted && (!is_end || text.p != NULL))) {
            return -1;
        }
        if (dotted ? !parse4(part, out + n) : !parse_group(part, out + n)) {
            return -1;
        }
        n += size;
    }
    return n;
}

static bool parse6(struct sp_span text, uint8_t *out)
{
    uint8_t tail[16];
    size_t gap = 0;
    int head_n, tail_n;

    while (gap + 1 < text.n && (text.p[gap] != ':' || text.p[gap + 1] != ':')) {
        gap++;
    }
    if (gap + 1 >= text.n) {
        return parse_groups(text, true, out, 16) == 16;
    }
    head_n = parse_groups(sp_span(text.p, gap), false, out, 14);
    tail_n = parse_groups(sp_span(text.p + gap + 2, text.n - gap - 2), true, tail, 14);
    if (head_n < 0 || tail_n < 0 || head_n + tail_n > 14) {
        return false;
    }
    memset(out + head_n, 0, (size_t)(16 - head_n - tail_n));
    memcpy(out + 16 - tail_n, tail, (size_t)tail_n);
    return true;
}

int sp_addr_parse(struct sp_span text, struct sp_addr *out)
{
    memset(out, 0, sizeof *out);
    if (text.n == 0 || text.n >= SP_ADDR_SIZE) {
        return SP_E_INVALID;
    }
    if (memchr(text.p, ':', text.n) != NULL) {
        if (parse6(text, out->bytes)) {
            out->family = 6;
        }
    } else if (parse4(text, out->bytes)) {
        out->family = 4;
    }
    if (out->family != 0) {
        return 0;
    }
    memset(out, 0, sizeof *out);
    return SP_E_INVALID;
}

int sp_addr_parse_prefix(struct sp_span text, struct sp_addr *out, uint8_t *prefix)
{
    const uint8_t *slash = text.n > 0 ? memchr(text.p, '/', text.n) : NULL;
    struct sp_span address = text;
    uint64_t bits;
    unsigned most;

    if (slash != NULL) {
        address.n = (size_t)(slash - text.p);
    }
    if (sp_addr_parse(address, out) != 0) {
        return SP_E_INVALID;
    }
    most = out->family == 4 ? 32 : 128;
    bits = most;
    if (slash != NULL) {
        struct sp_span number = sp_span(slash + 1, text.n - address.n - 1);
        if (number.n > 3 || (number.n > 1 && number.p[0] == '0') ||
            sp_span_u64(number, most, &bits) != 0) {
            memset(out, 0, sizeof *out);
            return SP_E_INVALID;
        }
    }
    *prefix = (uint8_t)bits;
    return 0;
}

static unsigned group(const uint8_t *bytes, int i)
{
    return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 4.2). */
static int zero_run(const uint8_t *bytes, int groups, int *length)
{
    int best = -1;

    *length = 1;
    for (int i = 0; i < groups; i++) {
        int n = 0;
        while (i + n < groups && group(bytes, i + n) == 0) {
            n++;
        }
        if (n > *length) {
            best = i;
            *length = n;
        }
        i += n;
    }
    return best;
}

static void put4(struct sp_buf *out, const uint8_t *b)
{
    sp_buf_printf(out, "%u.%u.%u.%u", (unsigned)b[0], (unsigned)b[1], (unsigned)b[2],
                  (unsigned)b[3]);
}

static void put6(struct sp_buf *out, const uint8_t *bytes)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_mapped = memcmp(bytes, mapped, sizeof mapped) == 0;
    int groups = is_mapped ? 6 : 8;
    int length;
    int run = zero_run(bytes, groups, &length);

    for (int i = 0; i < groups; i++) {
        if (i == run) {
            sp_buf_puts(out, "::");
            i += length - 1;
            continue;
        }
        sp_buf_printf(out, "%s%x", i > 0 && i != run + length ? ":" : "", group(bytes, i));
    }
    if (is_mapped) {
        sp_buf_putc(out, ':');
        put4(out, bytes + 12);
    }
}

const char *sp_addr_text(const struct sp_addr *addr, char *out)
{
    struct sp_buf buf;

    sp_buf_init(&buf, out, SP_ADDR_SIZE);
    if (addr->family == 4) {
        put4(&buf, addr->bytes);
    } else if (addr->family == 6) {
        put6(&buf, addr->bytes);
    } else {
        sp_buf_putc(&buf, '-');
    }
    return out;
}
