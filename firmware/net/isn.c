/* Initial sequence numbers after RFC 6528: a clock that ticks every 4 µs, plus a keyed hash of the
 * connection's two ends. The hash is SipHash-2-4 with a key drawn at start. */
#include "net/lwip_glue.h"

#include "base/err.h"
#include "lwip_hooks.h"
#include "sp_port.h"

#include <string.h>

static uint64_t key[2];

int sp_isn_start(void)
{
    return sp_port_random(key, sizeof key) == 0 ? 0 : SP_E_ENTROPY;
}

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], unsigned n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[0] = rotl(v[0], 32);
        v[2] += v[3];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
    }
}

static uint64_t siphash(const uint64_t *words, unsigned n)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
                     key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};
    uint64_t last = (uint64_t)(n * 8U) << 56;

    for (unsigned i = 0; i <= n; i++) {
        uint64_t word = i < n ? words[i] : last;
        v[3] ^= word;
        rounds(v, 2);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u32_t sp_port_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                      u16_t remote_port)
{
    struct sp_addr local, remote;
    uint64_t words[5];

    sp_lwip_to(&local, local_ip);
    sp_lwip_to(&remote, remote_ip);
    memcpy(words, local.bytes, 16);
    memcpy(words + 2, remote.bytes, 16);
    words[4] = (uint64_t)local_port << 32 | remote_port;
    return (u32_t)(siphash(words, 5) + sp_port_mono_ms() * 250);
}
