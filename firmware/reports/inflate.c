/* A state machine that takes bits; each state says what comes next. Where input ends, it stays.
 *
 *   header: FIXED -> [EXTRA_N -> EXTRA] -> [NAME] -> [COMMENT] -> [SUM]
 *   blocks: BLOCK -> STORED_N -> STORED
 *                 -> SIZES -> META -> LENGTHS -> SYMBOL -> LENGTH_BITS -> DISTANCE -> BACK_BITS
 *                 -> COPY -> SYMBOL …
 *   after the last one: TRAILER -> DONE */
#include "reports/inflate.h"

#include "base/err.h"

#include <string.h>

enum state {
    FIXED,
    EXTRA_N,
    EXTRA,
    NAME,
    COMMENT,
    SUM,
    BLOCK,
    STORED_N,
    STORED,
    SIZES,
    META,
    LENGTHS,
    SYMBOL,
    LENGTH_BITS,
    DISTANCE,
    BACK_BITS,
    COPY,
    TRAILER,
    DONE,
    BROKEN
};

#define FLAG_SUM 2
#define FLAG_EXTRA 4
#define FLAG_NAME 8
#define FLAG_COMMENT 16
#define FLAGS_RESERVED 0xe0

#define CODE_BITS 15
#define END_OF_BLOCK 256
#define LITERALS 286
#define DISTANCES 30
#define META_CODES 19

/* A step's answer beside SP_E_CORRUPT. */
enum { GOES_ON, STARVES };

void sp_inflate_start(struct sp_inflate *z, uint8_t window[SP_INFLATE_WINDOW])
{
    memset(z, 0, sizeof *z);
    z->window = window;
    z->left = 10;
    z->crc = 0xffffffff;
}

/* Bits */

static bool want(struct sp_inflate *z, struct sp_span *in, unsigned n)
{
    while (z->bits < n) {
        if (in->n == 0) {
            return false;
        }
        z->hold |= (uint32_t)*in->p << z->bits;
        z->bits += 8;
        in->p++;
        in->n--;
    }
    return true;
}

static uint32_t take(struct sp_inflate *z, unsigned n)
{
    uint32_t value = z->hold & ((1U << n) - 1);

    z->hold >>= n;
    z->bits -= n;
    return value;
}

static void to_byte(struct sp_inflate *z)
{
    (void)take(z, z->bits % 8);
}

/* Codes (RFC 1951 3.2.2) */

/* False for lengths that are no code: too many codes; too few are taken for a single one, as the
 * format has it for distances. */
static bool make_code(const uint8_t *lengths, unsigned n, uint16_t count[16], uint16_t *symbol)
{
    uint16_t at[CODE_BITS + 1];
    int left = 1;

    memset(count, 0, 16 * sizeof count[0]);
    for (unsigned i = 0; i < n; i++) {
        count[lengths[i]]++;
    }
    at[1] = 0;
    for (unsigned i = 1; i <= CODE_BITS; i++) {
        left = 2 * left - count[i];
        if (left < 0) {
            return false;
        }
        if (i < CODE_BITS) {
            at[i + 1] = (uint16_t)(at[i] + count[i]);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (lengths[i] != 0) {
            symbol[at[lengths[i]]++] = (uint16_t)i;
        }
    }
    return left == 0 || n - count[0] <= 1;
}

/* The next symbol; NOT_YET when the input ends in it, SP_E_CORRUPT. */
#define NOT_YET (-1000)
static int decode(struct sp_inflate *z, struct sp_span *in, const uint16_t *count,
                  const uint16_t *symbol)
{
    while (z->symbol.n < CODE_BITS) {
        unsigned n;
        int symbols;

        if (!want(z, in, 1)) {
            return NOT_YET;
        }
        n = ++z->symbol.n;
        symbols = count[n];
        z->symbol.code = (uint16_t)(z->symbol.code | take(z, 1));
        if (z->symbol.code - symbols < z->symbol.first) {
            int found = symbol[z->symbol.index + (z->symbol.code - z->symbol.first)];

            memset(&z->symbol, 0, sizeof z->symbol);
            return found;
        }
        z->symbol.index = (uint16_t)(z->symbol.index + symbols);
        z->symbol.first = (uint16_t)((z->symbol.first + symbols) << 1);
        z->symbol.code = (uint16_t)(z->symbol.code << 1);
    }
    return SP_E_CORRUPT;
}

/* Header (RFC 1952 2.3) */

static void after_header(struct sp_inflate *z)
{
    static const struct {
        uint8_t flag, state, left;
    } parts[] = {{FLAG_EXTRA, EXTRA_N, 2},
                 {FLAG_NAME, NAME, 0},
                 {FLAG_COMMENT, COMMENT, 0},
                 {FLAG_SUM, SUM, 2}};

    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if ((z->flags & parts[i].flag) != 0) {
            z->flags = (uint8_t)(z->flags & ~parts[i].flag);
            z->state = parts[i].state;
            z->left = parts[i].left;
            return;
        }
    }
    z->state = BLOCK;
}

