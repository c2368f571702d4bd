#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *room(size_t n)
{
    void *p = calloc(1, n);

    if (p == NULL) {
        abort();
    }
    return p;
}

void sample_room(struct sp_domain *out)
{
    memset(out, 0, sizeof *out);
    out->policy.mx = room(SP_MX_MAX * sizeof out->policy.mx[0]);
    out->key = room(SP_KEY_DER_MAX);
    out->leaf = room(SP_LEAF_MAX);
}

void sample_domain(struct sp_domain *out, const char *name)
{
    if (out->policy.mx == NULL) {
        sample_room(out);
    }
    sp_domain_wipe(out);
    strcpy(out->name, name);
    strcpy(out->policy.mx[0], "mail.example.com");
    out->policy.mx_n = 1;
    out->policy.max_age = SP_MAX_AGE_DEFAULT;
    strcpy(out->rua, "mailto:postmaster@example.com");
}

static void fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245U + 12345U;
        p[i] = (uint8_t)(seed >> 16);
    }
}

static void fill_text(char *p, size_t cap)
{
    memset(p, 'x', cap - 1);
    p[cap - 1] = '\0';
}

void sample_full(struct sp_domain *out, const char *name)
{
    sample_domain(out, name);
    strcpy(out->policy.mx[1], "*.example.net");
    out->policy.mx_n = 2;
    strcpy(out->policy.mx[2], "old.example.com");
    out->left_until[0] = 1796000000;
    strcpy(out->policy.mx[3], "*.older.example");
    out->left_until[1] = 0;
    out->left_n = 2;
    out->fetched_back = true;
    strcpy(out->dns_id, "0123456789abcdef");
    out->dns_id_at = 1795500002;
    out->txt_ttl = 604800;
    out->retire_from = 1795500003;
    out->auto_days = 14;
    out->policy.turn = 3;
    for (unsigned i = 0; i < SP_DOMAIN_PUT; i++) {
        out->put[i] = 0x01020304U + i;
    }
    out->clean_since = 1795500004;
    out->policy.mode = SP_MODE_ENFORCE;
    out->state = SP_DOMAIN_ACTIVE;
    out->state_since = 1795500000;
    out->counted = SP_DOMAIN_AT_RISK;
    out->next_try = 1795600000;
    out->next_check = 1795500600;
    out->failures = 3;
    out->max_age_served = 31536000;
    out->served_since = 1795400000;
    strcpy(out->error_id, "rateLimited");
    strcpy(out->error, "The CA asks to wait: too many orders.");
    out->error_at = 1795500001;
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        out->checks[i].result = (uint8_t)(SP_DOMAIN_PASS + i % 3);
        out->checks[i].counts = (uint8_t)(i % 3);
        (void)snprintf(out->checks[i].code, sizeof out->checks[i].code, "code_%u", i);
        out->checks[i].changed = 1795500000 + i;
    }
    fill(out->key, 121, 1);
    out->key_n = 121;
    fill(out->leaf, 1400, 2);
    out->leaf_n = 1400;
    out->not_before = 1795000000;
    out->not_after = 1802776000;
    fill(out->links[0], sizeof out->links[0], 3);
    fill(out->links[1], sizeof out->links[1], 5);
    out->links_n = 2;
}

void sample_largest(struct sp_domain *out)
{
    sample_full(out, "example.com");
    fill_text(out->name, SP_DOMAIN_SIZE);
    for (int i = 0; i < SP_MX_MAX; i++) {
        fill_text(out->policy.mx[i], SP_MX_SIZE);
    }
    out->policy.mx_n = 1;
    out->left_n = SP_MX_MAX - 1;
    for (int i = 0; i < SP_MX_MAX; i++) {
        out->left_until[i] = i < out->left_n ? 1796000000 + i : 0;
    }
    fill_text(out->dns_id, sizeof out->dns_id);
    fill_text(out->rua, sizeof out->rua);
    fill_text(out->error_id, sizeof out->error_id);
    fill_text(out->error, sizeof out->error);
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        fill_text(out->checks[i].code, sizeof out->checks[i].code);
    }
    out->key_n = SP_KEY_DER_MAX;
    fill(out->leaf, SP_LEAF_MAX, 4);
    out->leaf_n = SP_LEAF_MAX;
    out->links_n = SP_CHAIN_LINKS - 1;
}
