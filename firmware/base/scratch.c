#include "base/scratch.h"

#include "base/fence.h"
#include "base/limits.h"
#include "sp_port.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define ALIGNMENT alignof(max_align_t)

static alignas(max_align_t) uint8_t bytes[SP_SCRATCH_MAX];
static size_t used, peak;

size_t sp_scratch_mark(void)
{
    return used;
}

void *sp_scratch_take(size_t n)
{
    uint8_t *taken = bytes + used;
    size_t asked = n;

    if (peak == 0) {
        sp_fence_close(bytes, sizeof bytes);
    }
    n = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (n > sizeof bytes - used) {
        sp_port_assert_failed("the scratch memory is used up", __FILE__, __LINE__);
    }
    used += n;
    peak = used > peak ? used : peak;
    sp_fence_open(taken, asked);
    return taken;
}

void sp_scratch_release(size_t mark)
{
    if (mark > used) {
        sp_port_assert_failed("the scratch memory was released out of order", __FILE__, __LINE__);
    }
    sp_fence_open(bytes + mark, used - mark);
    memset(bytes + mark, 0, used - mark);
    sp_fence_close(bytes + mark, used - mark);
    used = mark;
}

struct sp_pool_use sp_scratch_use(void)
{
    return (struct sp_pool_use){
        .name = "scratch", .used = used, .peak = peak, .limit = sizeof bytes};
}