static int header_byte(struct sp_inflate *z, uint8_t byte)
{
    static const uint8_t magic[] = {0x1f, 0x8b, 8};
    unsigned i = 10U - z->left;

    if (i < sizeof magic ? byte != magic[i] : i == 3 && (byte & FLAGS_RESERVED) != 0) {
        return SP_E_CORRUPT;
    }
    if (i == 3) {
        z->flags = byte;
    }
    if (--z->left == 0) {
        after_header(z);
    }
    return GOES_ON;
}

static int skip_byte(struct sp_inflate *z, uint8_t byte)
{
    bool text = z->state == NAME || z->state == COMMENT;

    if (z->state == EXTRA_N) {
        z->copy = (uint16_t)(z->copy >> 8 | byte << 8);
    }
    if (text ? byte != 0 : --z->left != 0) {
        return GOES_ON;
    }
    if (z->state == EXTRA_N && z->copy != 0) {
        z->state = EXTRA;
        z->left = z->copy;
        z->copy = 0;
    } else {
        after_header(z);
    }
    return GOES_ON;
}

static int head(struct sp_inflate *z, struct sp_span *in)
{
    uint8_t byte;

    if (!want(z, in, 8)) {
        return STARVES;
    }
    byte = (uint8_t)take(z, 8);
    return z->state == FIXED ? header_byte(z, byte) : skip_byte(z, byte);
}

/* Blocks */

static void fixed_codes(struct sp_inflate *z)
{
    memset(z->lengths, 8, 144);
    memset(z->lengths + 144, 9, 112);
    memset(z->lengths + 256, 7, 24);
    memset(z->lengths + 280, 8, 8);
    (void)make_code(z->lengths, 288, z->literals.count, z->literals.symbol);
    memset(z->lengths, 5, DISTANCES); /* 30 and 31 are never met */
    (void)make_code(z->lengths, DISTANCES, z->distances.count, z->distances.symbol);
}

static int block(struct sp_inflate *z, struct sp_span *in)
{
    uint32_t type;

    if (!want(z, in, 3)) {
        return STARVES;
    }
    z->last = take(z, 1) != 0;
    type = take(z, 2);
    if (type == 0) {
        to_byte(z);
        z->state = STORED_N;
    } else if (type == 1) {
        fixed_codes(z);
        z->state = SYMBOL;
    } else if (type == 2) {
        z->state = SIZES;
    } else {
        return SP_E_CORRUPT;
    }
    return GOES_ON;
}

static void end_block(struct sp_inflate *z)
{
    if (!z->last) {
        z->state = BLOCK;
        return;
    }
    to_byte(z);
    z->state = TRAILER;
    z->left = 8;
}

static int stored_n(struct sp_inflate *z, struct sp_span *in)
{
    /* Two halves, for `hold` has room for 32 bits only while it is empty. */
    if (z->got == 0) {
        if (!want(z, in, 16)) {
            return STARVES;
        }
        z->left = (uint16_t)take(z, 16);
        z->got = 1;
    }
    if (!want(z, in, 16)) {
        return STARVES;
    }
    z->got = 0;
    if (take(z, 16) != (uint32_t)(uint16_t)~z->left) {
        return SP_E_CORRUPT;
    }
    if (z->left == 0) {
        end_block(z);
    } else {
        z->state = STORED;
    }
    return GOES_ON;
}

static int sizes(struct sp_inflate *z, struct sp_span *in)
{
    if (!want(z, in, 14)) {
        return STARVES;
    }
    z->lengths_n = (uint16_t)(257 + take(z, 5));
    z->distances_n = (uint16_t)(1 + take(z, 5));
    z->left = (uint16_t)(4 + take(z, 4));
    z->got = 0;
    if (z->lengths_n > LITERALS || z->distances_n > DISTANCES) {
        return SP_E_CORRUPT;
    }
    memset(z->lengths, 0, sizeof z->lengths);
    z->state = META;
    return GOES_ON;
}

