/*
 * mtasts/domain_record: a domain's bytes in flash (docs/domain-record.md).
 *
 * Pure functions of their arguments: hostile bytes give SP_E_CORRUPT, never more.
 */
#ifndef SP_MTASTS_DOMAIN_RECORD_H
#define SP_MTASTS_DOMAIN_RECORD_H

#include "mtasts/domain.h"

/* A record as it is written: what is short is copied, what is long is pointed to in the domain,
 * which must live on. It holds no key, but shows where one is. */
struct sp_domain_packed {
    struct sp_span pieces[80];
    size_t pieces_n;
    uint8_t bytes[512]; /* heads of items, numbers */
    size_t bytes_n;
    size_t total; /* the record's length */
    bool full;    /* does not happen: there is room for the largest */
};
/* 0, SP_E_INVALID when a part that the domain has was not loaded, SP_E_SPACE. The name is the
 * record's name and not among the bytes. */
int sp_domain_pack(const struct sp_domain *domain, struct sp_domain_packed *out);

/* Where a record's bytes come from. */
struct sp_domain_source {
    /* The next n bytes (at most those that are left), NULL to pass over them. 0 or SP_E_IO. */
    int (*read)(void *ctx, void *buf, size_t n);
    void *ctx;
};
/* Everything but the name, of a record of n bytes: what there is room for in *out. It does not rely
 * on the bytes. 0, SP_E_CORRUPT, SP_E_IO (then *out is of no use). */
int sp_domain_unpack(const struct sp_domain_source *source, size_t n, struct sp_domain *out);

#endif
