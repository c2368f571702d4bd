/*
 * sealpost.h: extra root certificates, of the factory and of the operator.
 *
 * A record's data is one byte of origin ('F' or 'O') and the DER.
 */
#include "app/app.h"
#include "app/area.h"
#include "base/log.h"
#include "base/scratch.h"
#include "crypto/cert.h"
#include "net/trust.h"

#include <string.h>

#define NAME_SIZE (2 * SP_SHA256_SIZE + 1)

/* The record's name of number i. 0, or SP_E_NOT_FOUND. */
static int name_of(unsigned i, char *name)
{
    uint32_t cursor = 0;
    int err = i < SP_TRUST_MAX ? SP_OK : SP_E_NOT_FOUND;
    for (unsigned k = 0; k <= i && err == SP_OK; k++) {
        err = sp_app_next(SP_KIND_TRUST, &cursor, name);
    }
    return err;
}

/* Number i: its name and origin, and its DER unless buf is NULL. The DER's length, or an error of
 * sp_store_get. */
static int load(unsigned i, char *name, char *origin, void *buf, size_t cap)
{
    struct sp_store_reader reader;
    int err;
    int n = name_of(i, name);
    if (n == SP_OK) {
        n = sp_store_read_begin(&sp_app.store, SP_KIND_TRUST, name, &reader);
    }
    if (n < 0) {
        return n;
    }
    if (n < 2) {
        return SP_E_CORRUPT;
    }
    if (buf != NULL && (size_t)n - 1 > cap) {
        return SP_E_SPACE;
    }
    err = sp_store_read(&reader, origin, 1);
    if (err == SP_OK) {
        err = sp_store_read(&reader, buf, (size_t)n - 1);
    }
    if (err == SP_OK) {
        err = sp_store_read_end(&reader);
    }
    return err < 0 ? err : n - 1;
}

/* sp_trust_extra. */
static int anchor(void *ctx, unsigned i, void *buf, size_t cap)
{
    char name[SP_STORE_NAME_MAX + 1];
    char origin;
    (void)ctx;
    return load(i, name, &origin, buf, cap);
}

/* The board's own roots, or those of the area; size 0 when those are not to be trusted. */
static struct sp_hal_blob *builtin(void)
{
    static struct sp_area_file file;
    if (sp_app.board->roots != NULL) {
        return sp_app.board->roots;
    }
    (void)sp_area_open("roots", &file);
    return &file.blob;
}

void sp_app_trust_start(void)
{
    sp_trust_start(builtin(), anchor, NULL);
}

/* Those that follow move up when one is deleted. */
int sp_app_trust_reset(void)
{
    char name[SP_STORE_NAME_MAX + 1];
    char origin;
    int err = SP_OK;
    for (unsigned i = 0; err == SP_OK;) {
        int n = load(i, name, &origin, NULL, 0);
        if (n == SP_E_NOT_FOUND) {
            break;
        }
        if (n > 0 && origin == 'O') {
            err = sp_store_delete(&sp_app.store, SP_KIND_TRUST, name);
        } else {
            i++;
        }
    }
    return err;
}

/* A root as it is kept, and what it says. */
struct root {
    uint8_t record[1 + SP_LINK_MAX];
    struct sp_cert_info info;
};

/* Brings the DER into the record and judges it. Its length, or an error with why filled. */
static int read_root(struct sp_span text, struct root *out, struct sealpost_why *why)
{
    int n = sp_der_is_sequence(text) ? (int)text.n : 0;
    if (n > SP_LINK_MAX) {
        n = SP_E_SPACE;
    } else if (n > 0) {
        memcpy(out->record + 1, text.p, text.n);
    } else {
        n = sp_pem_next(&text, out->record + 1, sizeof out->record - 1);
    }
    if (n == SP_E_SPACE) {
        return sp_app_why(why, n, "trust_too_big", "The certificate is larger than %u bytes.",
                          SP_LINK_MAX);
    }
    if (n < 0 || sp_cert_read(sp_span(out->record + 1, (size_t)n), &out->info) < 0) {
        return sp_app_why(why, SP_E_INVALID, "trust_invalid",
                          "This is not a certificate in PEM form (BEGIN CERTIFICATE … END "
                          "CERTIFICATE).");
    }
    if (!out->info.ca) {
        return sp_app_why(why, SP_E_INVALID, "trust_not_ca",
                          "%s is not the certificate of an authority (CA), so it cannot be a root.",
                          out->info.subject);
    }
    return n;
}

static void hash_name(const struct sp_cert_info *info, char *out)
{
    struct sp_buf buf;
    sp_buf_init(&buf, out, NAME_SIZE);
    sp_hex(&buf, sp_span(info->sha256, sizeof info->sha256));
}

_Static_assert(SEALPOST_DER_MAX == SP_LINK_MAX, "what sealpost.h promises");

static int add(struct sp_span certificate, struct root *root, struct sealpost_why *why)
{
    char name[NAME_SIZE];
    int err;
    int n = read_root(certificate, root, why);
    if (n < 0) {
        return n;
    }
    hash_name(&root->info, name);
    if (sp_store_length(&sp_app.store, SP_KIND_TRUST, name) >= 0) {
        return sp_app_why(why, SP_E_EXISTS, "trust_known", "%s is trusted already.",
                          root->info.subject);
    }
    if (sp_store_count(&sp_app.store, SP_KIND_TRUST) >= SP_TRUST_MAX) {
        return sp_app_why(why, SP_E_FULL, "trust_full",
                          "There are %u extra roots already, which is the most; remove one first.",
                          SP_TRUST_MAX);
    }
    root->record[0] = 'O';
    err = sp_store_put(&sp_app.store, SP_KIND_TRUST, name, sp_span(root->record, (size_t)n + 1), 0);
    if (err < 0) {
        return sp_app_why(why, err, "store_failed", "The root could not be kept: %s.",
                          sp_err_text(err));
    }
    sp_log_info("app", "extra root added: %s", root->info.subject);
    return SP_OK;
}

int sealpost_trust_add(const void *certificate, size_t size, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    int err = add(sp_span(certificate, size), sp_scratch_take(sizeof(struct root)), why);
    sp_scratch_release(mark);
    return err;
}

int sealpost_trust_remove(const char *sha256, struct sealpost_why *why)
{
    int err = sp_store_delete(&sp_app.store, SP_KIND_TRUST, sha256);
    if (err == SP_E_NOT_FOUND) {
        return sp_app_why(why, err, "trust_unknown",
                          "No extra root has that SHA-256; `trust` lists them.");
    }
    return err < 0 ? sp_app_why(why, err, "store_failed", "The root could not be removed: %s.",
                                sp_err_text(err))
                   : SP_OK;
}

int sealpost_trust_get(unsigned i, struct sealpost_anchor *out)
{
    size_t mark = sp_scratch_mark();
    struct root *kept = sp_scratch_take(sizeof *kept);
    char name[SP_STORE_NAME_MAX + 1];
    char origin;
    int n = load(i, name, &origin, kept->record, sizeof kept->record);
    memset(out, 0, sizeof *out);
    if (n >= 0) {
        sp_text_cut(out->sha256, sizeof out->sha256, name);
        out->factory = origin == 'F';
    }
    if (n >= 0 && sp_cert_read(sp_span(kept->record, (size_t)n), &kept->info) == SP_OK) {
        sp_text_cut(out->subject, sizeof out->subject, kept->info.subject);
        out->not_after = kept->info.not_after;
    }
    sp_scratch_release(mark);
    return n < 0 ? n : SP_OK;
}

unsigned sealpost_trust_builtin(void)
{
    return sp_trust_count();
}