/* The lengths of the codes that the lengths of the codes are written in. */
static int meta(struct sp_inflate *z, struct sp_span *in)
{
    static const uint8_t order[META_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                              11, 4,  12, 3, 13, 2, 14, 1, 15};

    for (; z->got < z->left; z->got++) {
        if (!want(z, in, 3)) {
            return STARVES;
        }
        z->lengths[order[z->got]] = (uint8_t)take(z, 3);
    }
    if (!make_code(z->lengths, META_CODES, z->literals.count, z->literals.symbol)) {
        return SP_E_CORRUPT;
    }
    z->got = 0;
    z->pending = 0;
    z->state = LENGTHS;
    return GOES_ON;
}

/* 16, 17 and 18 repeat: the last length, or none. */
static int repeat(struct sp_inflate *z, struct sp_span *in)
{
    static const uint8_t bits[] = {2, 3, 7}, least[] = {3, 3, 11};
    unsigned kind = z->pending - 16U;
    unsigned times;
    uint8_t length;

    if (!want(z, in, bits[kind])) {
        return STARVES;
    }
    times = least[kind] + take(z, bits[kind]);
    if ((kind == 0 && z->got == 0) || z->got + times > z->lengths_n + (unsigned)z->distances_n) {
        return SP_E_CORRUPT;
    }
    length = kind == 0 ? z->lengths[z->got - 1] : 0;
    memset(z->lengths + z->got, length, times);
    z->got = (uint16_t)(z->got + times);
    z->pending = 0;
    return GOES_ON;
}

static int one_length(struct sp_inflate *z, struct sp_span *in)
{
    int symbol;

    if (z->pending != 0) {
        return repeat(z, in);
    }
    symbol = decode(z, in, z->literals.count, z->literals.symbol);
    if (symbol < 0) {
        return symbol == NOT_YET ? STARVES : SP_E_CORRUPT;
    }
    if (symbol < 16) {
        z->lengths[z->got++] = (uint8_t)symbol;
    } else {
        z->pending = (uint16_t)symbol;
    }
    return GOES_ON;
}

static int lengths(struct sp_inflate *z, struct sp_span *in)
{
    while (z->got < z->lengths_n + z->distances_n) {
        int result = one_length(z, in);

        if (result != GOES_ON) {
            return result;
        }
    }
    z->got = 0;
    if (z->lengths[END_OF_BLOCK] == 0 ||
        !make_code(z->lengths, z->lengths_n, z->literals.count, z->literals.symbol) ||
        !make_code(z->lengths + z->lengths_n, z->distances_n, z->distances.count,
                   z->distances.symbol)) {
        return SP_E_CORRUPT;
    }
    z->state = SYMBOL;
    return GOES_ON;
}

/* What comes out */

static void put(struct sp_inflate *z, uint8_t byte)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};

    z->window[z->at] = byte;
    z->at = (z->at + 1) % SP_INFLATE_WINDOW;
    z->made++;
    z->crc ^= byte;
    z->crc = table[z->crc & 15] ^ z->crc >> 4;
    z->crc = table[z->crc & 15] ^ z->crc >> 4;
}

static int stored(struct sp_inflate *z, struct sp_span *in)
{
    if (!want(z, in, 8)) {
        return STARVES;
    }
    put(z, (uint8_t)take(z, 8));
    if (--z->left == 0) {
        end_block(z);
    }
    return GOES_ON;
}

static int symbol(struct sp_inflate *z, struct sp_span *in)
{
    int got = decode(z, in, z->literals.count, z->literals.symbol);

    if (got < 0) {
        return got == NOT_YET ? STARVES : SP_E_CORRUPT;
    }
    if (got < END_OF_BLOCK) {
        put(z, (uint8_t)got);
    } else if (got == END_OF_BLOCK) {
        end_block(z);
    } else if (got < LITERALS) {
        z->pending = (uint16_t)(got - END_OF_BLOCK - 1);
        z->state = LENGTH_BITS;
    } else {
        return SP_E_CORRUPT;
    }
    return GOES_ON;
}

