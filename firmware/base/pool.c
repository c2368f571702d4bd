/* The libraries' pools: the C library's heap, counted, with a limit for each library. A header with
 * the size asked for stands before each block. */
#include "base/port.h"
#include "sp_port.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADER alignof(max_align_t) /* keeps what follows aligned for any type */

static struct {
    struct sp_pool_use use;
    uint32_t fail_in; /* the allocation that many from now fails; 0: none */
} pools[SP_POOL_COUNT] = {
    [SP_POOL_TLS] = {.use = {.name = "tls", .limit = SIZE_MAX}},
    [SP_POOL_DNS] = {.use = {.name = "dns", .limit = SIZE_MAX}},
    [SP_POOL_JSON] = {.use = {.name = "json", .limit = SIZE_MAX}},
};

static struct {
    size_t over, bytes;
} clip = {.over = SIZE_MAX}; /* sp_port_tls_clip */

void sp_port_set_limit(enum sp_pool pool, size_t bytes)
{
    pools[pool].use.limit = bytes;
}

struct sp_pool_use sp_port_use(enum sp_pool pool)
{
    return pools[pool].use;
}

void sp_port_fail_at(enum sp_pool pool, uint32_t number)
{
    pools[pool].fail_in = number;
}

static size_t size_of(const void *p)
{
    size_t n;

    memcpy(&n, (const uint8_t *)p - HEADER, sizeof n);
    return n;
}

/* Whether the pool grants n bytes in place of `released` ones. */
static bool may_take(enum sp_pool pool, size_t n, size_t released)
{
    struct sp_pool_use *use = &pools[pool].use;
    size_t others = use->used - released;

    if (pools[pool].fail_in > 0 && --pools[pool].fail_in == 0) {
        return false;
    }
    if (n > SIZE_MAX - HEADER || others > use->limit || n > use->limit - others) {
        use->refused++;
        return false;
    }
    return true;
}

static void *took(enum sp_pool pool, uint8_t *block, size_t n, size_t released)
{
    struct sp_pool_use *use = &pools[pool].use;

    if (block == NULL) { /* the heap is smaller than the limits allow for */
        use->refused++;
        return NULL;
    }
    memcpy(block, &n, sizeof n);
    use->used += n - released;
    if (use->used > use->peak) {
        use->peak = use->used;
    }
    return block + HEADER;
}

static void *pool_alloc(enum sp_pool pool, size_t n)
{
    return may_take(pool, n, 0) ? took(pool, malloc(HEADER + n), n, 0) : NULL;
}

static void pool_free(enum sp_pool pool, void *p)
{
    if (p == NULL) {
        return;
    }
    pools[pool].use.used -= size_of(p);
    free((uint8_t *)p - HEADER);
}

static void *pool_realloc(enum sp_pool pool, void *p, size_t n)
{
    size_t old;

    if (p == NULL) {
        return pool_alloc(pool, n);
    }
    old = size_of(p);
    if (!may_take(pool, n, old)) {
        return NULL;
    }
    return took(pool, realloc((uint8_t *)p - HEADER, HEADER + n), n, old);
}

void sp_port_tls_clip(size_t over, size_t bytes)
{
    clip.over = over;
    clip.bytes = bytes;
}

void *sp_port_tls_calloc(size_t n, size_t size)
{
    void *p;

    if (size > 0 && n > SIZE_MAX / size) {
        return NULL;
    }
    n *= size;
    n = n > clip.over ? clip.bytes : n;
    p = pool_alloc(SP_POOL_TLS, n);
    if (p != NULL) {
        memset(p, 0, n);
    }
    return p;
}

void sp_port_tls_free(void *p)
{
    pool_free(SP_POOL_TLS, p);
}

void *sp_port_dns_malloc(size_t n)
{
    return pool_alloc(SP_POOL_DNS, n);
}

void *sp_port_dns_realloc(void *p, size_t n)
{
    return pool_realloc(SP_POOL_DNS, p, n);
}

void sp_port_dns_free(void *p)
{
    pool_free(SP_POOL_DNS, p);
}

void *sp_port_json_malloc(size_t n)
{
    return pool_alloc(SP_POOL_JSON, n);
}

void sp_port_json_free(void *p)
{
    pool_free(SP_POOL_JSON, p);
}
