#include "net/dns_message.h"

#include "base/err.h"

#include <string.h>

#define LABEL_MAX 63U
#define POINTER 0xc0U
#define STRING_MAX 255U

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8U | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16U | get16(p + 2);
}

/* A letter in lower case, a digit, '-' or '_'; 0 for any other. */
static char letter(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c + ('a' - 'A'));
    }
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? (char)c
                                                                                    : '\0';
}

/* --- writing --- */

void sp_dns_write(struct sp_dns_writer *w, const void *p, size_t n)
{
    if (w->bad || n > w->cap - w->n) {
        w->bad = true;
        return;
    }
    if (n > 0) {
        memcpy(w->p + w->n, p, n);
        w->n += n;
    }
}

void sp_dns_write16(struct sp_dns_writer *w, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8U), (uint8_t)value};

    sp_dns_write(w, bytes, sizeof bytes);
}

void sp_dns_write32(struct sp_dns_writer *w, uint32_t value)
{
    sp_dns_write16(w, value >> 16U);
    sp_dns_write16(w, value & 0xffffU);
}

void sp_dns_write_start(struct sp_dns_writer *w, void *array, size_t cap, uint16_t id,
                        uint16_t flags)
{
    static const uint8_t counts[8] = {0};

    *w = (struct sp_dns_writer){.p = array, .cap = cap};
    sp_dns_write16(w, id);
    sp_dns_write16(w, flags);
    sp_dns_write(w, counts, sizeof counts);
}

static void count(struct sp_dns_writer *w, enum sp_dns_section section)
{
    size_t at = 4 + 2 * (size_t)section;
    unsigned n;

    if (w->bad) {
        return;
    }
    n = get16(w->p + at) + 1U;
    w->p[at] = (uint8_t)(n >> 8U);
    w->p[at + 1] = (uint8_t)n;
}

static void write_label(struct sp_dns_writer *w, const char *label, size_t n)
{
    uint8_t bytes[1 + LABEL_MAX];

    if (n == 0 || n > LABEL_MAX) {
        w->bad = true;
        return;
    }
    bytes[0] = (uint8_t)n;
    for (size_t i = 0; i < n; i++) {
        bytes[1 + i] = (uint8_t)letter((uint8_t)label[i]);
        w->bad = w->bad || bytes[1 + i] == 0;
    }
    sp_dns_write(w, bytes, n + 1);
}

void sp_dns_write_name(struct sp_dns_writer *w, const char *name)
{
    static const uint8_t root = 0;
    size_t begin = w->n;

    while (*name != '\0' && !w->bad) {
        size_t n = strcspn(name, ".");

        write_label(w, name, n);
        name += n;
        if (*name == '.') {
            name++;
            w->bad = w->bad || *name == '\0'; /* no dot at the end */
        }
    }
    sp_dns_write(w, &root, 1);
    w->bad = w->bad || w->n - begin > SP_DNS_WIRE_NAME;
}

void sp_dns_write_question(struct sp_dns_writer *w, const char *name, unsigned type)
{
    sp_dns_write_name(w, name);
    sp_dns_write16(w, type);
    sp_dns_write16(w, SP_DNS_CLASS_IN);
    count(w, SP_DNS_QUESTION);
}

void sp_dns_write_record(struct sp_dns_writer *w, enum sp_dns_section section, const char *name,
                         unsigned type, unsigned class, uint32_t ttl, struct sp_span data)
{
    sp_dns_write_name(w, name);
    sp_dns_write16(w, type);
    sp_dns_write16(w, class);
    sp_dns_write32(w, ttl);
    w->bad = w->bad || data.n > UINT16_MAX;
    sp_dns_write16(w, (unsigned)data.n);
    sp_dns_write(w, data.p, data.n);
    count(w, section);
}

int sp_dns_txt_data(const char *text, uint8_t *out, size_t cap)
{
    size_t left = strlen(text);
    size_t n = 0;

    do {
        size_t piece = left < STRING_MAX ? left : STRING_MAX;

        if (cap - n < piece + 1) {
            return SP_E_SPACE;
        }
        out[n++] = (uint8_t)piece;
        memcpy(out + n, text, piece);
        n += piece;
        text += piece;
        left -= piece;
    } while (left > 0);
    return (int)n;
}

/* --- reading --- */

int sp_dns_read_start(struct sp_dns_reader *r, struct sp_span message, struct sp_dns_header *out)
{
    if (message.n < SP_DNS_HEADER || message.n > UINT16_MAX) {
        return SP_E_PROTOCOL;
    }
    *r = (struct sp_dns_reader){.p = message.p, .n = message.n, .at = SP_DNS_HEADER};
    out->id = get16(message.p);
    out->flags = get16(message.p + 2);
    for (size_t i = 0; i < SP_DNS_SECTIONS; i++) {
        out->counts[i] = get16(message.p + 4 + 2 * i);
    }
    return 0;
}

