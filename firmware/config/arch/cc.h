/*
 * arch/cc.h: lwIP's view of the compiler. Debug output does not exist; a failed assertion and
 * randomness go through sp_port.h.
 */
#ifndef SP_LWIP_ARCH_CC_H
#define SP_LWIP_ARCH_CC_H

#include "sp_port.h"

#define LWIP_PLATFORM_DIAG(message)                                                                \
    do {                                                                                           \
    } while (0)
#define LWIP_PLATFORM_ASSERT(what) sp_port_assert_failed(what, __FILE__, __LINE__)

static inline uint32_t sp_lwip_random(void)
{
    uint32_t value = 0;

    if (sp_port_random(&value, sizeof(value)) != 0) {
        sp_port_assert_failed("no randomness for the network", __FILE__, __LINE__);
    }
    return value;
}
#define LWIP_RAND() sp_lwip_random()

#endif
