/* Finding a domain by the name that a client asks for, out of as many as the store holds; and
 * serving it. */
#include "base/scratch.h"
#include "count.h"

#include <stdio.h>

#define SAMPLE 20U

static struct {
    uint64_t sum, most;
} found;

static void find_one(unsigned i)
{
    static struct sp_tls_identity identity;
    size_t mark = sp_scratch_mark();
    char host[SP_DOMAIN_SIZE];
    uint64_t spent;

    count_host(i, host);
    spent = count_now();
    count_need(count_lookup(host, &identity), host);
    sp_scratch_release(mark);
    spent = count_now() - spent;
    found.sum += spent;
    found.most = spent > found.most ? spent : found.most;
}

static void find_none(void)
{
    static struct sp_tls_identity identity;
    size_t mark = sp_scratch_mark();
    uint64_t began = count_now();
    int err = count_lookup("mta-sts.nobody.example", &identity);

    sp_scratch_release(mark);
    began = count_now() - began;
    count_need(err == SP_E_NOT_FOUND ? 0 : SP_E_EXISTS, "a name that is not there");
    count_report("find-none", began);
}

void count_find(void)
{
    char host[SP_DOMAIN_SIZE];
    unsigned domains = (unsigned)sp_store_count(count_store(), SP_KIND_DOMAIN);

    count_report("mount", count_mount());
    for (unsigned i = 0; i < SAMPLE; i++) {
        find_one(i * (domains - 1) / (SAMPLE - 1));
    }
    count_report("find-mean", found.sum / SAMPLE);
    count_report("find-most", found.most);
    find_none();
    count_host(domains / 2, host);
    count_serve("serve-first", host);
    count_serve("serve", host);
}