/* A name that is walked label by label. */
struct walk {
    struct sp_span message;
    size_t at;
    size_t before; /* a pointer must lead to before this */
    size_t end;    /* of the name where it began; 0 while no pointer was followed */
    size_t bytes;  /* of the name so far, as if uncompressed */
};

/* The next label: its length, 0 at the end; SP_E_PROTOCOL. */
static int next_label(struct walk *walk, const uint8_t **label)
{
    const uint8_t *p = walk->message.p;
    size_t n = walk->message.n;

    while (walk->at < n && p[walk->at] >= POINTER) {
        size_t target;

        if (n - walk->at < 2) {
            return SP_E_PROTOCOL;
        }
        target = get16(p + walk->at) & 0x3fffU;
        if (target >= walk->before) {
            return SP_E_PROTOCOL;
        }
        walk->end = walk->end == 0 ? walk->at + 2 : walk->end;
        walk->before = target;
        walk->at = target;
    }
    /* Also refuses the two reserved forms, which begin with 01 and 10. */
    if (walk->at >= n || p[walk->at] > LABEL_MAX || n - walk->at < 1U + p[walk->at]) {
        return SP_E_PROTOCOL;
    }
    *label = p + walk->at + 1;
    walk->bytes += 1U + p[walk->at];
    walk->at += 1U + p[walk->at];
    return walk->bytes > SP_DNS_WIRE_NAME ? SP_E_PROTOCOL : (*label)[-1];
}

static struct walk walk_from(struct sp_span message, size_t at)
{
    return (struct walk){.message = message, .at = at, .before = at};
}

static size_t walked_to(const struct walk *walk)
{
    return walk->end != 0 ? walk->end : walk->at;
}

int sp_dns_skip_name(struct sp_dns_reader *r)
{
    struct walk walk = walk_from(sp_span(r->p, r->n), r->at);
    const uint8_t *label;
    int n;

    do {
        n = next_label(&walk, &label);
    } while (n > 0);
    if (n == 0) {
        r->at = walked_to(&walk);
    }
    return n;
}

/* Appends a label to a name; SP_E_INVALID, SP_E_SPACE. */
static int append(struct sp_buf *name, const uint8_t *label, size_t n)
{
    if (name->len > 0) {
        sp_buf_putc(name, '.');
    }
    for (size_t i = 0; i < n; i++) {
        char c = letter(label[i]);

        if (c == '\0') {
            return SP_E_INVALID;
        }
        sp_buf_putc(name, c);
    }
    return name->cut ? SP_E_SPACE : 0;
}

int sp_dns_name_at(struct sp_span message, size_t at, char *out, size_t cap, size_t *end)
{
    struct walk walk = walk_from(message, at);
    struct sp_buf name;
    const uint8_t *label;
    int n;

    sp_buf_init(&name, out, cap);
    while ((n = next_label(&walk, &label)) > 0) {
        int err = append(&name, label, (size_t)n);

        if (err < 0) {
            return err;
        }
    }
    if (n == 0 && end != NULL) {
        *end = walked_to(&walk);
    }
    return n;
}

int sp_dns_skip_question(struct sp_dns_reader *r)
{
    if (sp_dns_skip_name(r) < 0 || r->n - r->at < 4) {
        return SP_E_PROTOCOL;
    }
    r->at += 4;
    return 0;
}

int sp_dns_read_rr(struct sp_dns_reader *r, struct sp_dns_rr *out)
{
    const uint8_t *p;

    *out = (struct sp_dns_rr){.at = r->at, .name_at = r->at};
    if (sp_dns_skip_name(r) < 0 || r->n - r->at < 10) {
        return SP_E_PROTOCOL;
    }
    p = r->p + r->at;
    out->type = get16(p);
    out->class = get16(p + 2);
    out->ttl = get32(p + 4);
    out->data_at = r->at + 10;
    out->data = sp_span(p + 10, get16(p + 8));
    if (r->n - out->data_at < out->data.n) {
        return SP_E_PROTOCOL;
    }
    r->at = out->data_at + out->data.n;
    return 0;
}

int sp_dns_txt_text(struct sp_span data, char *out, size_t cap)
{
    struct sp_buf text;
    size_t at = 0;

    sp_buf_init(&text, out, cap);
    if (data.n == 0) {
        return SP_E_PROTOCOL;
    }
    while (at < data.n) {
        size_t n = data.p[at++];

        if (n > data.n - at) {
            return SP_E_PROTOCOL;
        }
        for (size_t i = 0; i < n; i++, at++) {
            sp_buf_putc(&text, data.p[at] != 0 ? (char)data.p[at] : '?');
        }
    }
    return 0;
}