/* RFC 1951 3.2.5: after the first codes, which stand for one value each, there are `each` of every
 * number of extra bits. */
static unsigned extra_bits(unsigned code, unsigned each)
{
    return code < 2 * each ? 0 : code / each - 1;
}

static unsigned base_of(unsigned code, unsigned each)
{
    return code < 2 * each ? code : (each + code % each) << extra_bits(code, each);
}

static int length_bits(struct sp_inflate *z, struct sp_span *in)
{
    bool longest = z->pending == LITERALS - END_OF_BLOCK - 2;
    unsigned n = longest ? 0 : extra_bits(z->pending, 4);

    if (!want(z, in, n)) {
        return STARVES;
    }
    z->copy = longest ? 258 : (uint16_t)(3 + base_of(z->pending, 4) + take(z, n));
    z->state = DISTANCE;
    return GOES_ON;
}

static int distance(struct sp_inflate *z, struct sp_span *in)
{
    int code = decode(z, in, z->distances.count, z->distances.symbol);

    if (code < 0) {
        return code == NOT_YET ? STARVES : SP_E_CORRUPT;
    }
    z->pending = (uint16_t)code;
    z->state = BACK_BITS;
    return GOES_ON;
}

static int back_bits(struct sp_inflate *z, struct sp_span *in)
{
    unsigned n = extra_bits(z->pending, 2);
    unsigned back;

    if (!want(z, in, n)) {
        return STARVES;
    }
    back = 1 + base_of(z->pending, 2) + take(z, n);
    if (back > z->made) {
        return SP_E_CORRUPT;
    }
    z->back = (uint16_t)back; /* 32768 at most */
    z->state = COPY;
    return GOES_ON;
}

static int copy(struct sp_inflate *z, struct sp_span *in)
{
    (void)in;
    put(z, z->window[(z->at + SP_INFLATE_WINDOW - z->back) % SP_INFLATE_WINDOW]);
    if (--z->copy == 0) {
        z->state = SYMBOL;
    }
    return GOES_ON;
}

/* CRC and length (RFC 1952 2.3.1) */
static int trailer(struct sp_inflate *z, struct sp_span *in)
{
    uint32_t wanted = z->left > 4 ? ~z->crc : z->made;
    unsigned at = (8U - z->left) % 4 * 8;

    if (!want(z, in, 8)) {
        return STARVES;
    }
    if (take(z, 8) != (wanted >> at & 0xff)) {
        return SP_E_CORRUPT;
    }
    if (--z->left == 0) {
        z->state = DONE;
    }
    return GOES_ON;
}

static int done(struct sp_inflate *z, struct sp_span *in)
{
    (void)z;
    return in->n > 0 ? SP_E_CORRUPT : STARVES;
}

static int broken(struct sp_inflate *z, struct sp_span *in)
{
    (void)z;
    (void)in;
    return SP_E_CORRUPT;
}

static int (*const steps[])(struct sp_inflate *z, struct sp_span *in) = {
    [FIXED] = head,        [EXTRA_N] = head,
    [EXTRA] = head,        [NAME] = head,
    [COMMENT] = head,      [SUM] = head,
    [BLOCK] = block,       [STORED_N] = stored_n,
    [STORED] = stored,     [SIZES] = sizes,
    [META] = meta,         [LENGTHS] = lengths,
    [SYMBOL] = symbol,     [LENGTH_BITS] = length_bits,
    [DISTANCE] = distance, [BACK_BITS] = back_bits,
    [COPY] = copy,         [TRAILER] = trailer,
    [DONE] = done,         [BROKEN] = broken,
};

int sp_inflate(struct sp_inflate *z, struct sp_span *in, size_t max, struct sp_span *out)
{
    uint32_t from = z->at, made = z->made;
    int result = GOES_ON;

    if (max > SP_INFLATE_WINDOW - from) {
        max = SP_INFLATE_WINDOW - from; /* in one piece */
    }
    while (result == GOES_ON && z->made - made < max) {
        result = steps[z->state](z, in);
    }
    *out = sp_span(z->window + from, z->made - made);
    if (result == SP_E_CORRUPT) {
        z->state = BROKEN;
        return SP_E_CORRUPT;
    }
    if (z->state == DONE && in->n == 0) {
        return SP_INFLATE_DONE;
    }
    return result == STARVES ? SP_INFLATE_HUNGRY : SP_INFLATE_FULL;
}
